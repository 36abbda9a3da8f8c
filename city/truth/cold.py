"""Cold buildings and single cold homes by the published rule, and what the next season shows of their cure."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from city.calendar import STANDARD_DEGC, Season, local_day
from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.rooms import household_days, outdoor_days

_MIN_DAYS, _SHARE = 3, 0.5
_MIN_HOMES, _BUILDING_SHARE = 3, 0.5
_COMPARABLE = (-15.0, -5.0)
_LASTING = {"外网": "network", "楼内系统": "building", "户内设施": "in_home"}


def cold_buildings(observed: Observed, register: Register, visits: pd.DataFrame) -> pd.DataFrame:
    """One row a season and cold building or single cold home."""
    visits = visits.sort_values(["version", "arrival_s"], kind="stable").drop_duplicates("visit_no", keep="last")
    visits = visits.assign(day=local_day(visits["visited_s"].to_numpy()))
    seen = _observations(observed, register, visits)
    seasons = observed.seasons
    following = (*seasons[1:], None)
    homes = [_homes(seen, _visits_of(visits, season, after), season, observed.last_day(season), register)
             for season, after in zip(seasons, following, strict=True)]  # fmt: skip
    subjects = [_subjects(mine) for mine in homes]
    parts = []
    for index, (season, after) in enumerate(zip(seasons, following, strict=True)):
        later = index + 1 < len(seasons)
        again = {k for kind, k, _ in subjects[index + 1] if kind == "building"} if later else set()
        again |= set(homes[index + 1].index[homes[index + 1]["cold"]]) if later else set()
        for kind, key, mine in subjects[index]:
            row = _subject(kind, key, mine, seen, season, after)
            parts.append(row | {"is_cold_again": key in again, "proof": "still_cold" if key in again else row["proof"]})
    return pd.DataFrame(parts)


def _visits_of(visits: pd.DataFrame, season: Season, following: Season | None) -> pd.DataFrame:
    """Visits of the season and of the summer after it."""
    until = following.first_day if following else season.first_day + 365
    return visits[(visits["day"] >= season.first_day) & (visits["day"] < until)]


def _observations(observed: Observed, register: Register, visits: pd.DataFrame) -> pd.DataFrame:
    """Judged household-days and the visitors' two measurements, with building and comparable weather."""
    days = household_days(observed, register)
    measured = days[["household_id", "day", "value"]].assign(source="measured", below=days["margin"] < 0)
    before = _measured_by_visitor(visits, "before_text", visits["day"].to_numpy())
    after = _measured_by_visitor(visits, "after_text", local_day(visits["after_s"].to_numpy()))
    seen = pd.concat([measured, before, after], ignore_index=True)
    households, day = seen["household_id"].to_numpy().astype(str), seen["day"].to_numpy()
    row = register.households.in_force(register.households.codes(households), day)
    seen["building_id"] = register.households.column("building_id")[row]
    seen["comparable"] = seen["day"].map(outdoor_days(observed).round(6)).between(*_COMPARABLE)
    return seen[row >= 0]


def _measured_by_visitor(visits: pd.DataFrame, column: str, day: np.ndarray) -> pd.DataFrame:
    some = (visits[column] != "").to_numpy()
    value = visits.loc[some, column].astype(float)
    return pd.DataFrame(
        {
            "household_id": visits.loc[some, "household_id"],
            "day": day[some],
            "value": value,
            "source": "visit",
            "below": value < STANDARD_DEGC["living_room"],
        }
    )


def _streak(days: np.ndarray) -> int:
    """Longest run of consecutive days."""
    if not len(days):
        return 0
    run = np.sort(days) - np.arange(len(days))
    return int(np.unique(run, return_counts=True)[1].max())


def _homes(seen: pd.DataFrame, calls: pd.DataFrame, season: Season, last: int, register: Register) -> pd.DataFrame:
    """Homes examined in a season, with what is known of each."""
    mine = seen[(seen["source"] == "measured") & seen["day"].between(season.first_day, last)]
    judged = mine.groupby("household_id").size()
    below = mine[mine["below"]].groupby("household_id")["day"]
    count, streak = below.size(), below.agg(lambda d: _streak(d.to_numpy())) if mine["below"].any() else pd.Series(dtype=int)
    seen_by = calls[calls["finding"] != "入户未遇"].groupby("household_id").size()
    sure = calls[(calls["finding"] == "确认不热") & calls["cause"].isin(list(_LASTING))]
    ids = pd.Index(sorted(set(judged.index) | set(calls["household_id"])))
    homes = pd.DataFrame(index=ids)
    homes["judged_days"] = judged.reindex(ids).fillna(0).astype(int)
    homes["days_below"] = count.reindex(ids).fillna(0).astype(int)
    homes["longest_streak_days"] = streak.reindex(ids).fillna(0).astype(int)
    homes["visits"] = calls.groupby("household_id").size().reindex(ids).fillna(0).astype(int)
    homes["by_visit"] = homes.index.isin(set(sure["household_id"]))
    enough = homes["judged_days"] >= _MIN_DAYS
    homes["cold"] = (enough & (homes["days_below"] >= _SHARE * homes["judged_days"])) | homes["by_visit"]
    homes["cause"] = sure.groupby("household_id")["cause"].agg(_most_frequent).reindex(ids)
    measures = calls[calls["measure"] != ""].assign(is_done=calls["done"] >= 0).groupby("household_id")["is_done"]
    homes["measures"] = measures.size().reindex(ids).fillna(0).astype(int)
    homes["done"] = measures.sum().reindex(ids).fillna(0).astype(int)
    homes = homes[enough | (seen_by.reindex(ids).fillna(0) > 0)]
    codes = register.households.codes(homes.index.to_numpy())
    homes["building_id"] = register.households.column("building_id")[
        np.searchsorted(register.households.code, codes, side="right") - 1
    ]
    return homes


def _most_frequent(causes: pd.Series) -> str:
    """The most frequent cause, the first by name among equals."""
    counts = Counter(_LASTING[c] for c in causes)
    return min(counts, key=lambda name: (-counts[name], name))


def _subjects(homes: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    by_building = homes.groupby("building_id")["cold"].agg(["sum", "count"])
    is_cold = (by_building["sum"] >= _MIN_HOMES) & (by_building["sum"] >= _BUILDING_SHARE * by_building["count"])
    cold = by_building.index[is_cold]
    found = [("building", str(b), homes[homes["building_id"] == b]) for b in cold]
    single = homes[homes["cold"] & ~homes["building_id"].isin(cold)]
    return found + [("household", str(h), single.loc[[h]]) for h in single.index]


def _subject(
    kind: str, key: str, homes: pd.DataFrame, seen: pd.DataFrame, season: Season, following: Season | None
) -> dict[str, object]:
    mine = seen[seen["building_id" if kind == "building" else "household_id"] == key]
    before = mine[mine["day"].between(season.first_day, season.last_day)]
    after = mine[mine["day"].between(following.first_day, following.last_day)] if following else mine.iloc[:0]
    like_before, like_after = before[before["comparable"]], after[after["comparable"]]
    causes = Counter(homes["cause"].dropna())
    below = int(after["below"].sum())
    like_below, like_homes = int(like_after["below"].sum()), like_after["household_id"].nunique()
    few = len(like_after) < _MIN_DAYS or (kind == "building" and like_homes < _MIN_HOMES)
    proof = "not_proved" if few else "cured" if like_below < _SHARE * len(like_after) else "still_cold"
    return {
        "season": season.code,
        "subject_kind": kind,
        "subject_id": key,
        "building_id": homes["building_id"].iloc[0],
        "homes_examined": len(homes),
        "homes_cold": int(homes["cold"].sum()),
        "judged_days": int(homes["judged_days"].sum()),
        "days_below": int(homes["days_below"].sum()),
        "longest_streak_days": int(homes["longest_streak_days"].max()),
        "visits": int(homes["visits"].sum()),
        "cause": min(causes, key=lambda name: (-causes[name], name)) if causes else "",
        "measures": int(homes["measures"].sum()),
        "measures_done": int(homes["done"].sum()),
        "before_degc": before["value"].mean(),
        "after_degc": after["value"].mean(),
        "comparable_before_observations": len(like_before),
        "comparable_after_observations": len(like_after),
        "comparable_before_degc": like_before["value"].mean(),
        "comparable_after_degc": like_after["value"].mean(),
        "after_observations": len(after),
        "after_observations_below": below,
        "comparable_after_below": like_below,
        "comparable_after_homes": like_homes,
        "proof": proof,
    }
