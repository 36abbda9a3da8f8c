"""Measuring points: 2,600 fixed, 2,000 mobile and 696 remote ones at full scale, and the homes they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from city.calendar import SEASONS, day_number
from city.network import FOREVER, Network, numbered
from city.rooms import Rooms
from city.streams import Streams

KINDS = ("fixed", "mobile", "remote")
ROOM_TYPES = np.array(["living_room", "bedroom", "kitchen"])
_INSTALLED = day_number(date(2014, 9, 1))
_NEW_IN_2016 = day_number(date(2016, 10, 10))
_REMOVED_IN_2016 = day_number(date(2016, 4, 30))
INTERVAL_MINUTES = 60
# Mobile visits go to cold homes: an even draw from the coldest to the warmest, raised to this power.
_COLD_BIAS = 1.8
_ORDINARY_DEGC = 19.3


@dataclass
class Points:
    """All points of one kind as arrays; a moved device changes its `household` inside the second season."""

    kind: str
    ids: np.ndarray
    household: np.ndarray
    room: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    recorded_day: np.ndarray
    resolution: np.ndarray
    # point -> (day of the move, household from that day on)
    moves: dict[int, tuple[int, int]] = field(default_factory=dict)
    # pairs of points in one flat
    twins: list[tuple[int, int]] = field(default_factory=list)
    late_registered: np.ndarray = field(default_factory=lambda: np.array([], dtype=int))

    def __len__(self) -> int:
        return len(self.ids)

    def household_on(self, point: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Household of each (point, local day)."""
        home = self.household[point].copy()
        for moved, (since, household) in self.moves.items():
            home[(point == moved) & (day >= since)] = household
        return home

    def valid(self, point: np.ndarray, day: np.ndarray) -> np.ndarray:
        return (day >= self.first_day[point]) & (day <= self.last_day[point])


def build_points(network: Network, rooms: Rooms, streams: Streams) -> dict[str, Points]:
    """Points of the three kinds, spread over all stations; mobile visits go where it is cold."""
    size = network.size
    counts = {"fixed": size.fixed_points, "mobile": size.mobile_points, "remote": size.remote_points}
    return {kind: _points_of(kind, counts[kind], network, rooms, streams.rng("points", kind)) for kind in KINDS}


def _points_of(kind: str, count: int, network: Network, rooms: Rooms, rng: np.random.Generator) -> Points:
    size = network.size
    household = _homes(kind, count, network, rooms, rng)
    room = np.where(rng.random(count) < 0.62, 0, 1)
    room[rng.permutation(count)[: max(1, round(0.015 * count))]] = 2
    first = np.full(count, _INSTALLED)
    last = np.full(count, FOREVER)
    # Points that come and go stand in ordinary homes: they must not change the picture from one season to the next.
    order = rng.permutation(count)
    order = order[np.argsort(rooms.base[0, household[order]] < _ORDINARY_DEGC, kind="stable")]
    news, gone, late = max(1, count // 30), max(1, count // 40), size.some(3)
    first[order[:news]] = _NEW_IN_2016
    last[order[news : news + gone]] = _REMOVED_IN_2016
    recorded = np.maximum(first - 5, day_number(date(2015, 5, 12)))
    tardy = order[news + gone : news + gone + late]
    recorded[tardy] = day_number(date(2016, 12, 28))
    first[tardy] = day_number(date(2016, 12, 12))
    points = Points(
        kind=kind,
        ids=numbered({"fixed": "F", "mobile": "M", "remote": "R"}[kind], count, 5),
        household=household,
        room=room,
        first_day=first,
        last_day=last,
        recorded_day=recorded,
        resolution=np.full(count, 0.1),
        late_registered=np.sort(tardy),
    )
    if kind == "remote":
        _special_remotes(points, network, rooms, rng, order[news + gone + late :])
    return points


def _homes(kind: str, count: int, network: Network, rooms: Rooms, rng: np.random.Generator) -> np.ndarray:
    """A home for each point: stations in turn, near, middle and far in turn, few suspended homes and enterprises.

    Within a stratum homes are drawn evenly from the coldest to the warmest: a small city's points are typical too.
    """
    size = network.size
    station = network.household_station(0)
    whole = (network.household_from < SEASONS[0].first_day) & (network.household_to == FOREVER)
    stays = network.building_station[0] == network.building_station[1]
    usual = whole & stays[network.household_building]
    usual[network.suspended_households()] = False
    usual &= ~network.household_enterprise
    stratum = np.where(usual, network.building_position[network.household_building] + 3 * station, 3 * size.stations)
    order = np.lexsort((rooms.base[0], stratum))
    start = np.searchsorted(stratum[order], np.arange(3 * size.stations + 1))
    spread = (0.618034 * np.arange(count) + rng.random()) % 1
    share = spread**_COLD_BIAS if kind == "mobile" else spread
    homes = np.empty(count, dtype=int)
    taken: set[int] = set()
    for i in range(count):
        key = 3 * (i % size.stations) + (i // size.stations) % 3
        begin, room_left = int(start[key]), int(start[key + 1] - start[key])
        place = int(share[i] * room_left)
        while (begin + place) in taken and len(taken) < room_left * 3 * size.stations // 4:
            place = (place + 1) % room_left
        taken.add(begin + place)
        homes[i] = order[begin + place]
    odd = rng.permutation(count)
    suspended = np.setdiff1d(network.suspended_households(), np.flatnonzero(~whole))
    swap = max(1, round(0.004 * count)) if kind != "mobile" else 1
    homes[odd[:swap]] = rng.choice(suspended, swap)
    homes[odd[swap : 2 * swap]] = rng.choice(np.flatnonzero(network.household_enterprise & whole), swap)
    return homes


def _special_remotes(points: Points, network: Network, rooms: Rooms, rng: np.random.Generator, plain: np.ndarray) -> None:
    """Remote points with a story: two probes in one flat, devices that send whole degrees, devices that move."""
    size = network.size
    plain = plain[~network.household_enterprise[points.household[plain]]]
    plain = plain[~np.isin(points.household[plain], network.suspended_households())]
    pairs = size.some(6)
    for a, b in plain[: 2 * pairs].reshape(-1, 2).tolist():
        points.household[b] = points.household[a]
        points.room[a], points.room[b] = 0, 1
        points.twins.append((a, b))
    rest = plain[2 * pairs :]
    warm = rest[rooms.base[:, points.household[rest]].min(axis=0) > 20.6]
    coarse = warm[: size.some(14)]
    points.resolution[coarse] = 1.0
    movable = np.setdiff1d(rest, coarse, assume_unique=False)
    for i, point in enumerate(rng.permutation(movable)[: size.some(4)].tolist()):
        home = points.household[point]
        station = network.household_station(0)
        near_by = np.flatnonzero(
            (station == station[home])
            & ~network.household_enterprise
            & (network.household_to == FOREVER)
            & (network.household_from < SEASONS[0].first_day)
        )
        near_by = np.setdiff1d(near_by, np.append(network.suspended_households(), home))
        steady = near_by[np.abs(rooms.base[1, near_by] - rooms.base[1, home]) < 1.5]
        points.moves[point] = (
            SEASONS[1].first_day + 45 + 7 * i % 60,
            int(rng.choice(steady if len(steady) else near_by)),
        )
