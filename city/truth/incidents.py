"""Incidents step by step, the reserves of their days, and which pipe to mend first."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import Season, day_number, iso_days, local_day, local_s
from city.truth.observed import Observed

_FAULTS = {"故障": "fault", "抢修": "emergency"}
_ITEMS = {"燃料": "fuel", "备用电源": "power", "抢修班组": "crew", "抢修车辆": "vehicle", "备品备件": "spare_part"}
_OF_PLANTS = ("燃料", "备用电源")
_STEPS = {"diagnosed_hours": "diagnosed_s", "decided_hours": "decided_s", "on_site_hours": "on_site_s"}


def newest_orders(orders: pd.DataFrame) -> pd.DataFrame:
    sound = orders[(orders["reason"] == "") & ~orders["duplicate"]]
    rows = sound.sort_values(["version", "updated_s"], kind="stable").drop_duplicates("order_no", keep="last")
    return rows.assign(day=local_day(rows["reported_s"].to_numpy()))


def incident_response(observed: Observed, orders: pd.DataFrame, reserves: pd.DataFrame) -> pd.DataFrame:
    """One row a fault or emergency repair; an outage lasts until it is mended, an open one until the window's end."""
    rows = newest_orders(orders)
    rows = rows[rows["kind"].isin(list(_FAULTS))].reset_index(drop=True)
    for name, column in _STEPS.items():
        rows[name] = ((rows[column] - rows["reported_s"]) / 3600).where(rows[column] >= 0)
    end = rows["restored_s"].where(rows["restored_s"] >= 0, rows["completed_s"])
    rows["restored_hours"] = ((end - rows["reported_s"]) / 3600).where(end >= 0)
    rows["is_open"] = end < 0
    rows["without_heat_until_s"] = end.where(~rows["is_open"], observed.window.end_s)
    rows["outage_hours"] = (rows["without_heat_until_s"] - rows["reported_s"]) / 3600
    rows = _in_season(rows, observed.seasons)
    known = (rows["season"] != "") & (rows["without_heat"] >= 0)
    rows["households_without_heat"] = rows["without_heat"].where(known).astype("Int64")
    rows["household_hours_without_heat"] = (rows["without_heat"] * rows["season_outage_hours"]).where(known)
    answers = [_readiness(reserves, observed.seasons, d, b) for d, b in zip(rows["day"], rows["branch_id"], strict=True)]
    rows[["readiness", "short_items", "unknown_items"]] = pd.DataFrame(answers, index=rows.index, columns=range(3))
    rows["kind"] = rows["kind"].map(_FAULTS)
    kept = ["order_no", "season", "day", "without_heat_from_date", "kind", "branch_id", "is_open", *_STEPS, "restored_hours"]
    kept += ["outage_hours", "season_outage_hours", "households_without_heat", "household_hours_without_heat"]
    return rows[[*kept, "readiness", "short_items", "unknown_items"]]


def _in_season(rows: pd.DataFrame, seasons: tuple[Season, ...]) -> pd.DataFrame:
    """The first season an outage reaches, and what of it lies within, from the season's first midnight to its last."""
    rows = rows.assign(season="", season_outage_hours=np.nan)
    from_day = rows["day"].to_numpy().copy()
    for season in sorted(seasons, key=lambda s: s.start, reverse=True):
        opens, closes = local_s(season.first_day), local_s(season.last_day + 1)
        within = np.minimum(rows["without_heat_until_s"], closes) - np.maximum(rows["reported_s"], opens)
        reported_in = rows["day"].between(season.first_day, season.last_day)
        mine = reported_in | ((rows["reported_s"] < opens) & (within > 0))
        rows.loc[mine, "season"] = season.code
        rows.loc[mine, "season_outage_hours"] = within[mine] / 3600
        from_day[mine.to_numpy()] = np.maximum(rows["day"].to_numpy(), season.first_day)[mine.to_numpy()]
    return rows.assign(without_heat_from_date=iso_days(from_day))


def _readiness(reserves: pd.DataFrame, seasons: tuple[Season, ...], day: int, branch: str) -> tuple[str, str, str]:
    """State, short and unknown items: it takes the branch's own crews, vehicles and parts, and every plant's fuel and power."""
    season = next((s for s in seasons if s.first_day <= day <= s.last_day), None)
    today = reserves[reserves["day"] == day]
    short, unknown = set(), set()
    for item, name in _ITEMS.items():
        sites = {branch}
        if item in _OF_PLANTS:
            same = reserves["day"].between(season.first_day, season.last_day) if season else reserves["day"] < 0
            sites = set(reserves.loc[same & (reserves["item"] == item), "site"])
        told = today[(today["item"] == item) & today["site"].isin(sites)]
        if (told["quantity"] < told["required"]).any():
            short.add(name)
        if len(told) < max(len(sites), 1):
            unknown.add(name)
    state = "short" if short else "unknown" if unknown else "ready"
    return state, ", ".join(sorted(short)), ", ".join(sorted(unknown))


def _new_since(newest: pd.DataFrame, exports: list[tuple[date, pd.DataFrame]]) -> pd.Series:
    """Day from which each pipe is the one that lies there now: of the first export that shows its year, or that year's end."""
    year = newest.set_index("segment_no")["year"]
    since = pd.Series([day_number(date(int(y) + 1, 1, 1)) for y in year], index=year.index)
    for day, frame in exports:
        shown = frame[(frame["reason"] == "") & ~frame["duplicate"]].drop_duplicates("segment_no").set_index("segment_no")["year"]
        same = year.eq(shown.reindex(year.index))
        since = since.mask(same, since.clip(upper=day_number(day)))
    return since


def pipe_risk(orders: pd.DataFrame, exports: list[tuple[date, pd.DataFrame]]) -> pd.DataFrame:
    """Segments of the newest export with failures, points and rank."""
    if not exports:
        return pd.DataFrame({"segment_no": []})
    day, frame = exports[-1]
    frame = frame[(frame["reason"] == "") & ~frame["duplicate"]].reset_index(drop=True)
    rows = newest_orders(orders)
    known = len(rows) > 0  # without any log of orders nobody knows that nothing failed
    first, last = (int(rows["day"].min()), int(rows["day"].max())) if known else (0, 0)
    broken = rows[rows["kind"].isin(list(_FAULTS)) & (rows["segment_no"] != "")]
    since = _new_since(frame, exports).clip(lower=first)
    began = since.reindex(broken["segment_no"]).fillna(np.inf).to_numpy(dtype=float)
    counted = broken[broken["day"].to_numpy(dtype=float) >= began].groupby("segment_no").size()
    failures = counted.reindex(frame["segment_no"]).fillna(0).astype(int).to_numpy()
    age = day.year - frame["year"].to_numpy(dtype=int)
    points = np.select([age >= 30, age >= 20], [25, 10], 0) + np.select([failures >= 2, failures == 1], [50, 30], 0)
    points = points + 15 * (frame["insulation"] == "无").to_numpy() + 5 * (frame["laying"] == "地沟").to_numpy()
    years = np.where(last > since.to_numpy(), (last - since.to_numpy() + 1) / 365.25, np.nan)
    rate = failures / (frame["length"].to_numpy() / 1000 * years)
    made = pd.DataFrame({"segment_no": frame["segment_no"], "age_years": age, "failures": failures, "risk_points": points})
    made["failures_per_km_year"] = rate
    made["failures"] = made["failures"].astype("Int64") if known else None
    order = made.sort_values(["risk_points", "failures_per_km_year", "segment_no"], ascending=[False, False, True], kind="stable")
    rank = pd.Series(np.arange(1, len(order) + 1), index=order.index)
    return made.assign(priority_rank=rank.where(made["risk_points"] > 0).astype("Int64"))
