"""Limits as dated rows: which value holds on which day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from hearth.dated.dated_rows import FOREVER, parse_date, read_rows


@dataclass(frozen=True)
class Limit:
    """One dated limit; valid on every day of [valid_from, valid_to]."""

    code: str
    value: float
    valid_from: date
    valid_to: date


class Limits:
    """All limits of one seed, those of validation unless another is named."""

    def __init__(self, limits: list[Limit], seed: str = "validation_limit") -> None:
        self._limits, self._seed = limits, seed
        edges = {limit.valid_from for limit in limits}
        edges |= {limit.valid_to + timedelta(days=1) for limit in limits if limit.valid_to < FOREVER}
        self._edges = sorted(edges - {date.min})

    @classmethod
    def from_seeds(cls, folder: Path | None = None, seed: str = "validation_limit") -> Limits:
        rows = read_rows(seed, folder)
        return cls(
            [
                Limit(
                    row["limit_code"],
                    float(row["value"]),
                    parse_date(row["valid_from"], date.min),
                    parse_date(row["valid_to"], FOREVER),
                )
                for row in rows
            ],
            seed,
        )

    def on(self, day: date) -> dict[str, float]:
        """Limit code -> value on one day. Raises ValueError when two rows hold at once."""
        found: dict[str, float] = {}
        for limit in self._limits:
            if limit.valid_from <= day <= limit.valid_to:
                if limit.code in found:
                    raise ValueError(f"{self._seed}: {limit.code} has two rows that hold on {day}; end one of them")
                found[limit.code] = limit.value
        return found

    def periods(self, days: np.ndarray) -> Iterator[tuple[np.ndarray, dict[str, float]]]:
        """(row positions, limits) for each stretch of days without a change; a row without a day counts as the last, one of a
        day before the first limits as their first day.

        `days`: datetime64[D], one a row.
        """
        if not len(days):
            return
        known = days[~np.isnat(days)]
        filled = np.where(np.isnat(days), known.max() if len(known) else np.datetime64("2000-01-01"), days)
        edges = np.array([np.datetime64(edge) for edge in self._edges], dtype="datetime64[D]")
        filled = np.maximum(filled, edges[0]) if len(edges) else filled
        period = np.searchsorted(edges, filled, side="right")
        for number in np.unique(period):
            rows = np.flatnonzero(period == number)
            yield rows, self.on(filled[rows[0]].astype(date))


def health_limits(day: date, folder: Path | None = None) -> dict[str, float]:
    """Limit code -> value on a day, from health_limit.csv. Raises ValueError when two rows hold at once."""
    return Limits.from_seeds(folder, "health_limit").on(day)
