"""Tasks of `pull_missing`: look for missing intervals, pull them again, say what is still missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.approvals.in_force import in_force
from hearth.contracts.interval import Interval
from hearth.contracts.loading import readable_contracts
from hearth.intake.missing import Hole, look, pull_all_again

MISSING_SECONDS = 2400.0
"""So long one run asks one source for its missing intervals; what is left waits for the next hour's."""


def look_for_missing(context: Any) -> dict[str, list[list[str]]]:
    """Missing intervals (feed, start, end) by the connection of their source."""
    contracts = {contract.feed: contract for contract in readable_contracts()}
    found: dict[str, list[list[str]]] = {}
    for hole in look(contracts.values(), context["run_id"], context["dag_run"].run_after):
        interval = hole.interval
        place = found.setdefault(contracts[hole.feed].source.connection, [])
        place.append([hole.feed, interval.start.isoformat(), interval.end.isoformat()])
    return found


def pull_missing_again(missing: list[list[str]], context: Any) -> tuple[dict[str, Any], set[str]]:
    """What became of the missing intervals of one source, and the entities that have something new."""
    contracts = {feed: in_force(feed).contract for feed in {feed for feed, _, _ in missing}}
    holes = [Hole(feed, Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))) for feed, start, end in missing]
    closed, failures = pull_all_again(contracts, holes, context["run_id"], MISSING_SECONDS)
    return {"loaded": [str(hole) for hole in closed], "still_missing": failures}, {contracts[h.feed].entity for h in closed}


def tell_still_missing(done: list[dict[str, Any]]) -> int:
    """How many intervals were loaded; raises for those that are still missing, with what each source said."""
    failures = [line for result in done for line in result["still_missing"]]
    if failures:
        shown = "\n".join(f"- {line}" for line in failures[:20])
        raise AirflowFailException(
            f"{len(failures)} intervals are still missing; they are asked for again in an hour. Mend the cause, or"
            f" `hearth holes give-up` with a reason.\n{shown}"
        )
    return sum(len(result["loaded"]) for result in done)
