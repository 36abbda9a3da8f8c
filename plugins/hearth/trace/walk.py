"""The whole walk: number, formula, publication, days, rows, batches, files, records."""

from __future__ import annotations

from datetime import date

from hearth.trace import complaints, published, renewal, rooms
from hearth.trace.origin import records, sampled
from hearth.trace.steps import Target, Trace
from hearth.warehouse.connections import connect
from hearth.warehouse.published import NothingPublished, require_publication

WALKS = {
    "room_compliance_percent": rooms.steps,
    "complaints_per_10000_households": complaints.steps,
    "renewal_progress_percent": renewal.steps,
}


def unit_kind_of(unit_id: str, season: str) -> str:
    """company, branch, station or community. Raises NothingPublished when nothing is, or the season has no such unit."""
    with connect("auditor") as connection:
        require_publication(connection)
        row = connection.execute(
            "select unit_kind from marts.season_kpi where season = %s and unit_id = %s limit 1", (season, unit_id)
        ).fetchone()
    if row is None:
        raise NothingPublished(f"season {season} has no unit {unit_id!r} in marts.season_kpi (the whole company is `company`)")
    return str(row[0])


def trace(season: str, kpi: str, unit_id: str, day: date, sample: int = 0) -> Trace:
    """Follow one number. `sample`: so many records are read again from their landing files.

    Raises NothingPublished; a sum that does not add up raises nothing, it stands in `Trace.broken`.
    """
    target = Target(season, kpi, unit_kind_of(unit_id, season), unit_id, day)
    with connect("auditor") as connection:
        connection.execute("set transaction isolation level repeatable read")  # one state of the warehouse, while builds go on
        connection.execute("set local work_mem = '128MB'")
        found, steps = published.find(connection, target)
        steps += WALKS[kpi](connection, found)
        chosen = sampled(connection, sample) if sample else []
    if chosen:
        steps.append(records(chosen))
    return Trace(target, steps)
