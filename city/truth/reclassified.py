"""Tickets that were of one kind first and of another later: a complaint that becomes a consultation is counted, not lost."""

from __future__ import annotations

import pandas as pd

from city.calendar import local_day
from city.tickets import CATEGORY_NAMES, KIND_NAMES

_COLUMNS = (
    "line", "ticket_no", "change_no", "day", "from_kind", "to_kind", "is_after_closing", "category", "household_id",
)  # fmt: skip


def reclassified(lines: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a change: what it was, what it became, on which day the change was sent, and whether the ticket had been closed."""
    found: list[tuple[object, ...]] = []
    for rows in lines.values():
        ordered = rows.sort_values(["ticket_no", "version", "arrival_s"], kind="stable")
        kinds = ordered.groupby("ticket_no")["kind"].nunique()
        for number, versions in ordered[ordered["ticket_no"].isin(kinds[kinds > 1].index)].groupby("ticket_no"):
            found += _changes(str(number), versions)
    return pd.DataFrame(found, columns=list(_COLUMNS))


def _changes(number: str, versions: pd.DataFrame) -> list[tuple[object, ...]]:
    changes: list[tuple[object, ...]] = []
    newest = versions.iloc[-1]
    before, closed = str(versions["kind"].iloc[0]), False
    days = local_day(versions["arrival_s"].to_numpy()).tolist()
    for kind, day, closed_s in zip(versions["kind"].tolist(), days, versions["closed_s"].tolist(), strict=True):
        if kind != before:
            known = (newest["line"], number, len(changes) + 1, day, KIND_NAMES[before], KIND_NAMES[kind], closed)
            changes.append((*known, CATEGORY_NAMES[newest["category"]], newest["household_no"]))
        before, closed = kind, closed or closed_s >= 0
    return changes
