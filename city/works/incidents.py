"""Faults step by step: reported, diagnosed, decided, crew on site, heat restored; breaks of pipes; boilers overhauled."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import DAY_S, SEASONS, SPAN, day_number, local_s
from city.network import Network
from city.rooms import Rooms
from city.streams import Streams

_OVERHAUL, _FAULT, _EMERGENCY = "检修", "故障", "抢修"
_BREAKS = 430  # in two years at full scale
_BOILERS = 20
_RENEWED_BROKEN = 3  # at any scale
_CAUSES = {
    "pump": "水泵故障",
    "heat_exchanger": "换热器堵塞",
    "valve": "阀门失灵",
    "control_cabinet": "电气故障",
    "pipe": "管道泄漏",
    "pipe_segment": "管道腐蚀泄漏",
}


def boilers(network: Network, rng: np.random.Generator) -> pd.DataFrame:
    """Peak-load boilers that are overhauled in the summer of 2016."""
    count = network.size.some(_BOILERS, 2)
    return pd.DataFrame(
        {
            "kind": _OVERHAUL,
            "asset_kind": "boiler",
            "station": rng.integers(0, network.size.stations, count),
            "priority": "normal",
            "reported_s": local_s(day_number(date(2016, 6, 1))) + rng.integers(0, 80 * DAY_S, count),
            "work_s": rng.integers(3 * DAY_S, 15 * DAY_S, count),
            "planned": True,
            "segment_no": "",
        }
    )


def breaks(network: Network, segments: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Pipes break where they are old, long and badly insulated, twice as often in winter as in summer."""
    count = network.size.some(_BREAKS, 12) if len(segments) else 0
    age = 2015 - segments["year"].to_numpy(dtype=float)
    chance = segments["length"].to_numpy(dtype=float) * np.exp(age / 12) * np.where(segments["insulation"] == "无", 3.0, 1.0)
    chosen = rng.choice(len(segments), count, p=chance / chance.sum()) if count else np.array([], dtype=int)
    day = rng.integers(day_number(SPAN.start) + 5, day_number(SPAN.end) - 8, count)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    summer = (month >= 5) & (month <= 9) & (rng.random(count) < 0.5)
    day = np.where(summer, day_number(date(2016, 1, 10)) + day % 60, day)
    return pd.DataFrame(
        {
            "kind": np.where(rng.random(count) < 0.6, _EMERGENCY, _FAULT),
            "asset_kind": "pipe_segment",
            "station": rng.integers(0, network.size.stations, count),
            "priority": "high",
            "reported_s": day * DAY_S + rng.integers(0, DAY_S, count) - 8 * 3600,
            "work_s": rng.integers(3 * 3600, 30 * 3600, count),
            "planned": False,
            "segment_no": segments["segment_no"].to_numpy()[chosen],
        }
    )


def crews_alone(network: Network, streams: Streams) -> tuple[int, int]:
    """Day and branch of which the reserves name the crews and nothing else; something fails there that day."""
    return day_number(date(2016, 12, 22)), int(streams.rng("reserves", "crews alone").integers(0, network.size.branches))


def at_the_edges(network: Network, streams: Streams) -> pd.DataFrame:
    """Outages over a season's first and last day, two that nobody ever closes (no `work_s`), one that meets crews alone."""
    rng = streams.rng("maintenance", "edges")
    alone, branch = crews_alone(network, streams)
    first, last = SEASONS[1].first_day, SEASONS[0].last_day
    day = np.array([first - 2, last, last - 4, day_number(SPAN.end) - 3, alone])
    stations = rng.integers(0, network.size.stations, len(day))
    stations[-1] = np.flatnonzero(network.station_branch == branch)[0]
    return pd.DataFrame(
        {
            "kind": [_EMERGENCY, _EMERGENCY, _FAULT, _FAULT, _EMERGENCY],
            "asset_kind": ["pipe", "valve", "pump", "heat_exchanger", "valve"],
            "station": stations,
            "priority": "high",
            "reported_s": day * DAY_S + rng.integers(8 * 3600, 18 * 3600, len(day)) - 8 * 3600,
            "work_s": [3 * DAY_S + 4321, 2 * DAY_S + 1234, -1, -1, 8 * 3600],
            "planned": False,
            "segment_no": "",
        }
    )


def winter_breaks(network: Network, renewed: np.ndarray, streams: Streams) -> pd.DataFrame:
    """A few pipes that are renewed in the summer of 2016 broke twice in the winter before: the reason why they were renewed."""
    rng = streams.rng("maintenance", "winter breaks")
    chosen = np.repeat(rng.permutation(renewed)[:_RENEWED_BROKEN], 2)
    days = day_number(date(2016, 1, 5)) + rng.integers(0, 80, len(chosen))
    return pd.DataFrame(
        {
            "kind": _EMERGENCY,
            "asset_kind": "pipe_segment",
            "station": rng.integers(0, network.size.stations, len(chosen)),
            "priority": "high",
            "reported_s": days * DAY_S + rng.integers(0, DAY_S, len(chosen)) - 8 * 3600,
            "work_s": rng.integers(3 * 3600, 30 * 3600, len(chosen)),
            "planned": False,
            "segment_no": chosen,
        }
    )


def with_causes(frame: pd.DataFrame, rooms: Rooms) -> pd.DataFrame:
    """Why it failed and how many homes had no heat; a break hits a part of a station, a fault of the station all of it."""
    fault = frame["kind"].isin([_FAULT, _EMERGENCY])
    homes = np.bincount(rooms.network.household_station(0), minlength=rooms.network.size.stations)[frame["station"].to_numpy()]
    share = np.where(frame["asset_kind"] == "pipe_segment", 0.04 + (frame["reported_s"] % 100) / 500, 1.0)
    return frame.assign(
        segment_no=frame["segment_no"].fillna(""),
        cause=frame["asset_kind"].map(_CAUSES).where(fault, ""),
        without_heat=np.where(fault, np.rint(homes * share), -1).astype(int),
    )


def steps(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Moments of a fault's steps; a planned order has none."""
    fault = frame["kind"].isin([_FAULT, _EMERGENCY]).to_numpy()
    reported, work = frame["reported_s"].to_numpy(), frame["work_s"].to_numpy()
    slow = 1 + (reported % 61) / 60
    moments = {"diagnosed_s": 0.06, "decided_s": 0.09, "on_site_s": 0.12}
    made = {name: np.where(fault, reported + (work * part * slow).astype(int), -1) for name, part in moments.items()}
    return {**made, "restored_s": np.where(fault, frame["completed_s"].to_numpy() - 600, -1)}
