"""Who is connected to what: branches, stations, systems, communities, buildings and households."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from city.calendar import day_number
from city.size import Size
from city.streams import Streams

POSITIONS = np.array(["near", "middle", "far"])
FLATS = np.array(["top", "middle", "bottom", "corner"])
FOREVER = day_number(date(2100, 1, 1))
_OPENED = day_number(date(2012, 9, 1))
# Boiler rooms merged in the summer of 2016 bring 6,095 of 270,000 households with the second season.
_MERGED_SHARE = 6_095 / 270_000
MERGED_ON = day_number(date(2016, 9, 20))
# Buildings that got another station in the summer between the seasons.
REASSIGNED_ON = day_number(date(2016, 8, 15))


@dataclass
class Network:
    """The city's register as arrays; row i of an array is station, building or household i."""

    size: Size
    station_branch: np.ndarray
    station_plant: np.ndarray
    station_systems: np.ndarray
    building_station: np.ndarray  # (2, buildings): station by season
    building_community: np.ndarray
    building_system: np.ndarray
    building_position: np.ndarray
    building_year: np.ndarray
    building_from: np.ndarray
    community_branch: np.ndarray
    household_building: np.ndarray
    household_flat: np.ndarray
    household_area: np.ndarray
    household_from: np.ndarray
    household_to: np.ndarray
    household_enterprise: np.ndarray
    suspensions: np.ndarray  # rows: household, first day, last day (FOREVER when open), recorded day

    @property
    def station_ids(self) -> np.ndarray:
        return numbered("STATION-", self.size.stations, 3)

    @property
    def branch_ids(self) -> np.ndarray:
        return numbered("BRANCH-", self.size.branches, 2)

    @property
    def building_ids(self) -> np.ndarray:
        return numbered("BLD-", self.size.buildings, 5)

    @property
    def community_ids(self) -> np.ndarray:
        return numbered("COMM-", self.size.communities, 4)

    @property
    def household_ids(self) -> np.ndarray:
        return np.concatenate([numbered("H", self.size.residents, 7), numbered("E", self.size.enterprises, 5)])

    def household_station(self, season: int) -> np.ndarray:
        return self.building_station[season][self.household_building]

    def suspended_households(self) -> np.ndarray:
        return np.unique(self.suspensions[:, 0])


def numbered(prefix: str, count: int, digits: int) -> np.ndarray:
    """Ids `PREFIX001` ... as numpy strings."""
    return np.char.add(prefix, np.char.zfill(np.arange(1, count + 1).astype(str), digits))


def _spread(total: int, parts: int) -> np.ndarray:
    """Part number of each of `total` things cut into `parts` even runs."""
    return np.arange(total) * parts // total


def build_network(size: Size, streams: Streams) -> Network:
    """Lay out the city: buildings stand in order along the stations; a community may cross a station border."""
    rng = streams.rng("network")
    building_station = _spread(size.buildings, size.stations)
    station_branch = _spread(size.stations, size.branches)
    building_branch = station_branch[building_station]
    building_community, community_branch = _communities(size, building_branch)
    station_systems = np.ones(size.stations, dtype=int)
    station_systems[rng.permutation(size.stations)[: size.systems - size.stations]] += 1
    place = np.zeros(size.buildings)
    for station in range(size.stations):
        mine = np.flatnonzero(building_station == station)
        place[mine] = rng.permutation(len(mine)) / len(mine)
    position = (place * 3).astype(int)
    second = building_station.copy()
    moved = _reassigned(rng, size, station_branch, building_station)
    second[list(moved)] = list(moved.values())
    merged = rng.permutation(np.setdiff1d(np.arange(size.buildings), list(moved)))[
        : size.some(size.buildings / size.scale * _MERGED_SHARE)
    ]
    building_from = np.full(size.buildings, _OPENED)
    building_from[merged] = day_number(date(2016, 9, 1))
    households = _households(rng, size, merged)
    return Network(
        size=size,
        station_branch=station_branch,
        station_plant=np.array(["PLANT-2", "PLANT-4", "PLANT-5"])[_spread(size.stations, 3)],
        station_systems=station_systems,
        building_station=np.stack([building_station, second]),
        building_community=building_community,
        building_system=1 + (rng.random(size.buildings) * station_systems[building_station]).astype(int),
        building_position=position,
        building_year=rng.integers(1978, 2013, size.buildings),
        building_from=building_from,
        community_branch=community_branch,
        suspensions=_suspensions(streams.rng("suspensions"), size, households["household_from"], households["household_to"]),
        **households,
    )


def _communities(size: Size, building_branch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Community of each building and branch of each community; no community crosses a branch border."""
    community = np.zeros(size.buildings, dtype=int)
    branches: list[int] = []
    share = _spread(size.communities, size.branches)
    for branch in range(size.branches):
        mine = np.flatnonzero(building_branch == branch)
        count = min(int((share == branch).sum()), len(mine))
        community[mine] = len(branches) + _spread(len(mine), count)
        branches += [branch] * count
    return community, np.array(branches)


def _reassigned(rng: np.random.Generator, size: Size, station_branch: np.ndarray, building_station: np.ndarray) -> dict[int, int]:
    """A few buildings and the neighbouring station (same branch) that serves them in the second season."""
    moved = {}
    for building in rng.permutation(size.buildings)[: size.some(40)]:
        station = int(building_station[building])
        for other in (station + 1, station - 1):
            if 0 <= other < size.stations and station_branch[other] == station_branch[station]:
                moved[int(building)] = other
                break
    return moved


def _households(rng: np.random.Generator, size: Size, merged: np.ndarray) -> dict[str, np.ndarray]:
    """Household columns: residents first, enterprises after them."""
    count = size.residents + size.enterprises
    building = np.concatenate([_spread(size.residents, size.buildings), rng.integers(0, size.buildings, size.enterprises)])
    start = np.searchsorted(building[: size.residents], np.arange(size.buildings))
    order = np.arange(size.residents) - start[building[: size.residents]]
    per_building = np.bincount(building[: size.residents], minlength=size.buildings)[building[: size.residents]]
    height = order / np.maximum(per_building, 1)
    flat = np.full(count, 1)
    flat[: size.residents] = np.where(height >= 5 / 6, 0, np.where(height < 1 / 6, 2, np.where(order % 4 == 3, 3, 1)))
    area = np.round(np.clip(rng.normal(82, 22, count), 35, 180), 1)
    area[size.residents :] = np.round(rng.lognormal(7.0, 0.8, size.enterprises), 1)
    first = np.full(count, _OPENED) + rng.integers(0, 900, count)
    first[np.isin(building, merged)] = MERGED_ON
    late = rng.permutation(size.residents)[: size.some(300, 2)]
    first[late] = day_number(date(2016, 12, 1)) + rng.integers(0, 20, len(late))
    last = np.full(count, FOREVER)
    gone = np.setdiff1d(rng.permutation(size.residents)[: size.some(500, 2)], late)
    gone = gone[first[gone] < day_number(date(2016, 1, 1))]
    last[gone] = day_number(date(2016, 6, 30))
    return {
        "household_building": building,
        "household_flat": flat,
        "household_area": area,
        "household_from": first,
        "household_to": last,
        "household_enterprise": np.arange(count) >= size.residents,
    }


def _suspensions(rng: np.random.Generator, size: Size, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """About two of a hundred residents have their heating suspended: for a season, for good, or for some weeks."""
    chosen = np.flatnonzero(rng.random(size.residents) < 0.02)
    kind = rng.integers(0, 4, len(chosen))
    winter = [(day_number(date(y, 10, 20)), day_number(date(y + 1, 4, 6))) for y in (2015, 2016)]
    rows = []
    for household, k, shift in zip(chosen.tolist(), kind.tolist(), rng.integers(0, 40, len(chosen)).tolist(), strict=True):
        if k == 0:
            spans = [winter[0]]
        elif k == 1:
            spans = [winter[1]]
        elif k == 2:
            spans = [(winter[0][0] - 10, FOREVER)]
        else:
            begin = winter[shift % 2][0] + 30 + shift
            spans = [(begin, begin + 25 + shift)]
        for begin, end in spans:
            if first[household] <= begin and last[household] >= begin:
                rows.append((household, begin, end, begin - 1 - shift % 8))
    return np.array(rows, dtype=int).reshape(-1, 4)
