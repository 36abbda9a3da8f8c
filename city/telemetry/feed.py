"""The readings of all heating systems: hourly through the seasons, every five minutes in the last two weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, Window
from city.rooms import Grid, Rooms
from city.store import write_store
from city.streams import Streams
from city.telemetry.delivery import BAD, CANONICAL, REASONS, Post, Rows, plain_rows, spoil
from city.telemetry.faults import Fault, ends_within, fault_rows, happen, misread, plan_faults, right_way_round, true_place
from city.telemetry.records import record_lines
from city.telemetry.systems import CHANNELS, PLACE, SeasonOfSystems, Systems, reading_times
from city.truth.systems import SystemDays
from city.weather import Weather

DENSE_DAYS = 14
_HOURLY, _DENSE = 60, 5
_BROKEN_SHARE = 0.6
_RESETS_PER_DAY = 1 / 900
_FALLS_PER_DAY = 1 / 700


@dataclass
class Telemetry:
    """What the dispatch centre gets, day by day, and what it comes to."""

    rooms: Rooms
    weather: Weather
    streams: Streams
    window: Window
    dense_days: int = DENSE_DAYS
    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.systems = Systems(self.rooms.network, self.streams)
        self.days = SystemDays(len(self.systems.ids))
        self.faults: dict[int, list[Fault]] = {}
        self._held: dict[int, float] = {}
        self._reset_gj = np.zeros(len(self.systems.ids))
        self._post = Post(self.window)

    def write(self, folder: Path) -> int:
        """Store the records by day of arrival."""
        return write_store(folder, self._arrivals())

    def planted(self) -> dict[str, Any]:
        return {
            "rows_read": self.counts["rows"],
            "rows_duplicate": self.counts["duplicates"],
            "quarantined_by_reason": {name: self.rejected[name] for name in sorted(self.rejected) if self.rejected[name]},
            "left_out": dict(sorted(self.left_out.items())),
            "other": dict(sorted(self._post.tally.items())),
        }

    def fault_rows(self) -> list[dict[str, object]]:
        return [row for faults in self.faults.values() for row in fault_rows(faults, self.systems.ids)]

    def system_days(self) -> pd.DataFrame:
        """What the truth starts from: days of the systems under their names."""
        days = self.days.table()
        system = days.pop("system").to_numpy(dtype=int)
        return days.assign(system_id=self.systems.ids[system], station_id=self.systems.station_ids[system])

    def _arrivals(self) -> Iterator[tuple[int, np.ndarray, list[str]]]:
        first = (self.window.start_s + 8 * 3600) // DAY_S
        days = (self.window.end_s - self.window.start_s) // DAY_S
        seasons = {grid.season: grid for grid in self.rooms.grids}
        running: SeasonOfSystems | None = None
        for number in range(days):
            grid = next((g for g in seasons.values() if 0 <= first + number - g.first_day < g.days), None)
            if grid is not None:
                if running is None or running.grid.season != grid.season:
                    running = SeasonOfSystems(self.systems, grid, self.rooms, self.weather, self.streams)
                    self.faults[grid.season] = plan_faults(
                        grid, self.window, self.systems.station, self.rooms.network.size, self.streams
                    )
                minutes = _DENSE if number >= days - self.dense_days else _HOURLY
                self._read(running, grid, first + number - grid.first_day, minutes)
            arrived = self._post.arriving(number)
            if arrived is not None:
                self._count(arrived)
                yield (
                    first + number,
                    arrived.arrival_s * 1000,
                    record_lines(arrived, self.systems.ids, self.systems.station_ids),
                )

    def _read(self, season: SeasonOfSystems, grid: Grid, index: int, minutes: int) -> None:
        """Take the readings of a day, send them, and keep what the truth needs."""
        rng = self.streams.rng("telemetry", grid.season, "delivery", index)
        faults, read_s = self.faults[grid.season], reading_times(grid, index, minutes)
        values = season.day(index, minutes).astype("float64")
        happen(values, faults, read_s)
        for name, decimals in CHANNELS.items():
            values[..., PLACE[name]] = np.round(values[..., PLACE[name]], decimals)
        counted = self.systems.count(values[..., PLACE["pw"]], minutes)
        values[..., PLACE["qh"]] = np.round(counted - self._reset_gj[:, None], 1)
        guarded = self._counter_lies(values, counted, faults, read_s, rng)
        misread(values, faults, read_s, self._held)
        true = right_way_round(values, faults, read_s)
        rows, flicker, calm = self._rows(values, read_s, faults, guarded, rng)
        sound = spoil(rows, flicker, calm, _changing(rows, faults, int(read_s[0])), rng, self._post)
        time = np.searchsorted(read_s, sound.read_s)
        told, bad = true[sound.system, time], np.flatnonzero(sound.bad)
        told[bad, true_place(faults, sound.system[bad], sound.read_s[bad], sound.bad_place[bad])] = np.nan
        self.days.add(grid.first_day + index, sound.system, sound.read_s, told, counted[sound.system, time])

    def _counter_lies(
        self, values: np.ndarray, counted: np.ndarray, faults: list[Fault], read_s: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Counters begin anew, or fall for one reading around noon and come back; returns the readings that tell it."""
        times, guarded = values.shape[1], np.zeros(values.shape[:2], dtype=bool)
        well = np.ones(len(values), dtype=bool)
        well[[fault.system for fault in faults if fault.holds(read_s).any()]] = False
        for system in np.flatnonzero(well & (rng.random(len(values)) < _RESETS_PER_DAY)).tolist():
            at = int(rng.integers(times // 4, 3 * times // 4))
            self._reset_gj[system] = counted[system, at - 1]
            values[system, at:, PLACE["qh"]] = np.round(counted[system, at:] - self._reset_gj[system], 1)
            guarded[system, at - 1 : at + 1] = True
            self._post.tally["counter_resets"] += 1
        for system in np.flatnonzero(well & (rng.random(len(values)) < _FALLS_PER_DAY)).tolist():
            at = times // 2
            if values[system, at, PLACE["qh"]] > 9_000 and not guarded[system].any():
                values[system, at, PLACE["qh"]] -= round(float(rng.uniform(300, 2_000)), 1)
                guarded[system, at] = True
                self._post.tally["counter_falls"] += 1
        return guarded

    def _rows(
        self, values: np.ndarray, read_s: np.ndarray, faults: list[Fault], guarded: np.ndarray, rng: np.random.Generator
    ) -> tuple[Rows, np.ndarray, np.ndarray]:
        """Rows of the systems that are not silent, where a broken instrument flickers, and where nothing else may go wrong."""
        rows = plain_rows(values.copy(), read_s)
        speaks, flicker = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
        for fault in faults:
            mine = (rows.system == fault.system) & fault.holds(rows.read_s)
            if fault.kind == "silent":
                speaks &= ~mine
            elif fault.kind == "sentinel":
                flicker |= mine & (rng.random(len(rows)) < _BROKEN_SHARE)
        calm = ~flicker & ~guarded.ravel()
        return rows.take(speaks), flicker[speaks], calm[speaks]

    def _count(self, rows: Rows) -> None:
        kept = (rows.bad > 0) & (rows.reason == 0) & ~rows.duplicate
        for place, code in zip(rows.bad_place[kept].tolist(), rows.bad[kept].tolist(), strict=True):
            self.left_out[f"{CANONICAL[place]}:{BAD[code]}"] += 1
        self.counts["rows"] += len(rows)
        self.counts["duplicates"] += int(rows.duplicate.sum())
        for code, number in enumerate(np.bincount(rows.reason[~rows.duplicate], minlength=len(REASONS)).tolist()):
            if code:
                self.rejected[REASONS[code]] += number


def _changing(rows: Rows, faults: list[Fault], first_s: int) -> np.ndarray:
    """Rows of systems whose channels are changed over, or back, in the middle of the day."""
    systems = [fault.system for fault in faults if fault.kind == "swapped" and ends_within(fault, first_s, first_s + DAY_S)]
    return np.isin(rows.system, systems)
