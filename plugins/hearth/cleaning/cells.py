"""What stands in a cell, whatever file it came in: the same cell has the same text in CSV, in JSON and in a workbook.

A reader gives texts as texts and numbers as numbers; what a column makes of them is decided by the contract's kind of
column, never by its neighbours.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.instants import arrow

EXACT_DIGITS = 10**15
"""From here on a float (what a workbook holds) has lost digits: Excel keeps fifteen."""
LONGEST_DAY = 2_958_466
"""Excel's number of the day after 31 December 9999."""
DAY_MILLISECONDS = 86_400_000


class SheetNumber(float):
    """A number from a workbook, where a day is a number too; `day_zero` is the workbook's own."""

    __slots__ = ("day_zero",)
    day_zero: dt.datetime

    @classmethod
    def of(cls, value: float, day_zero: dt.datetime) -> SheetNumber:
        made = cls(value)
        made.day_zero = day_zero
        return made

    def moment(self) -> dt.datetime | None:
        """The time it shows when its cell is formatted as one, to the millisecond as Excel shows it; None beyond its calendar."""
        if not 1 <= self < LONGEST_DAY:
            return None
        early = dt.timedelta(days=self.day_zero.year < 1900 and self < 60)  # a 29 February 1900 is counted that never was
        return self.day_zero + early + dt.timedelta(milliseconds=round(self * DAY_MILLISECONDS))

    def clock(self) -> dt.time | None:
        """The time of day it shows; None for a number that is none."""
        milliseconds = round(self * DAY_MILLISECONDS)
        return (dt.datetime.min + dt.timedelta(milliseconds=milliseconds)).time() if 0 <= milliseconds < DAY_MILLISECONDS else None


def is_absent(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def cell_text(value: Any) -> str | None:
    """The cell as text: a number keeps its digits and 7.0 is '7'. None for what is no single value (a list, an object)."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, dict, tuple, np.ndarray)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_DIGITS else repr(float(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def normalise(value: Any) -> str:
    """Text of a cell as a person reads it: full-width digits and spaces become ordinary ones."""
    return unicodedata.normalize("NFKC", str(value)).strip()


def as_texts(values: Iterable[Any]) -> pa.Array:
    """Arrow texts of Python ones; half of a surrogate pair, which nothing can store, becomes the replacement character."""
    listed = list(values)
    try:
        return pa.array(listed, pa.string(), from_pandas=True)
    except UnicodeEncodeError:
        return pa.array(
            [v if v is None else v.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for v in listed], pa.string()
        )


def only_texts(source: pd.Series) -> pa.Array | None:
    """The column when every cell of it is a text or nothing, trimmed; None for any other."""
    if source.dtype == object:
        cells = source.tolist()
        if not all(isinstance(cell, str) or is_absent(cell) for cell in cells):
            return None
        return trimmed(as_texts(cells))
    column = arrow(source)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return trimmed(column.cast(pa.string()))
    return pa.nulls(len(column), pa.string()) if pa.types.is_null(column.type) else None


def all_texts(source: pd.Series) -> tuple[pa.Array, np.ndarray]:
    """(every cell as its text, trimmed; which cells are no single value)."""
    texts = only_texts(source)
    if texts is not None:
        return texts, np.zeros(len(source), bool)
    if source.dtype != object and pa.types.is_integer((column := arrow(source)).type):
        return column.cast(pa.string()), np.zeros(len(source), bool)
    cells = source.tolist()
    made = [None if is_absent(cell) else cell_text(cell) for cell in cells]
    nested = np.fromiter((text is None and not is_absent(cell) for text, cell in zip(made, cells, strict=True)), bool, len(made))
    return trimmed(as_texts(made)), nested


def trimmed(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(texts)


def is_in(texts: pa.Array, words: Iterable[str]) -> np.ndarray:
    """Whether each text is one of the words; null is none."""
    return mask(pc.is_in(texts, value_set=pa.array([word.strip() for word in words], pa.string())))


def mask(flags: pa.Array) -> np.ndarray:
    """Arrow flags as numpy ones; null is false."""
    return pc.fill_null(flags, False).to_numpy(zero_copy_only=False).astype(bool)


def without(column: pa.Array, which: np.ndarray) -> pa.Array:
    """The column with nothing in the chosen rows."""
    return pc.if_else(pa.array(which), pa.scalar(None, column.type), column) if which.any() else column


def by_distinct(texts: pa.Array, make: Any, kind: pa.DataType) -> pa.Array:
    """`make` of every text, once for each distinct one; null stays null."""
    coded = texts.dictionary_encode()
    made = pa.array([make(text) for text in coded.dictionary.to_pylist()], kind)
    return made.take(coded.indices)
