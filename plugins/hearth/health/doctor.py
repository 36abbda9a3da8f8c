"""All checks of an installation, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import psycopg

from hearth.contracts.contract import Contract
from hearth.dated.limits import health_limits
from hearth.health import flow, keeping, readings, rights
from hearth.health.problem import ORDER, Problem, Surroundings
from hearth.landing.file_store import StoreUnusable

CHECKS: tuple[Callable[[Surroundings], Iterator[Problem]], ...] = (
    flow.held_batches,
    flow.held_pulls,
    flow.quarantine,
    flow.open_steps,
    flow.died_steps,
    flow.publication,
    flow.rows_in_no_mart,
    readings.unmoved,
    readings.missing,
    readings.unmerged,
    readings.of_lost_points,
    keeping.seals,
    keeping.definitions,
    keeping.contracts,
    keeping.retention,
    keeping.disk,
    rights.rights,
)


def examine(connection: psycopg.Connection, now: datetime, contracts: dict[str, Contract]) -> list[Problem]:
    """Everything that is wrong at a moment (with time zone), the gravest first.

    `connection` is the engineer's: no check needs more.
    """
    seen = Surroundings(connection, now, health_limits(now.date()))
    found = [*flow.stale_sources(seen, contracts), *flow.holes(seen, contracts)]
    for check in CHECKS:
        found += _problems(check, seen)
    return sorted(dict.fromkeys(found), key=lambda problem: ORDER.index(problem.severity))


def _problems(check: Callable[[Surroundings], Iterator[Problem]], seen: Surroundings) -> Iterator[Problem]:
    """What a check finds; that it could not look because an object store cannot be used is a finding, too."""
    try:
        yield from check(seen)
    except StoreUnusable as error:
        found, _, todo = str(error).rpartition("; ")
        yield Problem("critical", "store unusable", "HEARTH_LANDING, HEARTH_LAKE", found, todo, "The object store cannot be used")
