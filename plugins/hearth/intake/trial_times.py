"""What the times of a sample say as a whole: its newest day, and clocks that never leave midnight."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from hearth.cleaning.instants import arrow, local_days, local_timestamps
from hearth.cleaning.rows import Rows
from hearth.contracts.contract import Contract

DAY_MICROS = 86_400_000_000


class SampleTimes:
    """`newest`: the last local day of the entity's events that is not after the delivery."""

    def __init__(self, contract: Contract, delivered: datetime) -> None:
        entity, self._zone = contract.entity_definition, contract.time_zone
        self._event = entity.columns_by_name.get(entity.event_column)
        self._last = np.datetime64(delivered.astimezone(ZoneInfo(self._zone)).date())
        self._clocks = {
            name: mapping.time_zone or self._zone
            for name, mapping in contract.columns.items()
            if name in entity.natural_key and entity.columns_by_name[name].kind == "instant" and mapping.from_
        }
        self._midnight: dict[str, bool] = {}
        self.newest: date | None = None

    def add(self, rows: Rows) -> None:
        if self._event is not None:
            days = self._days(rows)
            days = days[days <= self._last]  # a day that is not known is not
            if len(days):
                newest: date = days.max().astype(object)
                self.newest = max(newest, self.newest or newest)
        for name, zone in self._clocks.items():
            clocks = local_timestamps(rows.frame[name], zone).cast(pa.timestamp("us")).drop_null().cast(pa.int64())
            if len(clocks):
                at_midnight = bool((clocks.to_numpy(zero_copy_only=False) % DAY_MICROS == 0).all())
                self._midnight[name] = self._midnight.get(name, True) and at_midnight

    def _days(self, rows: Rows) -> np.ndarray:
        assert self._event is not None
        if self._event.kind == "date":
            return arrow(rows.frame[self._event.name]).to_numpy(zero_copy_only=False).astype("datetime64[D]")
        return local_days(rows.frame[self._event.name], self._zone)

    def remarks(self) -> list[str]:
        """What is to be said of the clocks."""
        return [
            f"{name}: every time is 00:00 local; a time of day in another column is named by time_from"
            for name, always in self._midnight.items()
            if always
        ]
