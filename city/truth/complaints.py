"""Complaint rate: tickets -> cases -> cases per 10,000 served households."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import local_day
from city.truth.observed import Observed
from city.truth.register import UNIT_KINDS, Register

_SAME_CASE_S = 24 * 3600
_LEVELS = 3


def complaint_cases(tickets: pd.DataFrame) -> pd.DataFrame:
    """One row a case: case_id, day, household_id, tickets. Of several versions of a ticket the latest decides."""
    latest = tickets.sort_values(["version", "arrival_s"], kind="stable").drop_duplicates(["line", "ticket_no"], keep="last")
    latest = (
        latest[latest["kind"] == "complaint"].sort_values(["created_s", "line", "ticket_no"], kind="stable").reset_index(drop=True)
    )
    root = _roots(latest)
    session = _sessions(latest, root)
    case = session[root]
    own = root == np.arange(len(latest))
    frame = latest.assign(case=case)
    first = frame[own].drop_duplicates("case", keep="first").set_index("case")
    counted = frame.groupby("case").size()
    return pd.DataFrame(
        {
            "case_id": first["line"] + ":" + first["ticket_no"],
            "day": local_day(first["created_s"].to_numpy()),
            "household_id": first["household_id"],
            "line": first["line"],
            "tickets": counted.reindex(first.index),
        }
    ).reset_index(drop=True)


def _roots(tickets: pd.DataFrame) -> np.ndarray:
    """Row of the ticket that each ticket finally refers to; its own row when it refers to no complaint."""
    place = {no: i for i, no in enumerate(tickets["ticket_no"])}
    step = np.array([place.get(no, i) if no else i for i, no in enumerate(tickets["related_no"])], dtype=int)
    root = step
    for _ in range(_LEVELS - 1):
        root = step[root]
    return root


def _sessions(tickets: pd.DataFrame, root: np.ndarray) -> np.ndarray:
    """Case number of each root ticket: calls of a household about one category, each within 24 h of the one before."""
    case = np.arange(len(tickets))
    last: dict[tuple[str, str], tuple[int, int]] = {}
    rows = zip(tickets["household_id"], tickets["category"], tickets["created_s"].tolist(), strict=True)
    for i, (household, category, created) in enumerate(rows):
        if root[i] != i or not household:
            continue
        before = last.get((household, category))
        if before is not None and created - before[0] <= _SAME_CASE_S:
            case[i] = before[1]
        last[household, category] = (created, int(case[i]))
    return case


def complaint_rate(observed: Observed, register: Register) -> pd.DataFrame:
    """To-date cases and rate by season, day and unit."""
    cases = complaint_cases(observed.tickets)
    day = cases["day"].to_numpy()
    household = cases["household_id"].to_numpy().astype(str)
    homes = register.homes(household, day)
    resident = register.resident(household, day)
    parts = []
    for season in observed.seasons:
        last = observed.last_day(season)
        days = last - season.first_day + 1
        if days <= 0:
            continue
        served = register.served_counts(season)
        inside = (day >= season.first_day) & (day <= last)
        for unit_kind in UNIT_KINDS:
            ids = register.unit_ids(unit_kind)
            unit = np.zeros(len(cases), dtype=int) if unit_kind == "company" else getattr(homes, unit_kind)
            counts = []
            for mine in (inside & resident & (unit >= 0), inside & ~resident & (unit >= 0)):
                cell = unit[mine] * days + day[mine] - season.first_day
                counts.append(np.cumsum(np.bincount(cell, minlength=len(ids) * days).reshape(len(ids), days), axis=1))
            mean_served = np.cumsum(served[unit_kind][:, :days], axis=1) / np.arange(1, days + 1)
            row, column = (a.ravel() for a in np.indices((len(ids), days)))
            frame = pd.DataFrame(
                {
                    "season": season.code,
                    "day": column + season.first_day,
                    "unit_kind": unit_kind,
                    "unit_id": ids[row],
                    "cases": counts[0].ravel(),
                    "enterprise_cases": counts[1].ravel(),
                    "served_households": mean_served.ravel(),
                }
            )
            per = 10_000 * frame["cases"] / frame["served_households"].where(frame["served_households"] > 0)
            parts.append(frame.assign(per_10000_households=per))
    return pd.concat(parts, ignore_index=True)
