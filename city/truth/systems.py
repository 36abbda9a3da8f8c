"""Days of the heating systems from their sound readings: means of the hours' means, and the heat by the counter.

The counter here is the true one, which never begins anew: how the pipeline mends a reset can be checked against it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MEANS = {
    "primary_supply_degc": 0,
    "primary_return_degc": 1,
    "secondary_supply_degc": 2,
    "secondary_return_degc": 3,
    "secondary_return_mpa": 7,
    "flow_m3_h": 8,
    "valve_percent": 11,
    "make_up_m3_h": 12,
}
# A valve or the make-up water may stand still all day; any other channel that does is stuck.
_MAY_STAND_STILL = {"valve_percent", "make_up_m3_h"}
_ENOUGH_HOURS = 18
_LONGEST_STEP_S = 86_400


class SystemDays:
    """Collects one day after the other."""

    def __init__(self, systems: int) -> None:
        self._systems = systems
        self._days: list[pd.DataFrame] = []
        self._steps: list[np.ndarray] = []
        self._last_s = np.full(systems, -1, dtype=np.int64)
        self._last_gj = np.zeros(systems)

    def add(self, day: int, system: np.ndarray, read_s: np.ndarray, values: np.ndarray, counted_gj: np.ndarray) -> None:
        """Readings of one local day with the channels the right way round (NaN where one cannot be used), and the true counters."""
        hour = system * 24 + (read_s + 8 * 3600) % 86_400 // 3600
        cells = self._systems * 24
        number = np.bincount(hour, minlength=cells)
        hours = (number > 0).reshape(-1, 24).sum(axis=1)
        made: dict[str, np.ndarray] = {"system": np.arange(self._systems), "hours": hours}
        for name, place in MEANS.items():
            told = ~np.isnan(values[:, place])
            column, of_hour, of_system = values[told, place], hour[told], system[told]
            known = np.bincount(of_hour, minlength=cells)
            own_hours = (known > 0).reshape(-1, 24).sum(axis=1)
            mean = np.bincount(of_hour, column, cells) / np.maximum(known, 1)
            low, high = np.full(self._systems, np.inf), np.full(self._systems, -np.inf)
            np.minimum.at(low, of_system, column)
            np.maximum.at(high, of_system, column)
            judged = (own_hours >= _ENOUGH_HOURS) & ((high > low) | (name in _MAY_STAND_STILL))
            made[name] = np.where(judged, mean.reshape(-1, 24).sum(axis=1) / np.maximum(own_hours, 1), np.nan)
        self._days.append(pd.DataFrame(made).assign(day=day)[hours > 0])
        self._count(system, read_s, counted_gj)

    def _count(self, system: np.ndarray, read_s: np.ndarray, counted_gj: np.ndarray) -> None:
        """Steps of the counters; a step belongs to the day of its middle."""
        order = np.lexsort((read_s, system))
        known = np.flatnonzero(self._last_s >= 0)
        system = np.concatenate([known, system[order]])
        read_s = np.concatenate([self._last_s[known], read_s[order]])
        counted = np.concatenate([self._last_gj[known], counted_gj[order]])
        order = np.lexsort((read_s, system))
        system, read_s, counted = system[order], read_s[order], counted[order]
        same = np.diff(system) == 0
        steps = np.stack([system[1:], (read_s[1:] + read_s[:-1]) // 2, np.diff(read_s), np.diff(counted)], axis=1)
        self._steps.append(steps[same & (np.diff(read_s) <= _LONGEST_STEP_S)])
        self._last_s[system], self._last_gj[system] = read_s, counted

    def table(self) -> pd.DataFrame:
        """One row a system and day with at least one sound reading."""
        if not self._days:
            return pd.DataFrame(columns=["system", "day", "hours", *MEANS, "energy_gj"])
        days = pd.concat(self._days, ignore_index=True)
        steps = np.concatenate(self._steps)
        frame = pd.DataFrame(
            {
                "system": steps[:, 0].astype(int),
                "day": (steps[:, 1] + 8 * 3600) // 86_400,
                "seconds": steps[:, 2],
                "energy_gj": steps[:, 3],
            }
        )
        energy = frame.astype({"day": int}).groupby(["system", "day"], as_index=False)[["seconds", "energy_gj"]].sum()
        energy = energy[energy.pop("seconds") >= _ENOUGH_HOURS * 3600]
        return days.merge(energy, on=["system", "day"], how="left")
