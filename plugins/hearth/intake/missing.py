"""Look for missing intervals and pull them again, by their own interval, until they are loaded or a person gives them up."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.dated.limits import health_limits
from hearth.intake import take_in
from hearth.warehouse import holes
from hearth.warehouse.acting import ONESELF, Actor
from hearth.warehouse.connections import connect
from hearth.warehouse.holes import Hole

log = logging.getLogger(__name__)


def look(contracts: Iterable[Contract], run_id: str, now: datetime) -> list[Hole]:
    """All holes as at a moment, remembered in the ledger. An interval is left to its own task for `hole_grace_hours`."""
    until = now - timedelta(hours=health_limits(now.date())["hole_grace_hours"])
    with connect("loader") as connection:
        found = [hole for contract in contracts for hole in holes.find(connection, contract, until)]
    holes.remember(found, run_id)
    return found


def pull_again(contract: Contract, hole: Hole, run_id: str) -> str | None:
    """One more try; None when the interval is loaded, held or skipped, else what went wrong (it stands in the ledger too)."""
    try:
        pull_id = take_in.pull_and_land(contract, hole.interval, run_id)
        take_in.clean_validate_load(contract, pull_id, run_id)
    except take_in.BatchHeld as held:
        log.warning("%s: %s", hole, held)
    except Exception as error:  # noqa: BLE001 - one feed's fault keeps no other hole open; the step is recorded as failed
        log.warning("%s: %s: %s", hole, type(error).__name__, error)
        return f"{hole}: {type(error).__name__}: {error}"[:500]
    return None


def pull_all_again(
    contracts: dict[str, Contract], found: Iterable[Hole], run_id: str, seconds: float
) -> tuple[list[Hole], list[str]]:
    """Try the holes of one source, one after the other, for so long; returns those closed and what went wrong with the others."""
    closed, failures, until = [], [], time.monotonic() + seconds
    for hole in found:
        if time.monotonic() > until:
            failures.append(f"{hole}: not tried, the time of this run was over")
            continue
        problem = pull_again(contracts[hole.feed], hole, run_id)
        if problem:
            failures.append(problem)
        else:
            closed.append(hole)
    return closed, failures


def give_up(feed: str, interval: Interval, why: str, actor: Actor = ONESELF) -> None:
    """An interval is not pulled again by itself, and stays unknown: who and why stand in the ledger."""
    with connect(actor.role) as connection:
        connection.execute(
            "insert into ledger.hole_act (feed, interval_start, interval_end, why, acting_for) values (%s, %s, %s, %s, %s)",
            (feed, interval.start, interval.end, why, actor.acting_for),
        )
