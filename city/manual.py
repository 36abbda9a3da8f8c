"""Room temperatures that people measure: the rounds of the fixed points and the visits to the mobile ones.

Each row carries what the truth needs (point, time, value) and what is written down (`point_text`, `time_text`,
`value_text`), which differ where a defect was planted. `reason` names the first reason to reject the row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import COMFORT_DEGC, DAY_S, OFFSET_S, STANDARD_DEGC, Window, local_day, local_s
from city.people import names, phones
from city.points import Points
from city.rooms import Grid, Rooms
from city.streams import Streams, affordable, pick_distinct

_LIMITS_TENTHS = tuple(round(10 * v) for v in (STANDARD_DEGC["living_room"], *COMFORT_DEGC))
_UNREADABLE = ("--", "暂无", "未入户", "18.x")
_ROUND_XLSX_HOUR, _ROUND_CSV_HOUR = 21.5, 21 + 40 / 60
# Share of the rows that get a defect; each kind is planted at least twice.
_SHARES = {
    "unreadable_value": 0.0025,
    "missing_value": 0.0025,
    "out_of_range": 0.002,
    "unknown_point": 0.0015,
    "unreadable_time": 0.001,
    "time_after_arrival": 0.001,
    "time_too_old": 0.0006,
    "conflicting_duplicate": 0.001,
    "missing_key": 0.0004,
    "two": 0.0004,
    "duplicate": 0.003,
}


def avoid_limits(tenths: np.ndarray) -> np.ndarray:
    """Move a value that would stand exactly on a limit by a tenth of a degree."""
    tenths = tenths.copy()
    for limit in _LIMITS_TENTHS:
        exact = tenths == limit
        tenths[exact] += np.where(np.arange(int(exact.sum())) % 2 == 0, 1, -1)
    return tenths


def fixed_rounds(rooms: Rooms, points: Points, streams: Streams, window: Window) -> pd.DataFrame:
    """Tests of the fixed points as they stand in the files of the rounds, defects and sent-again files included."""
    frame = pd.concat([_rounds_of_season(rooms, points, streams, g) for g in rooms.grids], ignore_index=True)
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    rng = streams.rng("fixed", "defects", window.start, window.end)
    parts = []
    for _, of_format in frame.groupby("is_xlsx", sort=True):
        parts.append(plant_defects(of_format.reset_index(drop=True), rng))
    frame = pd.concat(parts, ignore_index=True).sort_values(["arrival_s", "branch", "read_s", "point"], kind="stable")
    frame = _reject_unregistered(frame, points, window)
    return _send_again(frame.reset_index(drop=True), rng, window)


def _rounds_of_season(rooms: Rooms, points: Points, streams: Streams, grid: Grid) -> pd.DataFrame:
    """About every third day each point is tested between 16 and 20 o'clock."""
    rng = streams.rng("fixed", grid.season)
    count = len(points)
    day, point = (a.ravel() for a in np.meshgrid(np.arange(grid.days), np.arange(count), indexing="ij"))
    turn = rng.integers(0, 3, count)
    tested = ((day + turn[point]) % 3 == 0) & (rng.random(len(day)) > 0.06) & points.valid(point, day + grid.first_day)
    day, point = day[tested], point[tested]
    minute = rng.integers(16 * 60, 20 * 60, len(day))
    home = points.household_on(point, day + grid.first_day)
    value = rooms.at(grid.season, home, day * 24 + minute // 60) + rng.normal(0, 0.2, len(day))
    station = rooms.network.household_station(grid.season)[home]
    branch = rooms.network.station_branch[station]
    is_xlsx = branch % 2 == 0
    midnight = grid.start_s + day * DAY_S
    staff = names(streams.rng("fixed", "staff"), 40)
    frame = pd.DataFrame(
        {
            "point": point,
            "read_s": midnight + minute * 60,
            "arrival_s": midnight + np.where(is_xlsx, round(_ROUND_XLSX_HOUR * 3600), round(_ROUND_CSV_HOUR * 3600)),
            "tenths": avoid_limits(np.rint(value * 10).astype(int)),
            "is_xlsx": is_xlsx,
            "branch": branch,
            "station": station,
            "community": rooms.network.building_community[rooms.network.household_building[home]],
            "staff": staff[(branch * 7 + point) % 40],
            "version": 1,
        }
    )
    return _circumstances(frame, points, rng)


def mobile_visits(rooms: Rooms, points: Points, streams: Streams, window: Window) -> pd.DataFrame:
    """Visits as items of the visit system: versions, late uploads, defects."""
    visits = pd.concat([_visits_of_season(rooms, points, streams, g) for g in rooms.grids], ignore_index=True)
    visits = visits.sort_values(["read_s", "point"], kind="stable").reset_index(drop=True)
    day = local_day(visits["read_s"].to_numpy())
    order = visits.groupby(day).cumcount().to_numpy() + 1
    stamp = np.char.replace(np.asarray(day, dtype="datetime64[D]").astype(str), "-", "")
    visits["visit_no"] = np.char.add(np.char.add("V", stamp), np.char.zfill(order.astype(str), 5))
    rng = streams.rng("mobile", "versions")
    items = _versions(visits, rng)
    items = items[window.holds(items["arrival_s"].to_numpy())].reset_index(drop=True)
    rng = streams.rng("mobile", "defects", window.start, window.end)
    items = plant_defects(items, rng)
    items = _reject_unregistered(items, points, window)
    return items.sort_values("arrival_s", kind="stable").reset_index(drop=True)


def _visits_of_season(rooms: Rooms, points: Points, streams: Streams, grid: Grid) -> pd.DataFrame:
    """About ten visits a point, more of them on cold days; now and then a second test forty minutes later."""
    rng = streams.rng("mobile", grid.season)
    cold = np.exp(-rooms.deficit[grid.season].reshape(-1, 24).mean(axis=1) / 6)
    parts = []
    for number in range(len(points)):
        count = int(rng.poisson(10))
        chosen = rng.choice(grid.days, size=min(count, grid.days), replace=False, p=cold / cold.sum())
        parts.append(np.stack([np.full(len(chosen), number), np.sort(chosen)]))
    point, day = np.concatenate(parts, axis=1)
    minute = rng.integers(9 * 60, 19 * 60, len(day))
    again = np.flatnonzero(rng.random(len(day)) < 0.03)
    point, day = np.append(point, point[again]), np.append(day, day[again])
    minute = np.append(minute, minute[again] + 40)
    valid = points.valid(point, day + grid.first_day)
    point, day, minute = point[valid], day[valid], minute[valid]
    home = points.household_on(point, day + grid.first_day)
    value = rooms.at(grid.season, home, day * 24 + minute // 60) + rng.normal(0, 0.25, len(day)) - 0.15
    read_s = grid.start_s + day * DAY_S + minute * 60
    late = np.where(rng.random(len(day)) < 0.03, rng.integers(1, 7, len(day)) * DAY_S, 0)
    staff = names(streams.rng("mobile", "staff"), 60)
    station = rooms.network.household_station(grid.season)[home]
    frame = pd.DataFrame(
        {
            "point": point,
            "read_s": read_s,
            "arrival_s": read_s + rng.integers(10 * 60, 150 * 60, len(day)) + late,
            "tenths": avoid_limits(np.rint(value * 10).astype(int)),
            "staff": staff[(station * 5 + point) % 60],
            "resident_phone": phones(rng, len(day)),
            "place": np.array(["center", "window", "wall"])[rng.choice(3, len(day), p=[0.9, 0.04, 0.06])],
            "version": 1,
        }
    )
    return _circumstances(_settle_means(frame), points, rng)


def _settle_means(frame: pd.DataFrame) -> pd.DataFrame:
    """The mean of two tests of a day must not stand on a limit either."""
    day = local_day(frame["read_s"].to_numpy())
    pair = frame.groupby(["point", day])["tenths"]
    mean, last = (
        pair.transform("mean").to_numpy(),
        ~frame.assign(day=day).duplicated(["point", "day"], keep="last").to_numpy(),
    )
    near = np.zeros(len(frame), dtype=bool)
    for limit in _LIMITS_TENTHS:
        near |= np.abs(mean - limit) < 0.3
    tenths = frame["tenths"].to_numpy().copy()
    tenths[near & last & (pair.transform("size").to_numpy() > 1)] += 2
    return frame.assign(tenths=avoid_limits(tenths))


def _circumstances(frame: pd.DataFrame, points: Points, rng: np.random.Generator) -> pd.DataFrame:
    """How it was measured, and the texts that stand for point, time and value."""
    count = len(frame)
    frame["height"] = np.where(rng.random(count) < 0.93, 1.4, np.round(rng.uniform(0.4, 2.0, count), 1))
    frame["closed_min"] = np.where(rng.random(count) < 0.92, rng.integers(120, 260, count), rng.integers(0, 110, count))
    frame["instrument"] = np.char.add("I-", np.char.zfill(rng.integers(1, 400, count).astype(str), 4))
    frame["calibrated"] = local_day(frame["read_s"].to_numpy()) - rng.integers(20, 330, count)
    frame["signed"] = rng.random(count) < 0.96
    frame["point_text"] = points.ids[frame["point"].to_numpy()]
    frame["value_text"] = tenths_text(frame["tenths"].to_numpy())
    frame["time_text"], frame["reason"], frame["duplicate"] = "", "", False
    return frame


def tenths_text(tenths: np.ndarray) -> np.ndarray:
    """`19.5` for 195, as an object array."""
    return np.array([f"{t / 10:.1f}" for t in tenths.tolist()], dtype=object)


def _versions(visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Corrections: the first version was mistyped, the second one is right; at times the first one is sent again."""
    lonely = ~visits.assign(day=local_day(visits["read_s"].to_numpy())).duplicated(["point", "day"], keep=False)
    picks = pick_distinct(rng, np.flatnonzero(lonely), {"wrong": max(4, len(visits) // 50), "unread": max(1, len(visits) // 300)})
    right = visits.copy()
    wrong = right.index[picks["wrong"]]
    both = np.concatenate([picks["wrong"], picks["unread"]])
    second = right.iloc[both].copy()
    second["version"] = 2
    second["arrival_s"] += rng.integers(1800, 3 * DAY_S, len(second))
    typed = avoid_limits(right.loc[wrong, "tenths"].to_numpy() + rng.choice([-40, -30, 30], len(wrong)))
    right.loc[wrong, "tenths"] = typed
    right.loc[wrong, "value_text"] = tenths_text(typed)
    unread = right.index[picks["unread"]]
    right.loc[unread, ["value_text", "reason"]] = ["--", "unreadable_value"]
    stale = right.iloc[picks["wrong"][::5]].copy()
    stale["arrival_s"] = second.iloc[: len(picks["wrong"]) : 5]["arrival_s"].to_numpy() + 7200
    return pd.concat([right, second, stale], ignore_index=True)


def plant_defects(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows, one defect each (`two`: an unreadable value at an unknown point, counted as unreadable)."""
    if frame.empty:
        return frame
    frame = frame.copy()
    clean = np.flatnonzero((frame["reason"] == "").to_numpy())
    picks = pick_distinct(rng, clean, affordable(rng, _SHARES, len(frame)))
    for kind in (
        "unreadable_value",
        "missing_value",
        "out_of_range",
        "unknown_point",
        "unreadable_time",
        "time_after_arrival",
        "time_too_old",
        "missing_key",
    ):
        frame.loc[picks[kind], "reason"] = kind
    frame.loc[picks["two"], "reason"] = "unreadable_value"
    unread = np.append(picks["unreadable_value"], picks["two"])
    frame.loc[unread, "value_text"] = rng.choice(np.array(_UNREADABLE, dtype=object), len(unread))
    frame.loc[picks["missing_value"], "value_text"] = ""
    frame.loc[picks["out_of_range"], "value_text"] = tenths_text(frame.loc[picks["out_of_range"], "tenths"].to_numpy() * 10)
    strange = np.append(picks["unknown_point"], picks["two"])
    frame.loc[strange, "point_text"] = [t[:1] + "O" + t[2:] for t in frame.loc[strange, "point_text"]]
    frame.loc[picks["missing_key"], "point_text"] = ""
    late = frame.loc[picks["time_after_arrival"], "arrival_s"].to_numpy() // DAY_S * DAY_S - OFFSET_S + 3 * DAY_S + 17 * 3600
    frame.loc[picks["time_after_arrival"], "read_s"] = late
    frame.loc[picks["time_too_old"], "read_s"] = local_s(0, 8) + 60 * np.arange(len(picks["time_too_old"]))
    frame.loc[picks["unreadable_time"], "time_text"] = "02-30"
    pair = frame.loc[picks["conflicting_duplicate"]]
    frame.loc[picks["conflicting_duplicate"], "reason"] = "conflicting_duplicate"
    other = pair.assign(reason="conflicting_duplicate", value_text=tenths_text(pair["tenths"].to_numpy() + 12))
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    return pd.concat([frame, other, again], ignore_index=True)


def _reject_unregistered(frame: pd.DataFrame, points: Points, window: Window) -> pd.DataFrame:
    """Points that the register learns only after the window stay unknown."""
    unknown = local_day(np.array([window.end_s]))[0] <= points.recorded_day
    hit = unknown[frame["point"].to_numpy()] & frame["reason"].isin(["", "conflicting_duplicate"]).to_numpy()
    return frame.assign(reason=np.where(hit, "unknown_point", frame["reason"]))


def _send_again(frame: pd.DataFrame, rng: np.random.Generator, window: Window) -> pd.DataFrame:
    """Whole files that come once more under a new name at ten past nine the next morning."""
    frame["again"] = False
    copies = [frame]
    for is_xlsx in (True, False):
        mine = frame[frame["is_xlsx"] == is_xlsx]
        risky = set(mine.loc[mine["reason"] == "time_after_arrival", "arrival_s"])
        files = np.array(sorted(set(mine["arrival_s"]) - risky), dtype=np.int64)
        for arrival in rng.permutation(files)[: max(1, len(files) // 60)].tolist():
            later = (arrival + OFFSET_S) // DAY_S * DAY_S - OFFSET_S + DAY_S + 9 * 3600 + 600
            if later < window.end_s:
                copies.append(mine[mine["arrival_s"] == arrival].assign(arrival_s=later, again=True))
    return pd.concat(copies, ignore_index=True)
