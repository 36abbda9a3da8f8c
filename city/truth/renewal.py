"""Renewal progress: the latest log row of each project as of a day, summed by unit; new build and merging left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.truth.observed import Observed

_COLUMNS = ["season", "day", "unit_kind", "unit_id", "planned_length_m", "renewed_length_m", "percent"]


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
        planned, renewed = mine["planned_dm"].to_numpy()[place[some]], mine["renewed_dm"].to_numpy()[place[some]]
        for unit_kind, unit_id in units:
            if unit_id:
                rows.append(
                    pd.DataFrame(
                        {
                            "day": days[some],
                            "unit_kind": unit_kind,
                            "unit_id": unit_id,
                            "planned": planned,
                            "renewed": renewed,
                        }
                    )
                )
    if not rows:
        return pd.DataFrame(columns=_COLUMNS)
    sums = pd.concat(rows).groupby(["day", "unit_kind", "unit_id"])[["planned", "renewed"]].sum().reset_index()
    plan = sums["planned"].where(sums["planned"] > 0)
    frame = sums.assign(
        season=code,
        planned_length_m=plan / 10,
        renewed_length_m=sums["renewed"] / 10,
        percent=100 * sums["renewed"] / plan,
    )
    return frame[_COLUMNS]
