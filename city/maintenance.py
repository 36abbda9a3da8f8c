"""Work orders: the summer overhaul (12,589 items and 20 boilers in 2016 at full scale), major repairs, faults and breaks."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import DAY_S, SPAN, Window, day_number, local_s, local_text
from city.network import Network
from city.people import names
from city.rooms import Rooms
from city.streams import Streams, pick_distinct
from city.works.incidents import at_the_edges, boilers, breaks, steps, winter_breaks, with_causes

_OVERHAUL, _FAULT, _EMERGENCY, _MAJOR = "检修", "故障", "抢修", "大修"
_ASSETS = np.array(["pump", "heat_exchanger", "valve", "control_cabinet", "pipe"])
_SUMMARY = {
    _OVERHAUL: "夏季例行检修",
    _FAULT: "循环泵停运，二次网温度下降",
    _EMERGENCY: "一次网泄漏抢修",
    _MAJOR: "大修改造",
}


def work_orders(rooms: Rooms, segments: pd.DataFrame, renewed: np.ndarray, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of maintenance.work_order_log: two versions an order, with labels."""
    network, rng = rooms.network, streams.rng("maintenance")
    orders = [
        _summer(network, rng, 2015, network.size.some(9_800, 30), _OVERHAUL),
        _summer(network, rng, 2016, network.size.some(12_589, 40), _OVERHAUL),
        _summer(network, rng, 2015, network.size.some(70, 2), _MAJOR),
        _summer(network, rng, 2016, network.size.some(95, 3), _MAJOR),
        _faults(rooms, rng),
        boilers(network, streams.rng("maintenance", "boilers")),
        breaks(network, segments, streams.rng("maintenance", "breaks")),
    ]
    frame = pd.concat(orders, ignore_index=True).sort_values("reported_s", kind="stable").reset_index(drop=True)
    frame["order_no"] = [f"WO-{i + 1:06d}" for i in range(len(frame))]
    later = pd.concat([at_the_edges(network, streams), winter_breaks(network, renewed, streams)], ignore_index=True)
    later["order_no"] = [f"WO-9{i + 1:05d}" for i in range(len(later))]
    crews = names(streams.rng("maintenance", "crew"), 30)
    frame, later = (with_causes(f, rooms).assign(crew=crews[f["station"].to_numpy() % 30]) for f in (frame, later))
    sound = _versions(later, window).assign(reason="", duplicate=False)
    rows = pd.concat([_with_defects(_versions(frame, window), rng), sound], ignore_index=True)
    rows["station_id"] = network.station_ids[rows["station"].to_numpy()]
    rows["branch_id"] = network.branch_ids[network.station_branch[rows["station"].to_numpy()]]
    return rows.sort_values("updated_s", kind="stable").reset_index(drop=True)


def _summer(network: Network, rng: np.random.Generator, year: int, count: int, kind: str) -> pd.DataFrame:
    first = max(day_number(date(year, 5, 3)), day_number(SPAN.start))
    reported = local_s(first) + rng.integers(8 * 3600, 140 * DAY_S, count)
    return pd.DataFrame(
        {
            "kind": kind,
            "asset_kind": _ASSETS[rng.integers(0, len(_ASSETS), count)],
            "station": rng.integers(0, network.size.stations, count),
            "priority": "normal",
            "reported_s": reported,
            "work_s": rng.integers(4 * 3600, (3 if kind == _OVERHAUL else 20) * DAY_S, count),
            "planned": True,
        }
    )


def _faults(rooms: Rooms, rng: np.random.Generator) -> pd.DataFrame:
    """The fault at a station is reported after a third of its fall, and mended when the rooms recover."""
    faults = [(grid, f) for grid in rooms.grids for f in rooms.faults[grid.season]]
    return pd.DataFrame(
        {
            "kind": [_EMERGENCY if f.depth_degc > 2.5 else _FAULT for _, f in faults],
            "asset_kind": _ASSETS[rng.integers(0, len(_ASSETS), len(faults))],
            "station": [f.station for _, f in faults],
            "priority": ["high" if f.depth_degc > 2.5 else "normal" for _, f in faults],
            "reported_s": [g.start_s + f.start_hour * 3600 + f.fall_h * 1200 for g, f in faults],
            "work_s": [f.fall_h * 2400 for _, f in faults],
            "planned": False,
        }
    )


def _versions(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Each order as it is reported and as it is completed; one without `work_s` is never completed, and says its homes at once."""
    started = frame["reported_s"] + frame["work_s"] // 4
    completed = frame["reported_s"] + frame["work_s"]
    unknown = dict.fromkeys(("diagnosed_s", "decided_s", "on_site_s", "started_s", "restored_s", "completed_s"), -1)
    is_open = frame["work_s"] < 0
    first = frame.assign(version=1, status="reported", updated_s=frame["reported_s"] + 60, **unknown).assign(
        cause="", without_heat=frame["without_heat"].where(is_open, -1)
    )
    last = frame.assign(version=2, status="completed", started_s=started, completed_s=completed, updated_s=completed + 900)
    last = last.assign(**steps(last))[~is_open]
    rows = pd.concat([first, last], ignore_index=True)
    return rows[window.holds(rows["updated_s"].to_numpy())].reset_index(drop=True)


def _with_defects(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows["reason"], rows["duplicate"] = "", False
    some = max(1, len(rows) // 2500)
    picks = pick_distinct(
        rng,
        np.flatnonzero((rows["version"] == 1).to_numpy()),
        dict.fromkeys(("time_after_arrival", "unknown_code", "duplicate"), some),
    )
    rows.loc[picks["time_after_arrival"], "reported_s"] += 3 * DAY_S
    rows.loc[picks["time_after_arrival"], "reason"] = "time_after_arrival"
    rows.loc[picks["unknown_code"], ["kind", "reason"]] = ["巡检", "unknown_code"]
    return pd.concat([rows, rows.loc[picks["duplicate"]].assign(duplicate=True)], ignore_index=True)


def work_order_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of maintenance.work_order_log."""

    def moment(column: str) -> list[str | None]:
        text = local_text(np.maximum(rows[column].to_numpy(), 0)).astype(object)
        text[rows[column].to_numpy() < 0] = None
        return text.tolist()

    return pd.DataFrame(
        {
            "order_no": rows["order_no"],
            "version": rows["version"],
            "kind": rows["kind"],
            "asset_kind": rows["asset_kind"],
            "asset_id": [
                segment or f"{a.upper()}-{s[8:]}-1"
                for segment, a, s in zip(rows["segment_no"].fillna(""), rows["asset_kind"], rows["station_id"], strict=True)
            ],
            "station_id": rows["station_id"],
            "branch_id": rows["branch_id"],
            "priority": rows["priority"],
            "status": rows["status"],
            "reported_at": moment("reported_s"),
            "diagnosed_at": moment("diagnosed_s"),
            "decided_at": moment("decided_s"),
            "on_site_at": moment("on_site_s"),
            "started_at": moment("started_s"),
            "restored_at": moment("restored_s"),
            "completed_at": moment("completed_s"),
            "updated_at": moment("updated_s"),
            "cause": rows["cause"].replace("", None),
            "households_without_heat": rows["without_heat"].astype("Int64").where(rows["without_heat"] >= 0),
            "planned": rows["planned"],
            "summary": rows["kind"].map(_SUMMARY).fillna("巡视"),
            "crew_leader": rows["crew"],
        }
    )
