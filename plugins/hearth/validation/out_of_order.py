"""Accepted rows that tell of an earlier time than a row of the same subject that had arrived before them."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pandas as pd

from hearth.cleaning.instants import arrow, local_days, to_micros
from hearth.contracts.entity import Entity

MOMENT_BITS = 44
"""Milliseconds of 500 years; beside them there is room for half a million subjects in a chunk."""
MOMENT_MASK = (1 << MOMENT_BITS) - 1
NEVER = np.iinfo(np.int64).min


class OutOfOrder:
    """Counted by local day of the event over all chunks of a batch; only for entities whose rows are series in time."""

    def __init__(self, entity: Entity, time_zone: str) -> None:
        self.entity, self.time_zone = entity, time_zone
        self.days: Counter[date] = Counter()
        self._newest: dict[str, int] = {}
        """Newest event of each subject so far, milliseconds since 1970."""

    def add(self, frame: pd.DataFrame, good: np.ndarray) -> None:
        """The next chunk; `good`: which rows of it were accepted."""
        if not self.entity.in_files or not good.any():
            return
        frame = frame[[self.entity.natural_key[0], self.entity.event_column, "arrived_at"]]
        frame = frame if good.all() else frame[good]
        named = arrow(frame[self.entity.natural_key[0]]).dictionary_encode()
        codes, subjects = named.indices.to_numpy(), named.dictionary.to_pylist()
        if len(subjects) < 1 << 16:
            codes = codes.astype(np.uint16)  # sorted in one pass
        event = to_micros(frame[self.entity.event_column])[0] // 1000
        arrived = to_micros(frame["arrived_at"])[0]
        order = np.argsort(codes, kind="stable") if (np.diff(arrived) >= 0).all() else np.lexsort((arrived, codes))
        code, arrival, moment = codes[order], arrived[order], event[order]
        # Subjects follow one another, so one running maximum over (subject, moment) serves them all.
        least = moment.min()
        running = np.maximum.accumulate((code.astype(np.int64) << MOMENT_BITS) + (moment - least))
        begins = np.r_[True, (code[1:] != code[:-1]) | (arrival[1:] != arrival[:-1])]
        last_before = np.flatnonzero(begins)[np.cumsum(begins) - 1] - 1
        same = (last_before >= 0) & (code[last_before] == code)
        before = np.where(same, (running[last_before] & MOMENT_MASK) + least, NEVER)
        carried = np.array([self._newest.get(subject, NEVER) for subject in subjects])
        late = np.zeros(len(frame), bool)
        late[order] = moment < np.maximum(before, carried[code])
        if late.any():
            days = local_days(frame[self.entity.event_column][late], self.time_zone)
            for day, number in zip(*np.unique(days, return_counts=True), strict=True):
                self.days[day.astype(date)] += int(number)
        newest = carried.copy()
        np.maximum.at(newest, codes, event)
        self._newest.update(zip(subjects, newest.tolist(), strict=True))
