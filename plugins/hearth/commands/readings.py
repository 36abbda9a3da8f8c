"""`hearth readings`: look at readings, which live in columnar files and in no table."""

from __future__ import annotations

import sys

import click


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
    """The files that hold the current readings of an entity, a line each, for whatever reads Parquet."""
    from hearth.lake.look import addresses

    try:
        lines = addresses(entity)
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo("\n".join(lines))


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
