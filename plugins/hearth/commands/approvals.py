"""`hearth impact`, `hearth approve`, `hearth approvals`: changes of definitions as acts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click
import psycopg

from hearth.approvals.changes import Change
from hearth.commands.paths import FileToWrite

SHOWN_LINES = 12


def _changes(connection: psycopg.Connection, paths: tuple[str, ...]) -> list[Change]:
    from hearth.approvals.changes import changed_files
    from hearth.approvals.contract_changes import changed_contracts
    from hearth.transform.plan import definition_files

    found = [*changed_files(connection, definition_files()), *changed_contracts(connection)]
    unknown = set(paths) - {change.path for change in found}
    if unknown:
        changed = ", ".join(change.path for change in found) or "nothing"
        raise click.ClickException(f"not changed since the last publication: {', '.join(sorted(unknown))}; changed: {changed}")
    return [change for change in found if not paths or change.path in paths]


def _show(change: Change) -> None:
    before = (change.before_sha256 or "new")[:12]
    click.echo(f"{change.path}: {before} -> {(change.after_sha256 or 'gone')[:12]}")
    lines = change.difference
    for line in lines[:SHOWN_LINES]:
        click.echo(f"    {line}")
    if len(lines) > SHOWN_LINES:
        click.echo(f"    ... and {len(lines) - SHOWN_LINES} more lines")


@click.command()
@click.option("--out", type=FileToWrite(), help="also write the findings as JSON, for `hearth approve --impact`")
@click.option(
    "--rows/--no-rows", default=True, show_default=True, help="run landing files through changed contracts, suites and limits"
)
@click.option("--kpis/--no-kpis", default=True, show_default=True, help="build the KPIs with the changed dated rows")
def impact(out: Path | None, rows: bool, kpis: bool) -> None:
    """What would the changed dated rows, suites and contracts, and a new feed's rows, do? Nothing is published or loaded.

    Compares with the last publication. KPIs are built in schemas of their own, which takes as long as a full build of
    them; rows are read again from the landing files of the feeds concerned.
    """
    from hearth.approvals.contract_changes import feeds_concerned
    from hearth.contracts.loading import load_contracts
    from hearth.transform import impact as trying
    from hearth.warehouse.connections import connect

    with connect("engineer") as connection:
        changes = _changes(connection, ())
    if not changes:
        click.echo("nothing has changed since the last publication")
        return
    for change in changes:
        _show(change)
    shifts, found = [], None
    if rows:
        for feed in feeds_concerned(changes, load_contracts()):
            click.echo(f"reading the landing files of {feed} again ...")
            shifts.append(trying.rows_with_the_change(feed))
            _show_shift(shifts[-1])
    if kpis and any(change.path.startswith("seeds/") or change.is_first_contract for change in changes):
        click.echo("building the KPIs with the change, beside the published ones ...")
        found = trying.kpis_with_the_change()
        show_kpis(found)
    if out:
        out.write_text(json.dumps(trying.as_facts(found, shifts), default=str, ensure_ascii=False, indent=1), encoding="utf-8")
        click.echo(f"{out} written")


def _show_shift(shift) -> None:  # type: ignore[no-untyped-def]
    if not shift.differs:
        click.echo(f"  {shift.feed}: {shift.rows_read:,} rows, accepted and refused as before")
        return
    for reason in sorted(shift.refused_now.keys() | shift.refused_then.keys()):
        then, now = shift.refused_then.get(reason, 0), shift.refused_now.get(reason, 0)
        if then != now:
            click.echo(f"  {shift.feed}: refused as {reason}: {then:,} -> {now:,} of {shift.rows_read:,} rows")


def show_kpis(found: dict) -> None:
    if not found["changed"]:
        click.echo("  no published KPI value would change")
    for row in found["changed"]:
        largest = "-" if row["largest_change"] is None else f"{row['largest_change']:.6f}"
        click.echo(
            f"  {row['kpi']} by {row['unit_kind']}: {row['changed_values']:,} published values would change,"
            f" {row['first_date']} to {row['last_date']}, by up to {largest}"
        )
    for row in found["headline"]:
        if (row["published"], row["published_verdict"]) != (row["with_the_change"], row["verdict_with_the_change"]):
            click.echo(
                f"  {row['season']} company {row['kpi']} on {row['heating_date']}: {row['published']} ({row['published_verdict']})"
                f" -> {row['with_the_change']} ({row['verdict_with_the_change']})"
            )


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--why", required=True, help="the reason; kept in the ledger")
@click.option("--from", "valid_from", required=True, type=click.DateTime(["%Y-%m-%d"]), help="first day it holds for")
@click.option("--impact", "impact_file", type=click.Path(exists=True, path_type=Path), help="what `hearth impact --out` wrote")
def approve(paths: tuple[str, ...], why: str, valid_from: datetime, impact_file: Path | None) -> None:
    """Approve changed dated rows, suites and contracts (all that changed, or PATHS such as seeds/time_limit.csv).

    With HEARTH_APPROVALS=required a build refuses what is not approved; with HEARTH_FOUR_EYES=required two persons have to approve.
    Kept with the login of HEARTH_WAREHOUSE_URL_ENGINEER: your own (`hearth people`).
    """
    from hearth.approvals.changes import OwnApproval, unapproved
    from hearth.approvals.changes import approve as record
    from hearth.warehouse.connections import connect

    facts = json.loads(impact_file.read_text(encoding="utf-8")) if impact_file else None
    with connect("engineer") as connection:
        changes = unapproved(connection, _changes(connection, paths))
        try:
            record(connection, changes, valid_from.date(), why, facts)
        except OwnApproval as error:
            raise click.ClickException(str(error)) from error
        waiting = unapproved(connection, changes)
    for change in changes:
        _show(change)
    click.echo(f"{len(changes)} change(s) approved" if changes else "nothing to approve")
    if waiting:
        click.echo(f"{len(waiting)} wait for the approval of another person (HEARTH_FOUR_EYES)")


@click.command()
def approvals() -> None:
    """Changes of definitions that were approved, the newest first, and those that were not."""
    from hearth.approvals.changes import unapproved
    from hearth.warehouse.connections import connect

    with connect("engineer") as connection:
        for path, before, after, day, who, why, at in connection.execute(
            "select path, before_sha256, after_sha256, valid_from, who, why, at from ledger.approval order by approval_id desc"
        ):
            click.echo(f"{at:%Y-%m-%d %H:%M}  {path}  {(before or 'new')[:8]} -> {(after or 'gone')[:8]}  from {day}  {who}: {why}")
        for change in unapproved(connection, _changes(connection, ())):
            click.echo(
                f"NOT APPROVED      {change.path}  {(change.before_sha256 or 'new')[:8]} -> {(change.after_sha256 or 'gone')[:8]}"
            )
