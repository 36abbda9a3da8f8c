"""Validate a batch: its rows chunk by chunk with the entity's suite, then the whole with the gate's suite."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from hearth.cleaning.instants import arrow, local_days
from hearth.cleaning.rows import Rows
from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.reasons import Bits
from hearth.dated.dated_rows import place_time_zone
from hearth.dated.limits import Limits
from hearth.validation.checked import checked_frame
from hearth.validation.out_of_order import OutOfOrder
from hearth.validation.suites import Suite
from hearth.warehouse.register import KnownPoints


class BatchValidation:
    """The entity's suite over all chunks of one batch, with the dated limits and the register beside it."""

    def __init__(self, contract: Contract) -> None:
        self.contract, self.entity = contract, contract.entity_definition
        self.suite = Suite(contract.suite_name)
        self.limits = Limits.from_seeds()
        self.out_of_order = OutOfOrder(self.entity, place_time_zone())
        self.points = (
            KnownPoints.from_warehouse()
            if "point_id" in self.entity.columns_by_name and not self.entity.register and contract.points == "registered"
            else None
        )

    def validate(self, rows: Rows) -> Bits:
        """All reasons of every row: those of the cleaning and those of the suite."""
        days = self._local_days(rows)
        known = np.ones(len(rows), bool) if "point_id" in self.entity.columns_by_name else None
        if self.points is not None:
            known = self.points.known(rows.frame["point_id"], days)
            known |= (rows.frame["point_id"].isna()).to_numpy(bool)
        frame = checked_frame(self.entity, rows, known, self.contract.time_zone)
        bits = rows.bits.copy()
        for part, limits in self.limits.periods(days):
            whole = len(part) == len(frame)
            apart = {name: np.zeros(len(part), np.int32) for name in rows.channels}
            chosen = frame if whole else frame.iloc[part].reset_index(drop=True)
            bits[part] |= self.suite.validate(chosen, limits, apart, partial(self._blame, rows, part))
            for name, found in apart.items():
                rows.channels[name][part] |= found
        rows.settle_channels(bits)
        return bits

    def _blame(self, rows: Rows, part: np.ndarray, column: str, at: np.ndarray, reason: int) -> None:
        """Columns of the entity; what is made for the check alone is nothing that the source sends."""
        if column in self.entity.columns_by_name:
            rows.blame(column, part[at], reason)

    def _local_days(self, rows: Rows) -> np.ndarray:
        """The day whose limits hold for each row: of the event, or of the arrival where a row has no event time."""
        column = self.entity.columns_by_name.get(self.entity.event_column)
        if column is not None and column.kind == "date":
            return arrow(rows.frame[column.name]).to_numpy(zero_copy_only=False).astype("datetime64[D]")
        return local_days(rows.frame[column.name if column is not None else "arrived_at"], self.contract.time_zone)


@dataclass
class GateVerdict:
    """What the gate found: null severity (go on), warning (go on, and say so) or critical (hold)."""

    severity: str | None
    message: str
    suite: Suite


def gate(contract: Contract, counts: Counts, day: date, left_out: Counter[tuple[str, str]] | None = None) -> GateVerdict:
    """Judge the batch as a whole by the share of its rows that is accepted; a batch of a few rows
    passes (one bad row in three says nothing about the feed; the bad rows are refused all the same).

    `left_out`: values left out of accepted rows, by channel and reason. A channel that is gone (its unit changed) holds nothing, as
    its rows are good without it; it is told. `day`: the last day of the batch's interval; its dated limits hold where the contract
    has none of its own.
    """
    suite, limits = Suite("batch_gate"), Limits.from_seeds().on(day) | contract.expected.own_limits
    accepted = counts.rows_read - counts.rows_quarantined
    percent = 100.0 * accepted / counts.rows_read if counts.rows_read else 100.0
    judged = percent if counts.rows_read >= limits["gate_min_rows"] else None
    worst, lost = _worst_channel(left_out or Counter())
    channel = 100.0 * (accepted - lost) / accepted if judged is not None and accepted else None
    shares = {"accepted_percent": [judged], "worst_channel_percent": [channel]}
    suite.validate(pd.DataFrame(shares, dtype="float64"), limits)
    message = (
        f"{accepted} of {counts.rows_read} rows accepted ({percent:.2f} %); "
        f"warned below {limits['gate_warn_accepted_percent']:g} %, held below {limits['gate_stop_accepted_percent']:g} %"
    )
    if lost and channel is not None and channel < limits["gate_warn_accepted_percent"]:
        message += f"; {worst} was left out of {lost} of them"
    return GateVerdict(suite.worst_severity, message, suite)


def _worst_channel(left_out: Counter[tuple[str, str]]) -> tuple[str, int]:
    """The channel that most of the rows lack, and how many do."""
    lost: Counter[str] = Counter()
    for (name, _), number in left_out.items():
        lost[name] += number
    return max(lost.items(), key=lambda each: each[1], default=("", 0))
