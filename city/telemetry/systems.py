"""How the heating systems behave: each follows the weather along a curve of its own.

A system's secondary supply falls with rising outdoor temperature (a straight line, as weather-compensated controllers
are set), its return follows the supply, the primary side gives what the secondary takes. A failure that cools the rooms
of a station is the same failure here: its supply falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city.calendar import DAY_S
from city.network import Network
from city.rooms import Grid, Rooms
from city.streams import Streams
from city.weather import Weather

# Name in the records, decimals.
CHANNELS = {
    "t1s": 1,
    "t1r": 1,
    "t2s": 1,
    "t2r": 1,
    "p1s": 3,
    "p1r": 3,
    "p2s": 3,
    "p2r": 3,
    "g1": 1,
    "pw": 0,
    "qh": 1,
    "vlv": 1,
    "mk": 2,
}
PLACE = {name: place for place, name in enumerate(CHANNELS)}
# Degrees of supply that a degree of lost room temperature takes.
_SUPPLY_PER_ROOM_DEGREE = 2.2
_WATER_KWH_PER_M3_DEGC = 1.163
_GJ_PER_KWH = 0.0036


def system_names(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the systems as the register writes them, and the station of each."""
    station = np.repeat(np.arange(network.size.stations), network.station_systems)
    number = np.arange(len(station)) - np.searchsorted(station, station) + 1
    ids = np.array([f"SYSTEM-{s + 1:03d}-{n}" for s, n in zip(station.tolist(), number.tolist(), strict=True)])
    return ids, station


@dataclass(frozen=True)
class Traits:
    """What makes one system different from the next."""

    level: np.ndarray
    slope: np.ndarray
    drop: np.ndarray
    flow: np.ndarray
    valve: np.ndarray
    pressure: np.ndarray
    make_up: np.ndarray
    counter: np.ndarray


def _traits(rng: np.random.Generator, count: int) -> Traits:
    return Traits(
        level=rng.normal(42.5, 1.2, count),
        slope=rng.normal(0.62, 0.04, count),
        drop=rng.uniform(0.85, 1.15, count),
        flow=rng.uniform(60, 160, count),
        valve=rng.normal(42, 4, count),
        pressure=rng.normal(0, 0.02, count),
        make_up=rng.uniform(0.25, 0.7, count),
        counter=np.round(rng.uniform(20_000, 300_000, count), 1),
    )


class SeasonOfSystems:
    """The true state of all systems through one season; `day` gives any day at any step."""

    def __init__(self, systems: Systems, grid: Grid, rooms: Rooms, weather: Weather, streams: Streams) -> None:
        self.systems, self.grid, self.traits = systems, grid, systems.traits
        self._streams = streams
        self._outdoor = weather.season_hours(grid.first_day, grid.days)
        self._lost = _room_degrees_lost(rooms, grid, systems.station)
        self._wander = _wandering(streams.rng("telemetry", grid.season, "wander"), len(systems.ids), grid.hours + 1, 0.9, 0.15)

    def day(self, index: int, minutes: int) -> np.ndarray:
        """(systems, readings of the day, channels), unrounded; the counter's channel is left empty."""
        rng = self._streams.rng("telemetry", self.grid.season, "noise", index)
        count, n = len(self.systems.ids), 1440 // minutes
        hour = index * 24 + np.arange(n) * minutes / 60
        low, part = hour.astype(int), (hour % 1).astype("float32")

        def between(by_hour: np.ndarray) -> np.ndarray:
            high = np.minimum(low + 1, by_hour.shape[-1] - 1)
            return by_hour[..., low] * (1 - part) + by_hour[..., high] * part

        def noise(sd: float) -> np.ndarray:
            return rng.standard_normal((count, n), dtype="float32") * sd

        t, traits = between(self._outdoor), self.traits
        values = np.zeros((count, n, len(CHANNELS)), dtype="float32")
        supply = traits.level[:, None] - traits.slope[:, None] * t + between(self._wander)
        supply -= _SUPPLY_PER_ROOM_DEGREE * between(self._lost)
        back = supply - traits.drop[:, None] * (9.5 + 0.11 * (18 - t)) + noise(0.12)
        primary = np.minimum(70 - 0.5 * t + noise(0.4), 88.5)
        valve = np.clip(traits.valve[:, None] - 1.1 * t + noise(0.3), 8, 95)
        flow = traits.flow[:, None] * valve / 60 * (1 + noise(0.012))
        values[..., PLACE["t2s"]] = supply + noise(0.12)
        values[..., PLACE["t2r"]] = back
        values[..., PLACE["t1s"]] = primary
        values[..., PLACE["t1r"]] = np.minimum(back + 5.5, primary - 6) + noise(0.12)
        for name, level, sd in (("p1s", 0.90, 0.006), ("p1r", 0.58, 0.006), ("p2s", 0.46, 0.004), ("p2r", 0.31, 0.003)):
            values[..., PLACE[name]] = level + traits.pressure[:, None] + noise(sd)
        values[..., PLACE["g1"]] = flow
        values[..., PLACE["pw"]] = _WATER_KWH_PER_M3_DEGC * flow * (values[..., PLACE["t1s"]] - values[..., PLACE["t1r"]])
        values[..., PLACE["vlv"]] = valve
        values[..., PLACE["mk"]] = traits.make_up[:, None] * np.exp(noise(0.12))
        return values


class Systems:
    """All heating systems of the city."""

    def __init__(self, network: Network, streams: Streams) -> None:
        self.ids, self.station = system_names(network)
        self.station_ids = network.station_ids[self.station]
        self.traits = _traits(streams.rng("telemetry", "traits"), len(self.ids))
        # Kilowatt-hours counted so far; a heat counter never stands still between the seasons' days it is read on.
        self.counted_gj = self.traits.counter.astype("float64").copy()

    def count(self, power_kw: np.ndarray, minutes: int) -> np.ndarray:
        """The counters at each reading of a day: what was used up to it; moves them on to the end of the day."""
        used = power_kw.astype("float64") * (minutes / 60) * _GJ_PER_KWH
        total = self.counted_gj[:, None] + np.cumsum(used, axis=1)
        reading = np.concatenate([self.counted_gj[:, None], total[:, :-1]], axis=1)
        self.counted_gj = total[:, -1].copy()
        return np.round(reading, CHANNELS["qh"])


def _room_degrees_lost(rooms: Rooms, grid: Grid, station: np.ndarray) -> np.ndarray:
    """Degrees the rooms of each system lose to failures of its station, by hour."""
    lost = np.zeros((rooms.network.size.stations, grid.hours + 1), dtype="float32")
    hour = np.arange(grid.hours + 1)
    for fault in rooms.faults[grid.season]:
        edges = [0, fault.fall_h, fault.fall_h + fault.rise_h]
        lost[fault.station] += np.interp(hour - fault.start_hour, edges, [0, fault.depth_degc, 0], left=0, right=0)
    return lost[station]


def _wandering(rng: np.random.Generator, count: int, hours: int, memory: float, shock: float) -> np.ndarray:
    """A slow random walk around zero, by hour."""
    shocks = rng.standard_normal((count, hours), dtype="float32") * shock
    for hour in range(1, hours):
        shocks[:, hour] += memory * shocks[:, hour - 1]
    return shocks


def reading_times(grid: Grid, index: int, minutes: int) -> np.ndarray:
    """Epoch seconds of the readings of a day."""
    return grid.start_s + index * DAY_S + np.arange(1440 // minutes) * minutes * 60
