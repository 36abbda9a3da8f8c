"""The hour that clocks show twice when they go back: which pass a local time without offset belongs to.

A sender whose readings come in order tells it by the order: within the doubled hour, a reading of a point that is not
later on the clock than the one before it belongs to the second pass, and so do those after it. Where the newest reading comes
first it is the other way round: the hour is the second pass until a reading is not earlier on the clock than the one before it.
Only the readings of one hour a year are looked at, so their number is small and an ordinary loop does.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.instants import from_micros, to_micros

SAME_NIGHT_MICROS = 12 * 3_600_000_000
"""Readings further apart belong to two different changes of the clock."""


class DoubledHour:
    """Remembers the last reading of each group across the chunks of one pull; a group is one point in one file."""

    def __init__(self) -> None:
        self._before: dict[tuple[Hashable, ...], tuple[int, bool]] = {}

    def settle(
        self, first: pd.Series, last: pd.Series, groups: Sequence[pd.Series | np.ndarray], newest_first: bool = False
    ) -> pd.Series:
        """Instants of rows in file order. `first` and `last` are both readings of the same local times, as if each lay
        in the first or in the second pass; where they agree, nothing is to be settled. Raises UnreadableFile."""
        micros, absent = to_micros(first)
        later, _ = to_micros(last)
        made, doubled = micros.copy(), np.flatnonzero(micros != later)
        if len(doubled):
            _refuse_other_order(np.where(absent, np.iinfo(np.int64).min, micros), groups, newest_first)
        for row in doubled:
            group, time = tuple(column[row] for column in groups), int(micros[row])
            time_before, changed = self._before.get(group, (time + 1 - 2 * SAME_NIGHT_MICROS, False))
            passed = time >= time_before if newest_first else time <= time_before
            changed = abs(time - time_before) < SAME_NIGHT_MICROS and (changed or passed)
            self._before[group] = (time, changed)
            if changed != newest_first:
                made[row] = later[row]
        return from_micros(made, absent)


def _refuse_other_order(micros: np.ndarray, groups: Sequence[pd.Series | np.ndarray], newest_first: bool) -> None:
    """Raises UnreadableFile where more readings of a point follow a later one than an earlier one, or the other way round."""
    codes = pd.DataFrame({number: np.asarray(column, dtype=object) for number, column in enumerate(groups)})
    point = codes.groupby(list(codes.columns), dropna=False, sort=False).ngroup().to_numpy()
    order = np.argsort(point, kind="stable")
    steps = np.diff(micros[order])[np.diff(point[order]) == 0]
    forwards, backwards = int((steps > 0).sum()), int((steps < 0).sum())
    if (forwards if newest_first else backwards) > (backwards if newest_first else forwards):
        said, other = ("newest_first", "oldest_first") if newest_first else ("oldest_first", "newest_first")
        raise UnreadableFile(
            f"the night the clocks go back: doubled_hour: in_order expects the rows of a point {said.replace('_', ' ')}, but"
            f" {max(forwards, backwards)} of {forwards + backwards} steps between its readings go the other way. Say rows: {other}"
            " in the contract, or give the times with their distance from UTC."
        )
