"""Cells become numbers: the same digits give the same number, to the last bit, whether they came as a text or as a number."""

from __future__ import annotations

import contextlib
import math
import re
from decimal import Decimal
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.cells import as_texts, by_distinct, is_absent, is_in, mask, normalise, only_texts, trimmed, without
from hearth.cleaning.instants import arrow

_PLAIN = r"^-?\d+(\.\d+)?$"
_LONGEST_PLAIN = 300
"""Characters: shorter ones are finite, and Arrow reads them exactly as Python does."""
_WRITTEN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def to_numbers(source: pd.Series, empty: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(float64, NaN where there is none; which cells hold nothing; which cannot be read). A word of `empty` that is a number is
    met by every cell of that number, 0.0 by '0'."""
    texts = only_texts(source)
    if texts is not None:
        made, absent = _of_texts(texts, empty)
    elif source.dtype == object:
        made, absent = _of_mixed(source.tolist(), empty)
    else:
        column = arrow(source)
        absent = column.is_null().to_numpy(zero_copy_only=False)
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        # Beyond 2^53 the nearest number a float has.
        made = _floats(column.cast(pa.float64(), safe=False)) if is_number else np.full(len(column), np.nan)
    words = [number for number in map(_as_written, empty) if math.isfinite(number)]
    if words:
        absent |= np.isin(made, words)
    bad = ~np.isfinite(made) & ~absent
    made = np.where(absent | bad, np.nan, made) + 0.0  # no minus zero
    return made, absent, bad


NOT_SO = "not written so"
"""What is no number, in place of a text whose signs are not those the contract says."""


def as_plain(source: pd.Series, decimal: str | None, thousands: str | None, beside: list[str]) -> pd.Series:
    """The texts of numbers as a program writes them; cells that are numbers stay. Groups have three digits: 1.234 is no thousand
    where a point is a point, and 1.5 none where it stands between thousands."""
    texts = only_texts(source)
    if texts is not None:
        return pd.Series(pd.array(_plain(texts, decimal, thousands, beside), dtype=pd.ArrowDtype(pa.string())))
    cells = source.tolist()
    written = _plain(trimmed(as_texts(cell if isinstance(cell, str) else None for cell in cells)), decimal, thousands, beside)
    both = zip(cells, written.to_pylist(), strict=True)
    return pd.Series([text if isinstance(cell, str) else cell for cell, text in both], dtype=object)


def _plain(texts: pa.Array, decimal: str | None, thousands: str | None, beside: list[str]) -> pa.Array:
    if beside:
        any_of_them = "|".join(re.escape(text) for text in sorted(beside, key=len, reverse=True))
        texts = pc.replace_substring_regex(texts, rf"^(?:{any_of_them})?\s*((?s:.*?))\s*(?:{any_of_them})?$", r"\1")
    point, between = decimal or ".", r"[ \x{a0}\x{202f}]" if thousands == " " else re.escape(thousands or "")
    digits = rf"\d{{1,3}}(?:{between}\d{{3}})+|\d+" if thousands else r"\d+"
    like = mask(pc.match_substring_regex(texts, rf"^[-+]?(?:{digits})?(?:{re.escape(point)}\d*)?(?:[eE][-+]?\d+)?$"))
    without_groups = pc.replace_substring_regex(texts, between, "") if thousands else texts
    made = pc.replace_substring(without_groups, point, ".")
    wrong = ~like & mask(pc.match_substring_regex(texts, r"\d"))
    return pc.if_else(pa.array(wrong), NOT_SO, made)


def _floats(column: pa.Array) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype(np.float64)


def _of_texts(texts: pa.Array, empty: list[str]) -> tuple[np.ndarray, np.ndarray]:
    absent = is_in(texts, empty) | texts.is_null().to_numpy(zero_copy_only=False)
    texts = without(texts, absent)
    plain = mask(pc.and_(pc.match_substring_regex(texts, _PLAIN), pc.less_equal(pc.binary_length(texts), _LONGEST_PLAIN)))
    if (plain | absent).all():
        return _floats(texts.cast(pa.float64())), absent
    made = _floats(without(texts, ~plain).cast(pa.float64()))
    others = by_distinct(without(texts, plain), _as_written, pa.float64())
    return np.where(plain, made, _floats(others)), absent


def _of_mixed(cells: list[Any], empty: list[str]) -> tuple[np.ndarray, np.ndarray]:
    if set(map(type, cells)) <= {float, int, NoneType}:
        with contextlib.suppress(OverflowError):
            plain = np.array(cells, np.float64)
            return plain, np.isnan(plain)
    absent = np.fromiter(map(is_absent, cells), bool, len(cells))
    made, blank = _of_texts(trimmed(as_texts(cell if isinstance(cell, str) else None for cell in cells)), empty)
    is_text = np.fromiter((isinstance(cell, str) for cell in cells), bool, len(cells))
    numbers = np.fromiter((np.nan if text else _as_number(cell) for cell, text in zip(cells, is_text, strict=True)), np.float64)
    return np.where(is_text, made, numbers), absent | (is_text & blank)


def _as_number(cell: Any) -> float:
    """NaN for what is no number."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        return math.nan
    try:
        return float(cell)
    except (OverflowError, ValueError):
        return math.inf


def _as_written(text: str | None) -> float:
    """A number as people write it, with full-width digits too; NaN for anything else."""
    written = normalise(text) if text is not None else ""
    return float(written) if _WRITTEN.fullmatch(written) else math.nan
