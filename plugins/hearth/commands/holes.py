"""`hearth holes`: intervals a feed owes and nobody pulled."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime

import click

from hearth.commands.feeds import refuse_unknown
from hearth.contracts.loading import ContractError, find_contract, load_contracts


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: expected such as 2017-01-15T00:00+08:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def holes() -> None:
    """Intervals the timetable of a feed owes and nobody pulled.

    The DAG pull_missing looks for them every hour and pulls each again by its own interval until it is loaded. Only a person
    gives one up.
    """


@holes.command("list")
@click.option("--feed", default=None, help="only this feed")
@click.option("--now", default=None, help="as at this moment, ISO format (default: the clock); UTC unless it says otherwise")
def holes_list(feed: str | None, now: str | None) -> None:
    """Look for holes; exits 1 when there are any. Nothing is pulled."""
    from hearth.intake.missing import look

    refuse_unknown([feed])
    contracts = [find_contract(feed)] if feed else list(load_contracts().values())
    found = look(contracts, f"cli-{secrets.token_hex(4)}", _moment(now) if now else datetime.now(UTC))
    for hole in found:
        click.echo(f"{hole.feed:24} {hole.interval.start:%Y-%m-%d %H:%M} .. {hole.interval.end:%Y-%m-%d %H:%M} UTC")
    click.echo(f"{len(found)} intervals are missing" if found else "no interval is missing")
    sys.exit(1 if found else 0)


@holes.command("give-up")
@click.argument("feed")
@click.argument("start")
@click.argument("end")
@click.option("--why", required=True, help="kept in the ledger")
def holes_give_up(feed: str, start: str, end: str, why: str) -> None:
    """Stop asking for [START, END) of FEED: it stays unknown. Times in ISO format, UTC unless they say otherwise."""
    from hearth.contracts.interval import Interval
    from hearth.intake.missing import give_up

    try:
        find_contract(feed)
        interval = Interval(_moment(start), _moment(end))
    except (ContractError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    give_up(feed, interval, why)
    click.echo(f"{feed} {interval} is not asked for again")
