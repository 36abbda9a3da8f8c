"""`hearth readings`: look at readings, which live in columnar files and in no table."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from hearth.commands.feeds import refuse_unknown


@click.group()
def readings() -> None:
    """Look at readings: what instruments send lives in columnar files (HEARTH_LAKE)."""


@readings.command("sql")
@click.argument("query")
@click.option("--rows", default=100, show_default=True, help="so many rows at most; 0 for all")
@click.option("--csv", "as_csv", is_flag=True, help="CSV in place of a table")
def readings_sql(query: str, rows: int, as_csv: bool) -> None:
    """Run one SELECT on the current readings; DuckDB's SQL, a view an entity.

    \b
    hearth readings sql "describe source_reading"
    hearth readings sql "select source_id, count(*) from source_reading group by all"

    Rows of batches that gave way to later ones are not among them; the same reading sent in two intervals stands there twice. Needs
    HEARTH_WAREHOUSE_URL_ENGINEER and HEARTH_LAKE. To keep views for a BI tool, take the files that `hearth readings files` lists.
    """
    import duckdb

    from hearth.lake.look import NotASelect, look

    try:
        found = look(query, rows)
    except (NotASelect, duckdb.Error) as error:
        raise click.ClickException(str(error)) from error
    if as_csv:
        found.rows.to_pandas().to_csv(sys.stdout, index=False)
    else:
        click.echo(found.text())
    if found.is_cut:
        click.echo(f"the first {rows} rows; --rows 0 shows all", err=True)


@readings.command("files")
@click.argument("entity")
def readings_files(entity: str) -> None:
    """The files that hold the current readings of an entity, a line each, for whatever reads Parquet.

    In a file of a merged day rows may lie that count no more, of batches that gave way since: their batch_id is told on stderr, to
    be left out by whoever reads it, until the day is merged once more.
    """
    from hearth.lake.look import addresses

    try:
        found = addresses(entity)
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from error
    for address, gone in found:
        click.echo(address)
        if gone:
            click.echo(f"{address}: leave out batch_id {', '.join(map(str, gone))}", err=True)


@readings.command("merge")
@click.option("--feed", help="of this feed alone")
@click.option("--now", default=None, help="as at this moment, ISO format (default: the clock)")
def readings_merge(feed: str | None, now: str | None) -> None:
    """Write the files of a feed's small batches again as those of a day; the DAG merge_readings does it every night.

    Days whose batches ended `merge_after_days` (health_limit.csv) ago. What was written is read again and compared with what the
    ledger says of each batch before it counts; a day that differs stays as it is, and the command exits 1. The files of before go
    two days later by `hearth retention apply`. Kept with the login of HEARTH_WAREHOUSE_URL_ENGINEER: your own.
    """
    import secrets

    from hearth.lake.merge import NotMerged, merge

    moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    refuse_unknown((feed,), role="engineer")
    try:
        done = merge(f"cli-{secrets.token_hex(4)}", moment, "engineer", click.echo, feed)
    except NotMerged as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{done.days} days merged, {done.rows:,} readings: {done.files_before} files are {done.files_after}")
    if done.failures:
        raise click.ClickException("\n".join(f"{len(done.failures)} days stay as they were. {line}" for line in done.failures))


@readings.command("move")
@click.option("--drop-tables", is_flag=True, help="afterwards drop the tables they came from (as the owner)")
def readings_move(drop_tables: bool) -> None:
    """Bring readings that lie in tables of the database into files; once, after an upgrade from before they lived there.

    Each batch is compared with its digest in the ledger before and after, and is a step of its own: a run that is cut off goes on
    where it stopped. The tables stay as they are until --drop-tables is said.
    """
    from hearth.lake import move

    try:
        moved = move.move(click.echo)
        click.echo(f"{moved:,} readings moved")
        if drop_tables:
            click.echo(f"dropped: {', '.join(move.drop_tables()) or 'nothing, there are none'}")
    except move.NotWhatWasLoaded as error:
        raise click.ClickException(str(error)) from error
