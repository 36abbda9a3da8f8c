"""`hearth init`, `migrate`, `connections` and `seasons`: what a new installation begins with."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections import defaultdict
from pathlib import Path

import click

from hearth.commands.feeds import refuse_unknown
from hearth.commands.paths import FileToWrite
from hearth.contracts.loading import REPOSITORY, load_contracts


@click.command()
@click.option("--file", "target", default=".env", type=FileToWrite(), show_default=True)
def init(target: Path) -> None:
    """Write an environment file from .env.example, with new random secrets.

    Passwords and keys are generated; addresses of your systems stay for you to fill in. An existing file is
    never overwritten.
    """
    if target.exists():
        raise click.ClickException(f"{target} exists; move it away first, its secrets cannot be made again")
    made: dict[str, str] = defaultdict(lambda: secrets.token_urlsafe(32))
    text = re.sub(
        r"<generated(?::(\w+))?>",
        lambda mark: made[mark.group(1)] if mark.group(1) else secrets.token_urlsafe(32),
        (REPOSITORY / ".env.example").read_text(encoding="utf-8"),
    )
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{target} written (readable by you alone). Fill in the lines marked <your ...>, then: hearth migrate")


@click.command()
def migrate() -> None:
    """Bring the warehouse to the current version: schemas, roles, tables.

    Needs HEARTH_WAREHOUSE_URL_OWNER and the URLs of the other roles. May be run any number of times. With
    HEARTH_DASHBOARDS_BRANCH_KEY it also makes the logins by which the branches of dashboards/access.yml read their own rows.
    """
    from hearth.dashboards.access import Access
    from hearth.dashboards.files import FOLDER
    from hearth.warehouse.branches import make_logins
    from hearth.warehouse.connections import warehouse_url
    from hearth.warehouse.migrate import migrate as apply
    from hearth.warehouse.migrate import role_urls

    try:
        applied = apply(warehouse_url("owner"), role_urls())
    except (KeyError, ValueError, RuntimeError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"applied: {', '.join(applied)}" if applied else "the warehouse is up to date")
    if key := os.environ.get("HEARTH_DASHBOARDS_BRANCH_KEY"):
        branches = Access.read(FOLDER).branches
        make_logins(warehouse_url("owner"), branches, key)
        click.echo(f"logins of branches: {', '.join(branches) or 'none'} (dashboards/access.yml)")


@click.group()
def connections() -> None:
    """The sources' connections."""


@connections.command("check")
@click.option("--feed", multiple=True, help="only these feeds (default: all)")
def connections_check(feed: tuple[str, ...]) -> None:
    """Reach every feed's source and say what is wrong; exits 1 when any cannot be reached."""
    from hearth.intake.asked_of_register import with_devices
    from hearth.sources.check import check_feed

    refuse_unknown(feed)
    bad = 0
    for name, contract in load_contracts().items():
        if feed and name not in feed:
            continue
        problem = check_feed(with_devices(contract))
        bad += problem is not None
        click.echo(f"{'FAILED' if problem else 'ok    '}  {name:24} {contract.source.connection:20} {problem or ''}")
    sys.exit(1 if bad else 0)


@click.command()
def seasons() -> None:
    """The heating seasons of the place, from the seed folder (HEARTH_SEEDS)."""
    from hearth.dated.calendar import load_seasons
    from hearth.dated.dated_rows import place_time_zone, seeds_folder

    click.echo(f"{seeds_folder()} ({place_time_zone()})")
    for season in load_seasons():
        click.echo(f"{season.code:10} {season.start} .. {season.end}   {season.days} days")
