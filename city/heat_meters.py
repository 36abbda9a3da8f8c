"""Heat meters of some buildings and homes, read twice a day and sent in a file each evening.

A building has one meter with counters of volume times temperature, or a meter in some of its homes that has none. Some are changed,
some lie for an evening, some stay silent for days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import DAY_S, Window, iso_days, local_day, local_s, local_text
from city.network import Network
from city.planted import feed_counts
from city.rooms import Grid
from city.sheets import Shelf
from city.streams import Streams, affordable, pick_distinct
from city.weather import Weather

COUNTERS = ("heat", "volume", "supply_product", "return_product")
_HEADER = {
    "meter_id": "表号",
    "building_id": "楼栋",
    "household_id": "户号",
    "time_text": "抄表时间",
    "heat": "累计热量(kWh)",
    "volume": "累计流量(m3)",
    "supply_product": "供水热积",
    "return_product": "回水热积",
    "flow": "瞬时流量(m3/h)",
    "supply": "供水温度(℃)",
    "back": "回水温度(℃)",
}
_HOURS = (6, 18)
_SENT_AT_HOUR = 19.5
_METERED_HOMES = 12
_KW_PER_M2_AND_DEGREE = 0.00175
_KWH_PER_M3_DEGC = 1.163
_SHARES = {
    "unreadable_time": 3e-4,
    "missing_value": 3e-4,
    "duplicate": 5e-4,
    "missing": 6e-3,
    "error_code": 4e-4,
    "out_of_range": 4e-4,
}
_BAD = {"error_code": ("heat", 99_999_999, "heat_counter_gj"), "out_of_range": ("supply", 150.3, "supply_degc")}
_HAPPENINGS = ("begins_anew", "leaps", "falls", "lies", "lies_twice", "silent")


def meters(network: Network, streams: Streams) -> pd.DataFrame:
    """meter_id, building, household_id ('' of a building's own), area (m2), share of the usual heat, its water's cooling (degC)."""
    rng = streams.rng("heat_meters")
    chosen = rng.permutation(network.size.buildings)[: network.size.some(60, 4)]
    of_homes = network.household_building[: network.size.residents]
    parts = []
    for nth, building in enumerate(chosen.tolist()):
        homes = np.flatnonzero(of_homes == building)
        if nth % 2 == 0:
            parts.append((building, "", float(network.household_area[homes].sum())))
        else:
            ids = network.household_ids
            parts += [(building, str(ids[home]), float(network.household_area[home])) for home in homes[:_METERED_HOMES]]
    frame = pd.DataFrame(parts, columns=["building", "household_id", "area"])
    frame["meter_id"] = [f"RB-{number:05d}" for number in range(1, len(frame) + 1)]
    own = rng.lognormal(0, 0.12, network.size.buildings)[frame["building"]]
    frame["share"] = own * rng.lognormal(0, 0.2, len(frame))
    frame["cooling"] = np.clip(rng.normal(9, 2, network.size.buildings)[frame["building"]] + rng.normal(0, 1, len(frame)), 3, 14)
    return frame


def heat_meter_rows(network: Network, weather: Weather, grids: list[Grid], streams: Streams, window: Window) -> pd.DataFrame:
    """Rows with read_s, arrival_s, reason, bad (`channel:reason`) and duplicate, in the order they are sent."""
    found = meters(network, streams)
    counted = np.zeros((len(found), len(COUNTERS)))
    counted[:, 0] = np.round(streams.rng("heat_meters", "begin").uniform(4_000, 60_000, len(found)))
    counted[:, 1] = counted[:, 0] / (_KWH_PER_M3_DEGC * 9)
    parts = []
    for grid in grids:
        frame, counted = _season(found, counted, weather, grid)
        parts.append(_happen(frame, len(found), streams.rng("heat_meters", grid.season, "happenings")))
    rows = pd.concat(parts, ignore_index=True)
    rows["building_id"] = network.building_ids[rows["building"].to_numpy()]
    return _sent(rows, streams.rng("heat_meters", "delivery"), window)


def _season(found: pd.DataFrame, counted: np.ndarray, weather: Weather, grid: Grid) -> tuple[pd.DataFrame, np.ndarray]:
    """Readings of a season, meter by meter, and where its counters end."""
    hours = weather.season_hours(grid.first_day, grid.days)
    kw = np.outer(found["area"] * found["share"], _KW_PER_M2_AND_DEGREE * np.maximum(18 - hours, 3))
    supply = np.clip(46 - 0.45 * hours, 38, 58)
    back = supply - found["cooling"].to_numpy()[:, None]
    flow = kw / (_KWH_PER_M3_DEGC * (supply - back))
    rates = np.stack([kw, flow, flow * supply, flow * back], axis=2)
    total = np.cumsum(rates, axis=1) + counted[:, None, :]
    at = np.add.outer(np.arange(grid.days) * 24, _HOURS).ravel()
    count = len(found)
    shown = {name: total[:, at - 1, place].ravel() for place, name in enumerate(COUNTERS)}
    frame = found.loc[np.repeat(np.arange(count), len(at)), ["meter_id", "building", "household_id"]].reset_index(drop=True)
    frame = frame.assign(
        meter=np.repeat(np.arange(count), len(at)),
        read_s=np.tile(local_s(grid.first_day) + at * 3600, count),
        flow=np.round(flow[:, at].ravel(), 3),
        supply=np.round(np.tile(supply[at], count), 1),
        back=np.round(back[:, at].ravel(), 1),
        **shown,
    )
    return frame, total[:, -1, :]


def _happen(frame: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """What befalls meters in a season: each of a few meters one thing, at one evening in its middle."""
    frame = frame.assign(happened="", kept=True)
    times = len(frame) // count
    befallen = rng.permutation(count)[: len(_HAPPENINGS) * max(1, count // 60)]
    for nth, meter in enumerate(befallen.tolist()):
        what = _HAPPENINGS[nth % len(_HAPPENINGS)]
        evening = meter * times + 1 + 2 * int(rng.integers(times // 8, times // 3))
        later, counters = np.arange(evening, (meter + 1) * times), list(COUNTERS)
        if what == "begins_anew":
            frame.loc[later, counters] -= frame.loc[evening - 1, counters].astype("float64")
        elif what == "leaps":
            frame.loc[later, "heat"] += 5_000_000
        elif what == "falls":
            frame.loc[later, "heat"] -= 0.3 * frame["heat"].to_numpy()[evening]
        elif what == "lies":
            frame.loc[evening, "heat"] = 0
        elif what == "lies_twice":
            frame.loc[[evening, evening + 4], "heat"] = [0, 90_000_000]
        else:
            frame.loc[later[:18], "kept"] = False
        frame.loc[evening, "happened"] = what
    decimals = {"heat": 0, "volume": 2, "supply_product": 1, "return_product": 1}
    frame = frame.round(decimals)
    frame.loc[frame["household_id"] != "", ["supply_product", "return_product"]] = np.nan
    return frame


def _sent(rows: pd.DataFrame, rng: np.random.Generator, window: Window) -> pd.DataFrame:
    rows = rows.assign(reason="", bad="", duplicate=False)
    rows["arrival_s"] = local_day(rows["read_s"].to_numpy()) * DAY_S + local_s(0, _SENT_AT_HOUR)
    rows["time_text"] = local_text(rows["read_s"].to_numpy())
    inside = np.flatnonzero(window.holds(rows["arrival_s"].to_numpy()) & rows["kept"] & (rows["happened"] == ""))
    picks = pick_distinct(rng, inside, affordable(rng, _SHARES, len(inside)))
    rows.loc[picks["unreadable_time"], "time_text"] = "2016-02-30 06:00:00"
    rows.loc[picks["missing_value"], "building_id"] = ""
    for reason in ("unreadable_time", "missing_value"):
        rows.loc[picks[reason], "reason"] = reason
    for reason, (column, wrong, canonical) in _BAD.items():
        rows.loc[picks[reason], column] = wrong
        rows.loc[picks[reason], "bad"] = f"{canonical}:{reason}"
    again = rows.loc[picks["duplicate"]].assign(duplicate=True)
    rows = pd.concat([rows[rows["kept"] & ~rows.index.isin(picks["missing"])], again])
    rows = rows[window.holds(rows["arrival_s"].to_numpy())]
    return rows.sort_values(["arrival_s", "meter", "read_s"], kind="stable").reset_index(drop=True)


def write_heat_meters(shelf: Shelf, rows: pd.DataFrame) -> None:
    """A text file each evening, in UTF-8 with its mark."""
    shown = rows[list(_HEADER)].rename(columns=_HEADER)
    shown["累计热量(kWh)"] = rows["heat"].astype("int64")
    arrivals = rows["arrival_s"].to_numpy()
    for arrival in np.unique(arrivals).tolist():
        day = iso_days(local_day(np.array([arrival])))[0].replace("-", "")
        shelf.put(f"heat_meters/CB_{day}.csv", shown[arrivals == arrival].to_csv(index=False).encode("utf-8-sig"), arrival)


def planted_of(rows: pd.DataFrame) -> dict[str, object]:
    """What is known of the feed, with how many meters something befell."""
    befell = rows.loc[rows["happened"] != "", "happened"].value_counts()
    other = {f"meters_{name}": int(befell.get(name, 0)) for name in _HAPPENINGS if name != "silent"}
    return feed_counts(rows["reason"], rows["duplicate"], other, rows["bad"])


def sound_heat_meters(rows: pd.DataFrame) -> pd.DataFrame:
    """What the truth starts from: a channel that cannot be used is not known."""
    sound = rows[(rows["reason"] == "") & ~rows["duplicate"]].reset_index(drop=True)
    for column, _, canonical in _BAD.values():
        sound[column] = sound[column].mask(sound["bad"].str.startswith(canonical))
    return sound
