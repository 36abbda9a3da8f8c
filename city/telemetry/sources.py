"""The three plants and the two lines that join them: what each gives, and who lends whom heat when one stands still.

A line takes the name of the two plants it joins; its flow counts from the first to the second, so a negative one runs back.
Heat is what the water carries by the difference of supply and return. In an outage the neighbours give what the lines can
carry; the rest is missing. In mild weather the plant in the middle now and then spares a neighbour some of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, Window, local_s, local_text
from city.network import Network
from city.rooms import Grid, Rooms
from city.streams import Streams, affordable, pick_distinct
from city.weather import Weather

PLANTS = ("PLANT-2", "PLANT-4", "PLANT-5")
LINES = {"TIE-24": (0, 1), "TIE-45": (1, 2)}
LINE_ENDS = {name: (PLANTS[a], PLANTS[b]) for name, (a, b) in LINES.items()}
KWH_PER_M3_DEGC = 1.163
_KW_PER_M2_AND_DEGREE = 0.00115
_LINE_SHARE = 0.55
_OUTAGE_HOURS = {"planned": (20, 44), "unplanned": (7, 26)}
_CANONICAL = {"back": "return_degc", "heat": "heat_kw"}
_SHARES = {"error_code": 8e-4, "out_of_range": 4e-4, "duplicate": 8e-4, "late": 1e-3, "missing": 1e-3}


@dataclass(frozen=True)
class Outage:
    """A plant that stands still, hours of a season's grid, half open."""

    plant: int
    kind: str
    first_hour: int
    hours: int


def plan_outages(grid: Grid, streams: Streams) -> list[Outage]:
    """Each plant once planned in the mild weeks, and two of them once without a plan in the cold."""
    rng = streams.rng("sources", grid.season, "outages")
    outages = []
    for plant in range(len(PLANTS)):
        begin = int(rng.integers(8 * 24, 20 * 24)) + plant * 20 * 24 // 3
        outages.append(Outage(plant, "planned", begin, int(rng.integers(*_OUTAGE_HOURS["planned"]))))
    for nth, plant in enumerate(rng.permutation(len(PLANTS))[:2].tolist()):
        begin = (60 + 40 * nth) * 24 + int(rng.integers(0, 20 * 24))
        outages.append(Outage(plant, "unplanned", begin, int(rng.integers(*_OUTAGE_HOURS["unplanned"]))))
    return outages


def source_hours(rooms: Rooms, weather: Weather, streams: Streams, grid: Grid) -> tuple[pd.DataFrame, list[Outage]]:
    """True hours of a season: one row a source and hour, values as they are measured."""
    rng = streams.rng("sources", grid.season, "hours")
    outages = plan_outages(grid, streams)
    demand = _demand(rooms.network, weather, grid)
    demand *= 1 + 0.01 * rng.standard_normal(demand.shape)
    stands = np.zeros((len(PLANTS), grid.hours), dtype=int)
    for outage in outages:
        stands[outage.plant, outage.first_hour : outage.first_hour + outage.hours] = 1 if outage.kind == "planned" else 2
    lent = _lent(demand, stands > 0, rng)
    output = np.where(stands > 0, 0.0, demand)
    for line, (a, b) in enumerate(LINES.values()):
        output[a] += np.where(stands[a] > 0, 0, lent[line])
        output[b] -= np.where(stands[b] > 0, 0, lent[line])
    supply = 92 - 0.9 * weather.season_hours(grid.first_day, grid.days)
    difference = 42 - 0.55 * weather.season_hours(grid.first_day, grid.days)
    parts = []
    for plant, name in enumerate(PLANTS):
        names = np.array(["running", "planned_outage", "outage"])[stands[plant]]
        parts.append(_measured(name, "plant", output[plant], supply + rng.normal(0, 0.4, grid.hours), difference, names))
    for line, name in enumerate(LINES):
        measured = _measured(name, "tie", lent[line], supply - 1.5, difference, np.full(grid.hours, "running"))
        parts.append(measured.assign(valve=np.where(lent[line] == 0, 0.0, np.round(rng.uniform(30, 95, grid.hours), 1))))
    return pd.concat(parts, ignore_index=True), outages


def _demand(network: Network, weather: Weather, grid: Grid) -> np.ndarray:
    """Heat that the network of each plant takes, kW by hour."""
    plant = np.searchsorted(PLANTS, network.station_plant[network.household_station(grid.season)])
    area = np.bincount(plant, network.household_area, len(PLANTS))
    return area[:, None] * _KW_PER_M2_AND_DEGREE * np.maximum(18 - weather.season_hours(grid.first_day, grid.days), 3)


def _lent(demand: np.ndarray, stands: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Heat through each line, kW by hour, counted from its first plant to its second."""
    lent = np.zeros((len(LINES), demand.shape[1]))
    spared = rng.random(demand.shape[1] // 24 + 1) < 0.08
    for line, (a, b) in enumerate(LINES.values()):
        most = _LINE_SHARE * np.minimum(demand[a], demand[b])
        lent[line] = np.where(stands[b] & ~stands[a], most, 0) - np.where(stands[a] & ~stands[b], most, 0)
        help_out = spared[np.arange(demand.shape[1]) // 24] & ~stands.any(axis=0)
        lent[line] += np.where(help_out, 0.06 * most * (1 if line else -1), 0)
    return lent


def _measured(
    name: str, kind: str, heat_kw: np.ndarray, supply: np.ndarray, difference: np.ndarray, state: np.ndarray
) -> pd.DataFrame:
    supply = np.round(np.minimum(supply, 128.0), 1)
    back = np.round(supply - difference, 1)
    flow = np.round(heat_kw / (KWH_PER_M3_DEGC * (supply - back)), 1)
    return pd.DataFrame(
        {
            "source_id": name,
            "kind": kind,
            "hour": np.arange(len(heat_kw)),
            "supply": supply,
            "back": back,
            "from_plant": LINE_ENDS.get(name, ("", ""))[0],
            "to_plant": LINE_ENDS.get(name, ("", ""))[1],
            "flow": flow,
            "heat": np.rint(KWH_PER_M3_DEGC * flow * (supply - back)),
            "valve": np.where(flow == 0, 0.0, 100.0),
            "state": state,
        }
    )


def source_rows(rooms: Rooms, weather: Weather, streams: Streams, window: Window) -> pd.DataFrame:
    """What the dispatch centre gets of the plants, hourly: rows with read_s, arrival_s, reason and duplicate, by arrival.

    `bad`: the channel of a row that cannot be used, as `channel:reason`; the row is sound but for it.
    """
    rng = streams.rng("sources", "delivery")
    parts = []
    for grid in rooms.grids:
        hours, _ = source_hours(rooms, weather, streams, grid)
        parts.append(hours.assign(read_s=local_s(grid.first_day) + hours["hour"] * 3600))
    frame = pd.concat(parts, ignore_index=True).drop(columns="hour")
    frame = frame.assign(arrival_s=frame["read_s"] + 20, reason="", bad="", duplicate=False)
    inside = np.flatnonzero(window.holds(frame["arrival_s"].to_numpy() + DAY_S))
    picks = pick_distinct(rng, inside, affordable(rng, _SHARES, len(inside)))
    for reason, column, wrong in (("error_code", "back", -39.9), ("out_of_range", "heat", 8_000_001.0)):
        frame.loc[picks[reason], column] = wrong
        frame.loc[picks[reason], "bad"] = f"{_CANONICAL[column]}:{reason}"
    frame.loc[picks["late"], "arrival_s"] += rng.integers(3, 60, len(picks["late"])) * 3600
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    frame = pd.concat([frame[~frame.index.isin(picks["missing"])], again])
    frame = frame[window.holds(frame["arrival_s"].to_numpy())]
    return frame.sort_values("arrival_s", kind="stable").reset_index(drop=True)


def source_items(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Records in the system's own words."""
    columns: dict[str, list[Any]] = {
        "srcId": frame["source_id"].tolist(),
        "fromPlant": [LINE_ENDS.get(name, (None, None))[0] for name in frame["source_id"]],
        "toPlant": [LINE_ENDS.get(name, (None, None))[1] for name in frame["source_id"]],
        "srcType": frame["kind"].map({"plant": "电厂", "tie": "联络线"}).tolist(),
        "ts": local_text(frame["read_s"].to_numpy()).tolist(),
        "recvTime": local_text(frame["arrival_s"].to_numpy()).tolist(),
        "tg": frame["supply"].tolist(),
        "th": frame["back"].tolist(),
        "g": frame["flow"].tolist(),
        "q": frame["heat"].tolist(),
        "vlv": frame["valve"].tolist(),
        "state": frame["state"].map({"running": "运行", "planned_outage": "计划停运", "outage": "故障停运"}).tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def sound_sources(frame: pd.DataFrame) -> pd.DataFrame:
    """What the truth starts from: a channel that cannot be used is not known."""
    sound = frame[(frame["reason"] == "") & ~frame["duplicate"]].reset_index(drop=True)
    for column, canonical in _CANONICAL.items():
        sound[column] = sound[column].mask(sound["bad"].str.startswith(canonical))
    return sound


def outage_hours(frame: pd.DataFrame) -> dict[str, int]:
    """Hours of outages that were sent, for what is written down of the feed."""
    states = Counter(frame.loc[(frame["kind"] == "plant") & ~frame["duplicate"], "state"])
    return {f"hours_{name}": states[name] for name in ("planned_outage", "outage")}
