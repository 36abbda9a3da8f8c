"""Renewal progress: the latest log row of each project as of a day, summed by unit; new build and merging left out.

From the words: a project fills its own plan and nobody else's. What it lays beyond its plan of that day, or without one, is
outside of the plan. Its first plan is the first one that a report gave.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.truth.observed import Observed

_LENGTHS = ("planned", "renewed", "within", "outside", "first_planned", "within_first")
_COLUMNS = [
    "season", "day", "unit_kind", "unit_id", "planned_length_m", "renewed_length_m", "renewed_within_plan_m", "percent",
    "unplanned_length_m", "first_planned_length_m", "first_plan_percent",
]  # fmt: skip


def renewal_progress(observed: Observed) -> pd.DataFrame:
    """Rows for every day of a season's log and every day of the season, work type renewal only."""
    log = observed.renewal.sort_values("arrival_s", kind="stable").drop_duplicates(["project_id", "day"], keep="last")
    parts = [
        _season(log[(log["season"] == s.code)], s.code, range(s.first_day, observed.last_day(s) + 1)) for s in observed.seasons
    ]
    return pd.concat(parts, ignore_index=True)


def _season(log: pd.DataFrame, code: str, season_days: range) -> pd.DataFrame:
    days = np.array(sorted(set(log["day"].tolist()) | set(season_days)), dtype=np.int64)
    log = log[log["work_type"] == "renewal"]
    rows = []
    for _, mine in log.sort_values("day").groupby("project_id"):
        place = np.searchsorted(mine["day"].to_numpy(), days, side="right") - 1
        some = place >= 0
        first = mine.iloc[0]
        units = [("company", "company"), ("branch", first["branch_id"]), ("station", first["station_id"])]
        stand = _standing(mine["planned_dm"].to_numpy(), mine["renewed_dm"].to_numpy()).iloc[place[some]]
        for unit_kind, unit_id in units:
            if unit_id:
                rows.append(stand.assign(day=days[some], unit_kind=unit_kind, unit_id=unit_id))
    if not rows:
        return pd.DataFrame(columns=_COLUMNS)
    sums = pd.concat(rows).groupby(["day", "unit_kind", "unit_id"])[list(_LENGTHS)].sum().reset_index()
    plan, first_plan = (sums[name].where(sums[name] > 0) for name in ("planned", "first_planned"))
    frame = sums.assign(
        season=code,
        planned_length_m=plan / 10,
        renewed_length_m=sums["renewed"] / 10,
        renewed_within_plan_m=(sums["within"] / 10).where(plan.notna()),
        percent=100 * sums["within"] / plan,
        unplanned_length_m=sums["outside"] / 10,
        first_planned_length_m=first_plan / 10,
        first_plan_percent=100 * sums["within_first"] / first_plan,
    )
    return frame[_COLUMNS]


def _standing(planned: np.ndarray, renewed: np.ndarray) -> pd.DataFrame:
    """A project after each row of its log, lengths in dm; a plan of 0 is none."""
    first, stand = 0, []
    for plan, done in zip(planned.tolist(), renewed.tolist(), strict=True):
        first = first or plan
        stand.append((plan, done, min(plan, done), done - min(plan, done), first, min(first, done)))
    return pd.DataFrame(stand, columns=list(_LENGTHS))
