"""Heat balance: the measured homes of each station and system by day, and each system against its own weather curve."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.rooms import outdoor_days, worst_of_homes

_Z = 1.959963984540054  # 97.5 % point of the normal distribution
_OVERHEATED_DEGC = 24.0
_CURVE_DAYS, _CURVE_LEAST = 28, 14
_COLD_SHARE, _HOT_SHARE = 0.1, 0.25
_FEWEST_HOMES, _FEWEST_FOUND, _FEWEST_AT_AN_END = 3, 2, 2
_WATCH_DEGC, _ACT_DEGC = 1.0, 3.0
_NETWORK = ["secondary_supply_degc", "secondary_return_degc", "supply_off_curve_degc"]
_KEY = ["day", "unit_kind", "unit_id"]
_COUNTS = (
    "measured_households", "near_households", "far_households", "below_standard_households", "overheated_households",
    "visited_households", "visited_below_standard_households",
)  # fmt: skip


def heat_balance(observed: Observed, register: Register, judged: pd.DataFrame) -> pd.DataFrame:
    """One row a season day and unit that has measured homes or readings of a system."""
    rooms, network = _rooms(register, judged), _network(observed)
    both = rooms.merge(network, on=_KEY, how="outer")
    parts = []
    for season in observed.seasons:
        mine = both[(both["day"] >= season.first_day) & (both["day"] <= observed.last_day(season))]
        mine = mine.merge(_missing_meters(observed.systems, season.first_day, observed.last_day(season)), on=_KEY, how="left")
        mine["energy_gj"] = mine["energy_gj"].where(mine["missing_heat_meters"].isna())
        parts.append(mine.assign(season=season.code))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(valve_advice=_advice(frame), balance_state=_balance(frame))
    return frame.sort_values(_KEY).reset_index(drop=True)


def _rooms(register: Register, judged: pd.DataFrame) -> pd.DataFrame:
    """Homes of fixed and remote points; those of which a visit alone speaks are counted beside them."""
    in_person = judged["kind"] == "mobile"
    homes, visited = _placed(register, judged[~in_person]), _placed(register, judged[in_person])
    known = pd.MultiIndex.from_frame(homes[["household", "day"]])
    visited = visited[~pd.MultiIndex.from_frame(visited[["household", "day"]]).isin(known)]
    parts = []
    for unit_kind in ("station", "system"):
        alone = visited.assign(cold=visited["margin"] < 0).groupby(["day", f"{unit_kind}_id"])["cold"].agg(["size", "sum"])
        alone.columns = pd.Index(["visited_households", "visited_below_standard_households"])
        alone = alone.rename_axis(["day", "unit_id"]).reset_index().assign(unit_kind=unit_kind)
        both = _spread(homes, unit_kind).merge(alone, on=_KEY, how="outer")
        parts.append(both.fillna(dict.fromkeys(_COUNTS, 0)))
    return pd.concat(parts, ignore_index=True)


def _placed(register: Register, judged: pd.DataFrame) -> pd.DataFrame:
    """The room that speaks for each home and day, with station, system and place in the network."""
    homes = worst_of_homes(judged)
    homes = homes[homes["station"] >= 0]
    buildings, row = register.buildings.rows, homes["building"].to_numpy()
    return homes.assign(
        station_id=register.station_ids[homes["station"].to_numpy()],
        system_id=buildings["system_id"].to_numpy()[row],
        position=buildings["network_position"].to_numpy()[row],
    )


def _spread(homes: pd.DataFrame, unit_kind: str) -> pd.DataFrame:
    """Quantiles, ends and shares of the homes of each unit and day."""
    unit, code = np.unique(homes[f"{unit_kind}_id"].to_numpy().astype(str), return_inverse=True)
    cell, group = np.unique(homes["day"].to_numpy() * len(unit) + code, return_inverse=True)
    value, position = homes["value"].to_numpy(), homes["position"].to_numpy()
    count = np.bincount(group)

    def mean(numbers: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        weight = np.ones(len(numbers)) if among is None else among.astype(float)
        number = np.bincount(group, weight)
        return np.where(number > 0, np.bincount(group, weight * numbers) / np.maximum(number, 1), np.nan)

    centre = mean(value)
    ordered = value[np.lexsort((value, group))]
    first = np.cumsum(count) - count
    made: dict[str, np.ndarray] = {"day": cell // len(unit), "unit_id": unit[cell % len(unit)], "measured_households": count}
    for name, share in (("p10_degc", 0.1), ("p50_degc", 0.5), ("p90_degc", 0.9)):
        place = share * (count - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, count - 1)
        made[name] = ordered[first + low] + (place - low) * (ordered[first + high] - ordered[first + low])
    made["near_far_degc"] = mean(value, position == "near") - mean(value, position == "far")
    for end in ("near", "far"):
        made[f"{end}_households"] = np.bincount(group, position == end)
    for name, found in (("below_standard", homes["margin"].to_numpy() < 0), ("overheated", value > _OVERHEATED_DEGC)):
        made[f"{name}_households"] = np.bincount(group, found)
        made[f"{name}_share"] = made[f"{name}_households"] / count
        made[f"{name}_share_low"] = _at_least(made[f"{name}_households"], count)
    made["variation"] = np.sqrt(mean((value - centre[group]) ** 2)) / centre
    return pd.DataFrame(made).assign(unit_kind=unit_kind)


def _network(observed: Observed) -> pd.DataFrame:
    """Day means by system and station; a station has the mean of its systems, and the sum of their heat."""
    if observed.systems.empty:
        return pd.DataFrame(columns=[*_KEY, *_NETWORK, "energy_gj"])
    outdoor = outdoor_days(observed)
    days = observed.systems.assign(outdoor=observed.systems["day"].map(outdoor))
    days["supply_off_curve_degc"] = days["secondary_supply_degc"] - _curve(days)
    parts = []
    for unit_kind in ("station", "system"):
        grouped = days.groupby(["day", f"{unit_kind}_id"])
        made = grouped[_NETWORK].mean().join(grouped["energy_gj"].sum(min_count=1)).reset_index()
        parts.append(made.rename(columns={f"{unit_kind}_id": "unit_id"}).assign(unit_kind=unit_kind))
    return pd.concat(parts, ignore_index=True)


def _missing_meters(systems: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Units without their whole heat and the systems that lack it: each is owed from its first day on, while any system sends."""
    none = pd.DataFrame(columns=[*_KEY, "missing_heat_meters"]).astype({"day": np.int64})
    mine = systems[(systems["day"] >= first) & (systems["day"] <= last)] if len(systems) else systems
    if mine.empty:
        return none
    told = set(map(tuple, mine.loc[mine["energy_gj"].notna(), ["system_id", "day"]].to_numpy().tolist()))
    began = mine.groupby("system_id").agg(since=("day", "min"), station=("station_id", "first"))
    lacking = [
        (day, kind, unit, str(name))
        for name, since, station in zip(began.index, began["since"], began["station"], strict=True)
        for day in range(int(since), min(last, int(systems["day"].max())) + 1)
        if (name, day) not in told
        for kind, unit in (("station", station), ("system", name))
    ]
    frame = pd.DataFrame(lacking, columns=[*_KEY, "missing_heat_meters"]).astype({"day": np.int64})
    named = frame.sort_values([*_KEY, "missing_heat_meters"]).groupby(_KEY)["missing_heat_meters"].agg(", ".join)
    return named.reset_index()


def _curve(days: pd.DataFrame) -> np.ndarray:
    """What the straight line through the days before says for each system and day, by sums over a moving stretch of days."""
    system, row = np.unique(days["system_id"].to_numpy().astype(str), return_inverse=True)
    first = int(days["day"].min()) - 1
    column = days["day"].to_numpy(dtype=int) - first
    usable = days["outdoor"].notna().to_numpy() & days["secondary_supply_degc"].notna().to_numpy()
    # Far from the means the sums of squares would cost the digits that are wanted.
    x = np.where(usable, days["outdoor"].to_numpy() + 8, 0.0)
    y = np.where(usable, days["secondary_supply_degc"].to_numpy() - 46, 0.0)
    width = int(column.max()) + 1

    def before(numbers: np.ndarray) -> np.ndarray:
        grid = np.zeros((len(system), width))
        grid[row, column] = numbers
        total = np.cumsum(grid, axis=1)
        lower = np.concatenate([np.zeros((len(system), _CURVE_DAYS)), total], axis=1)[:, :width]
        return (total - grid - (lower - np.concatenate([np.zeros((len(system), _CURVE_DAYS)), grid], axis=1)[:, :width]))[
            row, column
        ]

    n, sx, sy, sxx, sxy = (before(numbers) for numbers in (usable.astype(float), x, y, x * x, x * y))
    spread = n * sxx - sx * sx
    slope = (n * sxy - sx * sy) / np.where(spread > 0, spread, np.nan)
    expected = (sy - slope * sx) / np.maximum(n, 1) + slope * (days["outdoor"].to_numpy() + 8) + 46
    return np.where(n >= _CURVE_LEAST, expected, np.nan)


def _at_least(found: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Smallest share of which so many are no surprise: the lower root of (found / count - p)^2 = z^2 p (1 - p) / count."""
    a, b, c = count + _Z**2, 2 * found + _Z**2, found**2 / count
    return np.maximum((b - np.sqrt(np.maximum(b**2 - 4 * a * c, 0))) / (2 * a), 0)


def _advice(frame: pd.DataFrame) -> np.ndarray:
    """Several homes, and more of them than chance would find, turn a valve."""
    known = frame["measured_households"] >= _FEWEST_HOMES
    cold = (frame["below_standard_households"] >= _FEWEST_FOUND) & (frame["below_standard_share_low"] >= _COLD_SHARE)
    hot = (frame["overheated_households"] >= _FEWEST_FOUND) & (frame["overheated_share_low"] >= _HOT_SHARE)
    return np.select([~known, cold & hot, cold, hot], ["", "leave", "open", "close"], "leave")


def _balance(frame: pd.DataFrame) -> np.ndarray:
    difference = frame["near_far_degc"]
    ends = frame[["near_households", "far_households"]].min(axis=1) >= _FEWEST_AT_AN_END
    act, watch = (difference > _ACT_DEGC) & ends, difference > _WATCH_DEGC
    return np.select([difference.isna(), act, watch], ["", "act", "watch"], "fine")
