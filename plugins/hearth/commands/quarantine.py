"""`hearth quarantine`: rejected rows, looked at, waived, tried against a corrected contract, run again."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

import click

from hearth.commands.feeds import refuse_unknown
from hearth.commands.paths import FileToWrite
from hearth.contracts.contract import Contract
from hearth.contracts.loading import ContractError, find_contract, load_contract
from hearth.contracts.row_key import RowKey

STATES = ("open", "waived", "replayed", "all")


@click.group()
def quarantine() -> None:
    """Rejected rows: look at them, waive them, correct the contract, run them again.

    \b
    A rejected row is never edited. There are three ways out:
      the contract was wrong    correct feeds/FEED.yml, see `correct`, then `replay`
      the source was wrong      it delivers again; the new row is a new row
      nothing can be done       `waive`, with why and until when

    Acts are kept with the login of HEARTH_WAREHOUSE_URL_ENGINEER: your own (`hearth people`).
    """


@quarantine.command("list")
@click.option("--feed", default=None, help="only this feed")
@click.option("--reason", default=None, help="only rows with this reason")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True)
@click.option("--rows", default=0, help="also show this many rows")
@click.option("--csv", "target", type=FileToWrite(), help="write all these rows to a CSV file")
def quarantine_list(feed: str | None, reason: str | None, state: str, rows: int, target: Path | None) -> None:
    """Rejected rows by feed and first reason, with the reason in words; then single rows."""
    from hearth.quarantine import desk
    from hearth.reports.export import write_csv
    from hearth.reports.words import REASONS
    from hearth.warehouse.connections import connect

    refuse_unknown([feed], "engineer")
    with connect("engineer") as connection:
        groups = desk.groups(connection, feed, state)
    for name, first, kind, number, begin, end in groups:
        if reason is None or first == reason:
            words = f"{REASONS[first].name} {REASONS[first].name_zh}" if first in REASONS else ""
            click.echo(f"{name:24} {first:24} {number:9,d}   arrived {begin} .. {end}   {'' if kind == 'open' else kind} {words}")
    if not groups:
        click.echo("nothing is open in quarantine" if state == "open" else f"nothing in quarantine is {state}")
    for row in desk.listed(feed, reason, state, rows) if rows else []:
        facts = dict(zip(desk.LISTED, row, strict=True))
        place, _, sub = facts["row"].partition(":")[2].partition(".")
        click.echo(f"\n{facts['feed']} {facts['first_reason']}: {facts['file']!r} record {place}.{sub}   row {facts['row']}")
        click.echo(f"  {facts['record']}")
    if target:
        written = write_csv(target, desk.LISTED, desk.listed(feed, reason, state, None))
        click.echo(f"{target}: {written} rows")


@quarantine.command("show")
@click.argument("feed")
@click.argument("row")
def quarantine_show(feed: str, row: str) -> None:
    """One rejected ROW of FEED, named as `list --rows` prints it (3f9a01c2:17): record, reasons, file, line, acts."""
    from hearth.quarantine import desk
    from hearth.reports.words import REASONS

    refuse_unknown([feed], "engineer")
    try:
        shown = desk.show(feed, RowKey.parse(row))
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{feed} row {row}: {shown.state}")
    click.echo(f"  file     {shown.file!r} ({shown.stored_as}), record {shown.position}.{shown.sub_position}")
    click.echo(f"  arrived  {shown.arrived_at}, pull {shown.pull_id}, batch {shown.batch_id}")
    click.echo(f"  record   {shown.record}")
    for reason in shown.reasons:
        words = REASONS[reason]
        click.echo(f"  {reason}: {words.name} {words.name_zh}. Why: {words.why}. To do: {words.to_do}.")
    for at, act, who, why, until, batch in shown.acts:
        tail = f" (batch {batch})" if batch else f" until {until}" if until else ""
        click.echo(f"  {at:%Y-%m-%d %H:%M}  {act} by {who}: {why}{tail}")
    if not shown.acts:
        click.echo("  nobody has acted on it yet")


@quarantine.command("waive")
@click.argument("feed")
@click.option("--reason", default=None, help="all open rows with this reason")
@click.option("--row", "row", default=None, help="one row, as `list --rows` prints it")
@click.option("--why", required=True, help="why the rows may stay as they are; kept in the ledger")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="open again after this day (default: for good)")
def quarantine_waive(feed: str, reason: str | None, row: str | None, why: str, until: datetime | None) -> None:
    """Say that open rows of FEED stay rejected and need no more work. A later replay may still heal them."""
    from hearth.quarantine import desk

    refuse_unknown([feed], "engineer")
    try:
        key = RowKey.parse(row) if row else None
        last = until.date() if until else None
        number = desk.waive(f"cli-{secrets.token_hex(4)}", feed, why, reason=reason, key=key, until=last)
    except (LookupError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{number} rows waived{f' until {last}' if last else ''}: {why}")


@quarantine.command("correct")
@click.argument("feed")
@click.option("--reason", default=None, help="only rows with this reason")
@click.option("--row", "row", default=None, help="the row to find the contract's lines for (default: the newest one)")
@click.option(
    "--contract", "file", type=click.Path(exists=True, path_type=Path), help="try this corrected contract on the open rows"
)
def quarantine_correct(feed: str, reason: str | None, row: str | None, file: Path | None) -> None:
    """Rows are corrected by correcting the contract and replaying, never by editing them.

    Shows which lines of the contract to look at. With --contract FILE the open rows are run through that contract without
    writing anything: how many would pass now, and why the others would not.
    """
    from hearth.quarantine import desk

    refuse_unknown([feed], "engineer")
    try:
        if file:
            _try(load_contract(file), feed, reason)
            return
        chosen = row or next((r[desk.LISTED.index("row")] for r in desk.listed(feed, reason, "open", 1)), None)
        if chosen is None:
            click.echo("nothing is open in quarantine")
            return
        shown = desk.show(feed, RowKey.parse(chosen))
        lines = desk.lines_to_look_at(find_contract(feed), shown)
    except (LookupError, ContractError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{feed} row {chosen}: {', '.join(shown.reasons)}\n  {shown.record}")
    click.echo("Lines of the contract to look at:" if lines else "No line of the contract made this: ask the source.")
    for line in lines:
        click.echo(f"  {line}")
    click.echo(f"Try a copy:  hearth quarantine correct {feed} --contract copy/{feed}.yml")
    click.echo(f'Then put it in place and:  hearth quarantine replay {feed} --why "..."')


def _try(contract: Contract, feed: str, reason: str | None) -> None:
    from hearth.quarantine import desk

    if contract.feed != feed:
        raise ContractError(f"the contract describes {contract.feed!r}, not {feed!r}; give the file the feed's name")
    trial = desk.try_contract(contract, reason)
    click.echo(f"{trial.tried} open rows tried, {trial.passing} would pass now, {trial.tried - trial.passing} would not")
    for name, number in trial.reasons.most_common():
        click.echo(f"  {name}: {number}")
    click.echo("Nothing was written.")


@quarantine.command("replay")
@click.argument("feed")
@click.option("--reason", default=None, help="only rows with this reason (default: all open rows)")
@click.option("--why", required=True, help="what was mended; kept in the ledger")
def quarantine_replay(feed: str, reason: str | None, why: str) -> None:
    """Run the open rows of FEED through today's contract, suite and register again.

    Accepted rows are loaded as a batch of their own and the marts are rebuilt at the next build; the others stay
    open with today's reasons. Doing it twice changes nothing.
    """
    from hearth.approvals.in_force import in_force
    from hearth.quarantine.desk import order_replay
    from hearth.quarantine.replay import open_rows, replay

    in_use = in_force(feed)
    if in_use.note:
        click.echo(in_use.note, err=True)
    if not open_rows(feed, reason):
        click.echo("nothing to replay")
        return
    done = replay(in_use.contract, f"cli-{secrets.token_hex(4)}", why, reason, order_replay(feed, why, reason))
    for counts in done:
        click.echo(
            f"{counts['interval']}: {counts['rows_read']} read, {counts['rows_loaded']} loaded,"
            f" {counts['rows_quarantined']} still refused, {counts['rows_duplicate']} already there"
        )
