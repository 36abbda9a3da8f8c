"""Nothing is erased by what comes: a pull that would replace rows by none, or by far fewer, waits for a person.

A source that purges its past, answers nothing under status 200, or cuts its export off looks like one whose rows are gone. So
what a pull would take away is compared with what it brings, before anything is replaced; the limits are dated rows
(`erasure_...` of validation_limit) that a contract may set for its feed.
"""

from __future__ import annotations

import json

from hearth.dated.limits import Limits
from hearth.loading.batch_load import BatchLoad
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


class WouldErase(RuntimeError):
    """The pull would take away what stands; nothing was changed. `rows_before` stand, `rows_now` would take their place."""

    def __init__(self, rows_before: int, rows_now: int, rule: str) -> None:
        super().__init__(f"{rows_now} rows would take the place of {rows_before}; {rule}")
        self.rows_before, self.rows_now, self.rule = rows_before, rows_now, rule


def refuse_erasure(load: BatchLoad, pull_id: int) -> None:
    """Compare the rows of the batch with those they would replace; asked under the lock of the feed. Raises WouldErase.

    A pull whose hold a person accepted, or that a person chose to stand, passes.
    """
    if _decided_by_a_person(load, pull_id):
        return
    limits = Limits.from_seeds().on(load.interval.end.date()) | load.contract.expected.own_limits
    pairs = [_interval(load)]
    if load.entity.full_export:
        pairs += _exports(load)
    for before, now in pairs:
        rule = _broken_rule(before, now, limits)
        if rule:
            raise WouldErase(before, now, rule)


def _broken_rule(before: int, now: int, limits: dict[str, float]) -> str | None:
    """The limit that a step from so many rows to so many breaks, in words."""
    if now == 0:
        least = limits["erasure_none_min_rows"]
        return f"held where {least:g} rows or more would be replaced by none (erasure_none_min_rows)" if before >= least else None
    share = limits["erasure_hold_percent"]
    if before >= limits["erasure_min_rows"] and now < before and 100 * now < share * before:
        return f"held below {share:g} % of what stood (erasure_hold_percent)"
    return None


def _decided_by_a_person(load: BatchLoad, pull_id: int) -> bool:
    return bool(
        load.ask(
            "select 1 from ledger.hold_state where pull_id = %(pull_id)s::bigint and state = 'accepted'"
            " union all select 1 from ledger.pull_choice where pull_id = %(pull_id)s::bigint limit 1",
            pull_id=pull_id,
        )
    )


def _interval(load: BatchLoad) -> tuple[int, int]:
    """Rows that stand in the intervals the pull would replace, and rows it brings."""
    stand = load.ask(SQL["rows_in_interval"])
    return int(stand[0][0]), load.aside("select count(*) as rows from settled")["rows"][0].as_py()


def _exports(load: BatchLoad) -> list[tuple[int, int]]:
    """For a feed whose every delivery is the whole state: rows of each export the pull brings beside those of the one before."""
    exports = load.aside("select arrived_at, count(*) as rows from settled group by arrived_at").to_pylist()
    told = json.dumps(exports, default=str)
    return [(int(before), int(now)) for before, now in load.ask(SQL["rows_of_exports"], exports=told)]
