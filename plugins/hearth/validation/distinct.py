"""A frame as Great Expectations can look at it in little time: of columns with few values each value once.

Most facts of a row are few-valued (a temperature in tenths, a count of characters, yes or no), and an expectation that judges each
value by itself says of a value what it says of all rows that have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

FEW = 4096
"""Values up to which a column counts as one with few."""
LOOKED_AT = 1 << 14
"""Rows that tell whether a column may have few values."""


@dataclass
class View:
    """A frame to look at; `codes`: of each of its columns which line of it a row's value stands in (-1: a null), None where its
    lines are the rows."""

    frame: pd.DataFrame
    codes: dict[str, np.ndarray] | None = None

    def rows(self, column: str, lines: np.ndarray) -> np.ndarray:
        """The rows whose value stands in these lines."""
        if self.codes is None or not len(lines):
            return lines
        codes = self.codes[column]
        chosen = np.zeros(len(self.frame) + 1, bool)  # the last one is that of nulls
        chosen[lines] = True
        return np.flatnonzero(chosen[codes])


def views(frame: pd.DataFrame, columns: Iterable[str]) -> Iterator[View]:
    """The columns in one view of few values and one each for the others."""
    few: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in columns:
        codes_and_values = _few(frame[name].to_numpy())
        if codes_and_values is None:
            yield View(frame[[name]])
        else:
            few[name] = codes_and_values
    if few:
        lines = max(len(values) for _, values in few.values())
        made = pd.DataFrame({name: _filled(values, lines) for name, (_, values) in few.items()})
        yield View(made, {name: codes for name, (codes, _) in few.items()})


def _few(values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """(code of each row, the values); None where they are many."""
    if len(pd.unique(values[:LOOKED_AT])) > FEW:
        return None
    codes, distinct = pd.factorize(values)
    return (codes, distinct) if len(distinct) <= FEW else None


def _filled(values: np.ndarray, lines: int) -> np.ndarray:
    """The values, the last one repeated: nothing refers to those lines."""
    if not len(values):
        return np.full(lines, np.nan)
    return np.concatenate([values, np.repeat(values[-1:], lines - len(values))])
