"""Communities that enter a season without heat, and capacity against demand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import Season
from city.truth.observed import Observed

_STAGES = ("not_contracted", "contracted", "pipe_laid", "station_ready", "connected")
_HEAT_INDEX = 45.0


def new_community_watch(observed: Observed, reports: pd.DataFrame) -> pd.DataFrame:
    """One row a season and community that should have heat by then, by its newest report."""
    codes = [s.code for s in observed.seasons]
    first_year = {code: int(code[:4]) for code in {*codes, *reports["first_season"]}}
    told = [season for season in observed.seasons if (reports["day"] <= season.last_day).any()]
    parts = [_season(reports, season, first_year) for season in told]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"season": [], "community_id": []})


def _season(reports: pd.DataFrame, season: Season, first_year: dict[str, int]) -> pd.DataFrame:
    mine = reports[reports["day"] <= season.last_day].sort_values("day", kind="stable")
    newest = mine.drop_duplicates("community_id", keep="last").set_index("community_id")
    before = mine[mine["day"] <= season.first_day].drop_duplicates("community_id", keep="last").set_index("community_id")
    nth = int(season.code[:4]) - newest["first_season"].map(first_year) + 1
    newest = newest[nth >= 1].assign(nth_season=nth[nth >= 1])
    # Who says no date is connected from the report that first shows it.
    shown = mine[mine["stage"] == len(_STAGES) - 1].groupby("community_id")["day"].min().reindex(newest.index)
    connected = newest["connected"].where(newest["connected"] >= 0, shown)
    without = (connected > season.first_day) | (newest["stage"] < len(_STAGES) - 1)
    late = (connected - season.first_day).where(connected > season.first_day)
    stage = before["stage"].reindex(newest.index)
    return pd.DataFrame(
        {
            "season": season.code,
            "community_id": newest.index,
            "nth_season": newest["nth_season"].to_numpy(),
            "is_without_heat_at_start": without.to_numpy(),
            "is_second_season_without_heat": (without & (newest["nth_season"] >= 2)).to_numpy(),
            "stage_at_start": [_STAGES[int(s)] if pd.notna(s) else "" for s in stage],
            "connection_stage": [_STAGES[s] for s in newest["stage"]],
            "days_late": late.astype("Int64").to_numpy(),
        }
    )


def capacity_outlook(capacity: pd.DataFrame) -> pd.DataFrame:
    """Capacity and demand by issue, unit and year; the company is the sum of its plants."""
    parts = []
    for years in range(4):
        growth = sum((capacity[f"growth_{n}"] for n in range(1, years + 1)), start=pd.Series(0.0, index=capacity.index))
        area = capacity["contracted"] + growth
        parts.append(
            pd.DataFrame(
                {
                    "day": capacity["day"],
                    "unit_kind": np.where(capacity["kind"] == "热源", "plant", "station"),
                    "unit_id": capacity["unit_id"],
                    "years_ahead": years,
                    "capacity_mw": capacity["capacity_kw"] / 1000,
                    "demand_mw": area * _HEAT_INDEX / 1e6,
                }
            )
        )
    units = pd.concat(parts, ignore_index=True)
    plants = units[units["unit_kind"] == "plant"].groupby(["day", "years_ahead"])[["capacity_mw", "demand_mw"]].sum()
    company = plants.reset_index().assign(unit_kind="company", unit_id="company")
    rows = pd.concat([units, company], ignore_index=True)
    newest = rows["day"] == rows.groupby("unit_kind")["day"].transform("max")
    return rows.assign(is_enough=rows["capacity_mw"] >= rows["demand_mw"], is_newest=newest)
