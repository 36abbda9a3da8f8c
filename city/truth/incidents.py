"""Incidents step by step, the reserves of their days, and which pipe to mend first."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import day_number, local_day
from city.truth.observed import Observed

_FAULTS = {"故障": "fault", "抢修": "emergency"}
_ITEMS = {"燃料": "fuel", "备用电源": "power", "抢修班组": "crew", "抢修车辆": "vehicle", "备品备件": "spare_part"}
_STEPS = {"diagnosed_hours": "diagnosed_s", "decided_hours": "decided_s", "on_site_hours": "on_site_s"}


def newest_orders(orders: pd.DataFrame) -> pd.DataFrame:
    sound = orders[(orders["reason"] == "") & ~orders["duplicate"]]
    rows = sound.sort_values(["version", "updated_s"], kind="stable").drop_duplicates("order_no", keep="last")
    return rows.assign(day=local_day(rows["reported_s"].to_numpy()))


def incident_response(observed: Observed, orders: pd.DataFrame, reserves: pd.DataFrame) -> pd.DataFrame:
    """One row a fault or emergency repair."""
    rows = newest_orders(orders)
    rows = rows[rows["kind"].isin(list(_FAULTS))].copy()
    rows["season"] = ""
    for season in observed.seasons:
        rows.loc[rows["day"].between(season.first_day, observed.last_day(season)), "season"] = season.code
    for name, column in _STEPS.items():
        rows[name] = ((rows[column] - rows["reported_s"]) / 3600).where(rows[column] >= 0)
    end = rows["restored_s"].where(rows["restored_s"] >= 0, rows["completed_s"])
    rows["restored_hours"] = ((end - rows["reported_s"]) / 3600).where(end >= 0)
    known = (rows["season"] != "") & (rows["without_heat"] >= 0)
    rows["households_without_heat"] = rows["without_heat"].where(known).astype("Int64")
    rows["household_hours_without_heat"] = (rows["without_heat"] * rows["restored_hours"]).where(known)
    short = [_short(reserves, day, branch) for day, branch in zip(rows["day"], rows["branch_id"], strict=True)]
    rows["readiness"] = [state for state, _ in short]
    rows["short_items"] = [items for _, items in short]
    rows["kind"] = rows["kind"].map(_FAULTS)
    kept = ["order_no", "season", "day", "kind", "branch_id", *_STEPS, "restored_hours"]
    return rows[[*kept, "households_without_heat", "household_hours_without_heat", "readiness", "short_items"]]


def _short(reserves: pd.DataFrame, day: int, branch: str) -> tuple[str, str]:
    """Readiness of a branch on a day: fuel and power are the whole company's."""
    mine = reserves[reserves["day"] == day]
    mine = mine[(mine["site"] == branch) | mine["item"].isin(["燃料", "备用电源"])]
    items = sorted({_ITEMS[item] for item in mine.loc[mine["quantity"] < mine["required"], "item"]})
    return ("unknown" if mine.empty else "short" if items else "ready"), ", ".join(items)


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
    laid = np.array([day_number(date(int(year), 1, 1)) for year in frame["year"]])
    since = pd.Series(np.maximum(laid, first), index=frame["segment_no"])
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
