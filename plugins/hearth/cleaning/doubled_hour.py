"""The hour that clocks show twice when they go back: which pass a local time without offset belongs to.

A sender whose readings come in order tells it by the order: within the doubled hour, a reading of a point that is not
later on the clock than the one before it belongs to the second pass, and so do those after it. Only the readings of one
hour a year are looked at, so their number is small and an ordinary loop does.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from hearth.cleaning.instants import from_micros, to_micros

SAME_NIGHT_MICROS = 12 * 3_600_000_000
"""Readings further apart belong to two different changes of the clock."""


class DoubledHour:
    """Remembers the last reading of each group across the chunks of one pull; a group is one point in one file."""

    def __init__(self) -> None:
        self._before: dict[tuple[Hashable, ...], tuple[int, bool]] = {}

    def settle(self, first: pd.Series, last: pd.Series, groups: Sequence[pd.Series | np.ndarray]) -> pd.Series:
        """Instants of rows in file order. `first` and `last` are both readings of the same local times, as if each lay
        in the first or in the second pass; where they agree, nothing is to be settled."""
        micros, absent = to_micros(first)
        later, _ = to_micros(last)
        made = micros.copy()
        for row in np.flatnonzero(micros != later):
            group, time = tuple(column[row] for column in groups), int(micros[row])
            time_before, second = self._before.get(group, (time + 1 - 2 * SAME_NIGHT_MICROS, False))
            second = abs(time - time_before) < SAME_NIGHT_MICROS and (second or time <= time_before)
            self._before[group] = (time, second)
            if second:
                made[row] = later[row]
        return from_micros(made, absent)
