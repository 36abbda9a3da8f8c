"""Facts of rows by their values, so that Great Expectations judges a value once and not once for each row that has it.

Most facts of a row are few-valued (a temperature in tenths, a count of characters, yes or no), and an expectation that judges each
value by itself says of a value what it says of all rows that have it, in this chunk and in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FEW = 4096
"""Values up to which a column of a chunk counts as one with few."""
REMEMBERED = 1 << 16
"""Values of a column that are remembered over the chunks of a batch."""
LOOKED_AT = 1 << 14
"""Rows that tell whether a column may have few values."""

Lines = dict[int, np.ndarray]
"""Of each expectation, by its number in the suite, the lines of a frame that it names."""


@dataclass
class Coded:
    """A column as its values and the code of each row, -1 for a null."""

    codes: np.ndarray
    values: np.ndarray

    def rows(self, named: np.ndarray) -> np.ndarray:
        """The rows whose value is named; `named`: a flag a value."""
        if not named.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.append(named, False)[self.codes])  # the last one is that of nulls


def coded(values: np.ndarray) -> Coded | None:
    """None where the values are many."""
    if (values == values[:1]).all():
        return Coded(np.zeros(len(values), np.int8), values[:1])
    if len(pd.unique(values[:LOOKED_AT])) > FEW:
        return None
    codes, distinct = pd.factorize(values)
    return Coded(codes, np.asarray(distinct)) if len(distinct) <= FEW else None


@dataclass
class Judged:
    """What was found of each value so far, under one set of limits. `expectations`: those of each column, by their numbers."""

    expectations: dict[str, list[int]]
    _found: dict[str, dict[float, int]] = field(default_factory=dict)
    """Of each value which of its column's expectations name it, a bit each."""

    def judge(self, columns: dict[str, Coded], ask: Callable[[pd.DataFrame, tuple[int, ...]], Lines]) -> Lines:
        """The rows that each expectation on these columns names; `ask` is asked for values that were not seen before."""
        self._learn({name: column.values.tolist() for name, column in columns.items()}, ask)
        rows: Lines = {}
        for name, column in columns.items():
            found = self._found[name]
            bits = np.fromiter((found[value] for value in column.values.tolist()), np.int64, len(column.values))
            for bit, nth in enumerate(self.expectations[name]):
                rows[nth] = column.rows((bits >> bit & 1).astype(bool))
        return rows

    def _learn(self, columns: dict[str, list[float]], ask: Callable[[pd.DataFrame, tuple[int, ...]], Lines]) -> None:
        fresh: dict[str, list[float]] = {}
        for name, values in columns.items():
            known = self._found.setdefault(name, {})
            if len(known) > REMEMBERED:
                known.clear()
            if unknown := [value for value in values if value not in known]:
                fresh[name] = unknown
        if not fresh:
            return
        lines = max(map(len, fresh.values()))
        # The last value repeated where others have more: each line is judged by itself.
        frame = pd.DataFrame({name: [*values, *values[-1:] * (lines - len(values))] for name, values in fresh.items()})
        named = ask(frame, tuple(nth for name in fresh for nth in self.expectations[name]))
        for name, values in fresh.items():
            bits = np.zeros(lines, np.int64)
            for bit, nth in enumerate(self.expectations[name]):
                bits[named[nth]] |= 1 << bit
            self._found[name].update(zip(values, bits.tolist(), strict=False))


def by_column(expectations: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    """The numbers of expectations by the column they look at."""
    made: dict[str, list[int]] = {}
    for nth, column in expectations:
        made.setdefault(column, []).append(nth)
    return made
