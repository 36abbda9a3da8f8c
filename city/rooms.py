"""How warm the rooms are: the city's physics, kept simple and believable.

Supply follows the weather, so a mild day and a cold day feel alike indoors until the plants reach their limit. Below
about -12 degC (felt outdoor temperature) the deficit reaches the rooms, far ones first. Near rooms get too much water,
far rooms too little; corner and top flats lose more. Renewal in the summer of 2016 makes its stations warmer and better
balanced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city.calendar import LEAD_DAYS, SEASONS, local_s
from city.network import Network
from city.streams import Streams
from city.weather import Weather

# Offsets in degC by season; index of the inner array is near, middle, far / top, middle, bottom, corner.
_POSITION = np.array([[1.10, 0.15, -0.80], [0.95, 0.20, -0.50]])
_POSITION_RENEWED = np.array([0.75, 0.35, 0.10])
_FLAT = np.array([-0.50, 0.30, -0.20, -0.65])
_MEAN = (20.05, 19.97)
_RENEWED_GAIN_DEGC = 0.35
_COLD_BASE_DEGC, _CURED_BASE_DEGC = 17.2, 18.8
_DEFICIT_KNEE_DEGC = -12.0
_DEFICIT_GAIN = np.array([0.035, 0.055, 0.085])


@dataclass(frozen=True)
class Grid:
    """The hours of one season in which sensors and rounds run."""

    season: int
    first_day: int
    days: int

    @property
    def start_s(self) -> int:
        return local_s(self.first_day)

    @property
    def hours(self) -> int:
        return self.days * 24


def grid_of(season: int) -> Grid:
    first = SEASONS[season].first_day - LEAD_DAYS
    return Grid(season, first, SEASONS[season].last_day - first + 1)


@dataclass(frozen=True)
class HeatFault:
    """A failure at a station: the rooms lose `depth_degc` over `fall_h` hours and win it back over `rise_h`."""

    station: int
    start_hour: int
    fall_h: int
    rise_h: int
    depth_degc: float


class Rooms:
    """True room temperature of any household at any hour of a season."""

    def __init__(self, network: Network, weather: Weather, streams: Streams, renewed_stations: np.ndarray) -> None:
        self.network = network
        self.grids = [grid_of(s) for s in range(len(SEASONS))]
        self.deficit = [np.minimum(0.0, weather.felt(g.first_day, g.days) - _DEFICIT_KNEE_DEGC) for g in self.grids]
        self.base, self.gain = self._households(streams.rng("rooms", "households"), renewed_stations)
        self.faults = [self._faults(streams.rng("rooms", "faults", g.season), g) for g in self.grids]
        self.station_hours = [self._stations(streams.rng("rooms", "stations", g.season), g) for g in self.grids]

    def _households(self, rng: np.random.Generator, renewed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        net, size = self.network, self.network.size
        building_offset = rng.normal(0, 0.55, size.buildings)
        own = rng.normal(0, 0.55, len(net.household_building))
        self.cold_homes = rng.permutation(size.residents)[: size.some(136, 2)]
        own[self.cold_homes] -= 2.2
        position = net.building_position[net.household_building]
        self.cold_buildings = rng.permutation(size.buildings)[: size.some(27)]
        cured = np.zeros(size.buildings, dtype=bool)
        cured[self.cold_buildings] = True
        base = []
        for season in range(2):
            offset = building_offset - 2.4 * cured if season == 0 else building_offset - 0.3 * cured
            by_position = _POSITION[season][position]
            station = net.household_station(season)
            if season == 1:
                is_renewed = np.isin(station, renewed)
                by_position = np.where(is_renewed, _POSITION_RENEWED[position] + _RENEWED_GAIN_DEGC, by_position)
            base.append(_MEAN[season] + by_position + _FLAT[net.household_flat] + offset[net.household_building] + own)
            if season == 0:
                own = np.where(own < -1.8, own + 1.6, own)
        self._make_sure(base)
        return np.stack(base).astype("float32"), _DEFICIT_GAIN[position].astype("float32")

    def _make_sure(self, base: list[np.ndarray]) -> None:
        """What is called cold is cold wherever it stands, and what is cured in summer is warm afterwards."""
        of_building = np.bincount(self.network.household_building, base[0]) / np.bincount(self.network.household_building)
        too_warm = np.maximum(of_building - _COLD_BASE_DEGC, 0) * np.isin(np.arange(len(of_building)), self.cold_buildings)
        base[0] -= too_warm[self.network.household_building]
        base[0][self.cold_homes] = np.minimum(base[0][self.cold_homes], _COLD_BASE_DEGC)
        base[1][self.cold_homes] = np.maximum(base[1][self.cold_homes], _CURED_BASE_DEGC)

    def _faults(self, rng: np.random.Generator, grid: Grid) -> list[HeatFault]:
        expected = (0.55, 0.30)[grid.season] * self.network.size.stations
        faults = []
        for _ in range(max(1, round(expected))):
            fall = int(rng.integers(8, 22))
            faults.append(
                HeatFault(
                    station=int(rng.integers(0, self.network.size.stations)),
                    start_hour=int(rng.integers(72, grid.hours - 96)),
                    fall_h=fall,
                    rise_h=int(fall * 1.5),
                    depth_degc=float(min(0.22 * fall, rng.uniform(1.5, 3.5))),
                )
            )
        return faults

    def _stations(self, rng: np.random.Generator, grid: Grid) -> np.ndarray:
        """Hourly offset of each station: its own wandering and its faults."""
        stations = self.network.size.stations
        daily = np.zeros((stations, grid.days + 1))
        daily[:, 0] = rng.normal(0, 0.3, stations)
        shocks = rng.normal(0, 0.14, (stations, grid.days + 1))
        for day in range(1, grid.days + 1):
            daily[:, day] = 0.9 * daily[:, day - 1] + shocks[:, day]
        hour = np.arange(grid.hours)
        low, part = hour // 24, (hour % 24) / 24
        offset = daily[:, low] * (1 - part) + daily[:, low + 1] * part
        for fault in self.faults[grid.season]:
            shape = np.interp(
                hour - fault.start_hour,
                [0, fault.fall_h, fault.fall_h + fault.rise_h],
                [0, fault.depth_degc, 0],
                left=0,
                right=0,
            )
            offset[fault.station] -= shape
        return offset.astype("float32")

    def at(self, season: int, household: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Temperature of households at hours of the season's grid, without the sensor's own noise."""
        station = self.network.household_station(season)[household]
        swing = 0.28 * np.cos(2 * np.pi * (hour % 24 - 15) / 24)
        slow = self.base[season][household] + self.gain[household] * self.deficit[season][hour]
        return slow + self.station_hours[season][station, hour] + swing

    def day_mean(self, season: int, day_index: int) -> np.ndarray:
        """Mean temperature of every household on a day of the grid (float32)."""
        hours = slice(day_index * 24, day_index * 24 + 24)
        deficit = np.float32(self.deficit[season][hours].mean())
        station = self.station_hours[season][:, hours].mean(axis=1)
        return self.base[season] + self.gain * deficit + station[self.network.household_station(season)]
