"""Are the readings there that the ledger counts on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import duckdb

from hearth.contracts.entities import ENTITIES
from hearth.health.problem import Problem, Surroundings
from hearth.lake import catalogue, merge, move
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake


def unmoved(seen: Surroundings) -> Iterator[Problem]:
    """Readings of before that lie in tables yet: no build runs."""
    for entity, batches in move.waiting(seen.connection).items():
        yield Problem(
            "critical",
            "readings not moved",
            f"raw.{entity}",
            f"{batches} batches lie in the table; readings live in files now, and no build runs without them",
            "hearth readings move",
            "The marts are not built",
        )


def missing(seen: Surroundings) -> Iterator[Problem]:
    """Files of readings that count and are not there."""
    if not os.environ.get(Lake.variable):  # whoever looks from elsewhere has a right to the rest
        yield Problem(
            "warning",
            "readings not seen",
            Lake.variable,
            "it is not set here, so nobody looked whether the files of readings are there",
            f"set {Lake.variable} as Airflow has it (.env), and run the doctor again",
            "A stage does not hold what the ledger says",
        )
        return
    counting = {name: catalogue.current(seen.connection, name) for name, definition in ENTITIES.items() if definition.in_files}
    lake = Lake()
    there = {path for path, _, _ in lake.everything()}  # looked at last: what comes meanwhile is there
    for entity, files in counting.items():
        gone = [file.path for file in files if file.path not in there]
        if gone:
            yield Problem(
                "critical",
                "readings missing",
                entity,
                f"{len(gone)} files that count are not in {lake.root}, the first is {gone[0]}",
                "restore them from backup, or clear the runs of their intervals: they are loaded anew from their landing files",
                "A stage does not hold what the ledger says",
            )


def unmerged(seen: Surroundings) -> Iterator[Problem]:
    """Days whose small files might have been merged for as long again as they had to wait for it."""
    days = merge.days_to_merge(seen.connection, seen.now - timedelta(days=seen.limits["merge_after_days"]))
    if days:
        yield Problem(
            "warning",
            "readings not merged",
            "the lake",
            f"{len(days)} days lie in the files of their batches yet, the first is {min(days, key=lambda day: day.local_date)}:"
            " builds read them slower each week",
            "look at the DAG merge_readings: is it paused, is it red? Or: hearth readings merge",
            "Files of readings are not merged",
        )


def of_lost_points(seen: Surroundings) -> Iterator[Problem]:
    """Readings are loaded only for points the register knows; those of points that have lost their row since count nowhere."""
    if not os.environ.get(Lake.variable):
        return  # told above
    entity, since = ENTITIES["room_reading"], seen.now - timedelta(days=seen.limits["lost_point_days"])
    with engine() as database:
        try:
            show(database, entity, catalogue.current(seen.connection, entity.name, since=since), Lake())
            found = database.execute("select distinct point_id from room_reading where read_at >= ?", [since]).fetchall()
        except (duckdb.IOException, FileNotFoundError):
            return  # a file of them is not there: told above
    points = [point for (point,) in found]
    lost = seen.connection.execute(
        "select point_id from unnest(%s::text[]) p (point_id)"
        " where not exists (select from raw.measuring_point m where m.point_id = p.point_id) order by 1",
        (points,),
    ).fetchall()
    if lost:
        yield Problem(
            "warning",
            "readings of lost points",
            f"point {lost[0][0]}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else ""),
            f"they read since {since:%Y-%m-%d}, and the register has no row of them any more: their readings count nowhere",
            "ask who keeps the register for their rows; deliver it anew, and their days are made by the next build",
            "Points read and the register has lost them",
        )
