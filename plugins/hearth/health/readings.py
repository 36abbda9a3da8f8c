"""Are the readings there that the ledger counts on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from hearth.contracts.entities import ENTITIES
from hearth.health.problem import Problem, Surroundings
from hearth.lake import catalogue, merge, move
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
