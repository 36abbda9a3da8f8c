"""`hearth held`, `hearth pulls`: pulls that would erase what stands, and which pull of an interval stands."""

from __future__ import annotations

import secrets

import click

from hearth.commands.feeds import refuse_unknown
from hearth.loading.holds import CannotDecide

STATES = ("open", "accepted", "refused", "overtaken", "all")
_why = click.option("--why", required=True, help="kept in the ledger")


@click.group()
def held() -> None:
    """Pulls that were not loaded because they would have taken away most of what stands.

    \b
    Ask the source whether the rows are really gone:
      they are          accept: the pull is loaded and takes the place of what stood
      they are not      refuse: what stood stays; the interval is not pulled again by itself
    A newer pull of the same interval that brings the rows again settles it without anybody.
    """


@held.command("list")
@click.option("--feed", default=None, help="only this feed")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True)
def held_list(feed: str | None, state: str) -> None:
    """Held pulls, the oldest first: what stands, what came, and what was decided."""
    from hearth.loading.holds import listed
    from hearth.warehouse.connections import connect

    refuse_unknown([feed], "engineer")
    with connect("engineer") as connection:
        found = listed(connection, feed, state)
    for hold in found:
        click.echo(
            f"hold {hold.hold_id}  {hold.feed:24} [{hold.start:%Y-%m-%d %H:%M}, {hold.end:%Y-%m-%d %H:%M}) UTC"
            f"  {hold.rows_before:,} rows stand, pull {hold.pull_id} brings {hold.rows_now:,}  {hold.state}"
        )
        click.echo(f"        {hold.rule}" + (f"; {hold.state} by {hold.who}: {hold.why}" if hold.who else ""))
    if not found:
        click.echo("no pull is held" if state == "open" else f"no held pull is {state}")


@held.command("accept")
@click.argument("hold_id", type=int)
@_why
def held_accept(hold_id: int, why: str) -> None:
    """Load the held pull: the source has really so few rows now. The next build takes it up."""
    from hearth.intake.held import accept

    try:
        counts = accept(hold_id, f"cli-{secrets.token_hex(4)}", why)
    except CannotDecide as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"accepted and loaded: {counts['rows_loaded']:,} of {counts['rows_read']:,} rows")


@held.command("refuse")
@click.argument("hold_id", type=int)
@_why
def held_refuse(hold_id: int, why: str) -> None:
    """Keep what stands: the held pull is never loaded."""
    from hearth.intake.held import refuse

    try:
        hold = refuse(hold_id, why)
    except CannotDecide as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"refused: {hold.rows_before:,} rows of {hold.feed} stay")


@click.group()
def pulls() -> None:
    """Every pull of a feed, and which of them stands."""


@pulls.command("list")
@click.argument("feed")
@click.option("--last", default=20, show_default=True, help="so many of the newest")
def pulls_list(feed: str, last: int) -> None:
    """The newest pulls of FEED: interval, when it was landed, and what became of it."""
    from hearth.warehouse.connections import connect

    refuse_unknown([feed], "engineer")
    with connect("engineer") as connection:
        rows = connection.execute(
            "select p.pull_id, p.interval_start, p.interval_end, p.landed_at, p.size_bytes, b.status, b.rows_loaded, h.state"
            " from ledger.pull p left join ledger.batch_current b on b.pull_id = p.pull_id and b.kind = 'pull'"
            " left join ledger.hold_state h on h.pull_id = p.pull_id where p.feed = %s order by p.pull_id desc limit %s",
            (feed, last),
        ).fetchall()
    for pull_id, start, end, landed, size, status, loaded, hold in rows:
        became = f"stands, {loaded:,} rows" if status == "loaded" else status or (f"hold {hold}" if hold else "not current")
        click.echo(
            f"pull {pull_id:<8} [{start:%Y-%m-%d %H:%M}, {end:%Y-%m-%d %H:%M}) UTC  landed {landed:%Y-%m-%d %H:%M}"
            f"  {size / 1e6:,.2f} MB  {became}"
        )
    if not rows:
        click.echo(f"no pull of {feed}")


@pulls.command("stand")
@click.argument("pull_id", type=int)
@_why
def pulls_stand(pull_id: int, why: str) -> None:
    """Let an earlier pull stand again, in place of newer ones of its interval. A pull made after this replaces it as ever."""
    from hearth.intake.held import let_stand
    from hearth.warehouse.ledger import PartialOverlap

    try:
        counts = let_stand(pull_id, f"cli-{secrets.token_hex(4)}", why)
    except (CannotDecide, PartialOverlap) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"pull {pull_id} stands: {counts['rows_loaded']:,} of {counts['rows_read']:,} rows")
