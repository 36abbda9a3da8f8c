"""Cells become times as written: naive ones, and ones that say their distance from UTC.

Texts are read columnar where they are plain ISO 8601 or the first of the formats with all its digits; any other one by Python,
once for each distinct text. Both ways read a text to the same time.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.cells import SheetNumber, all_texts, cell_text, is_absent, is_in, mask, normalise, without
from hearth.cleaning.instants import UTC_MICROS

MICROS = pa.timestamp("us")
_CLOCK = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?"
_NAIVE, _AWARE = rf"^{_CLOCK}$", rf"^{_CLOCK}(?:Z|[+-]\d{{2}}:\d{{2}})$"
_NAIVE_1970 = dt.datetime(1970, 1, 1)
_AWARE_1970 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_MICROS = (dt.datetime.min - _NAIVE_1970) // dt.timedelta(microseconds=1)

Parsed = dt.datetime | None


@dataclass
class Times:
    """`naive` and `aware`: at most one of them in each row. `absent`: cells that hold nothing; what is left could not be read."""

    naive: pa.Array
    aware: pa.Array
    absent: np.ndarray


def to_times(source: pd.Series, formats: list[str], empty: list[str], year_alone: bool = False) -> Times:
    """A word of `empty` that is a time is met by every cell of that time. `year_alone`: four digits are the first day of a year."""
    others: dict[int, Parsed] = {}
    if source.dtype == object and any(isinstance(cell, (SheetNumber, dt.date)) for cell in source.array):
        source, others = _apart(source, formats, empty, year_alone)
    texts, _ = all_texts(source)
    absent = is_in(texts, empty) | source.isna().to_numpy(bool)
    naive, aware = _of_texts(without(texts, absent), formats, year_alone)
    if others:
        naive, aware = _put(naive, aware, others)
        absent[list(others)] = False
    for word in empty:
        if (time := _of_text(normalise(word), formats, False)) is not None:
            known, column = (aware, UTC_MICROS) if time.tzinfo else (naive, MICROS)
            met = mask(pc.equal(known, pa.scalar(_micros(time), pa.int64()).cast(column)))
            naive, aware, absent = without(naive, met), without(aware, met), absent | met
    return Times(naive, aware, absent)


def _apart(source: pd.Series, formats: list[str], empty: list[str], year_alone: bool) -> tuple[pd.Series, dict[int, Parsed]]:
    """(the column without what only a workbook has: days, and numbers that may be days; those by row)."""
    cells, others = source.tolist(), dict[int, Parsed]()
    for at, cell in enumerate(cells):
        if is_absent(cell) or cell_text(cell) in empty:
            continue
        if isinstance(cell, dt.datetime):
            others[at] = cell.to_pydatetime(warn=False) if isinstance(cell, pd.Timestamp) else cell
        elif isinstance(cell, dt.date):
            others[at] = dt.datetime.combine(cell, dt.time())
        elif isinstance(cell, SheetNumber):
            others[at] = _of_text(str(cell_text(cell)), formats, year_alone) or cell.moment()
    rest = [None if at in others else cell for at, cell in enumerate(cells)]
    return pd.Series(rest, index=source.index, dtype=object), others


def _put(naive: pa.Array, aware: pa.Array, others: dict[int, Parsed]) -> tuple[pa.Array, pa.Array]:
    made: dict[bool, list[int | None]] = {offset: [None] * len(naive) for offset in (False, True)}
    for at, time in others.items():
        if time is not None:
            made[time.tzinfo is not None][at] = _micros(time)
    plain, known = (pa.array(made[offset], pa.int64()) for offset in (False, True))
    return pc.coalesce(plain.cast(MICROS), naive), pc.coalesce(known.cast(UTC_MICROS), aware)


def _of_texts(texts: pa.Array, formats: list[str], year_alone: bool) -> tuple[pa.Array, pa.Array]:
    if not formats and (seconds := _all_to_the_second(texts)) is not None:
        return seconds, pa.nulls(len(texts), UTC_MICROS)
    iso = _as_iso(texts, formats[0]) if formats else texts
    plain = mask(pc.match_substring_regex(iso, _NAIVE))
    zoned = mask(pc.match_substring_regex(iso, _AWARE))
    try:
        naive, aware = without(iso, ~plain).cast(MICROS), without(iso, ~zoned).cast(UTC_MICROS)
    except pa.ArrowInvalid:  # the 30th of February: told apart one by one
        return _one_by_one(texts, formats, year_alone)
    if (pc.min(naive.cast(pa.int64())).as_py() or 0) < _FIRST_MICROS:
        return _one_by_one(texts, formats, year_alone)
    rest = without(texts, plain | zoned)
    if rest.null_count == len(rest):
        return naive, aware
    slow_naive, slow_aware = _one_by_one(rest, formats, year_alone)
    return pc.coalesce(naive, slow_naive), pc.coalesce(aware, slow_aware)


def _all_to_the_second(texts: pa.Array) -> pa.Array | None:
    """The times where every text is ISO 8601 to the second, what most sources send: of 19 characters Arrow reads no other way of
    writing. None where any is not."""
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if lengths["min"] != 19 or lengths["max"] != 19:
        return None
    try:
        made = texts.cast(MICROS)
    except pa.ArrowInvalid:
        return None
    return made if pc.min(made.cast(pa.int64())).as_py() >= _FIRST_MICROS else None


def _one_by_one(texts: pa.Array, formats: list[str], year_alone: bool) -> tuple[pa.Array, pa.Array]:
    coded = texts.dictionary_encode()
    times = [_of_text(normalise(text), formats, year_alone) for text in coded.dictionary.to_pylist()]
    naive = pa.array([None if t is None or t.tzinfo else _micros(t) for t in times], pa.int64()).cast(MICROS)
    aware = pa.array([_micros(t) if t and t.tzinfo else None for t in times], pa.int64()).cast(UTC_MICROS)
    return naive.take(coded.indices), aware.take(coded.indices)


def _micros(time: dt.datetime) -> int:
    return (time - (_AWARE_1970 if time.tzinfo else _NAIVE_1970)) // dt.timedelta(microseconds=1)


_END_OF_DAY = re.compile(r"(?<![\d:.])24:00(:00(\.0+)?)?(?![\d:])")
"""How some clocks write the midnight that ends a day; 14:24:00 has other digits before it."""


def _of_text(text: str, formats: list[str], year_alone: bool) -> Parsed:
    if _END_OF_DAY.search(text):
        midnight = _of_text(_END_OF_DAY.sub(lambda found: "00" + found[0][2:], text, count=1), formats, year_alone)
        return midnight + dt.timedelta(days=1) if midnight is not None and midnight.date() < dt.date.max else None
    for form in formats or [""]:
        try:
            time = dt.datetime.strptime(text, form) if form else dt.datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            continue
        if not form or (whole := _in_full(form)) is None or whole.fullmatch(text):
            return time
    is_year = year_alone and len(text) == 4 and text.isascii() and text.isdecimal() and int(text) > 0
    return dt.datetime(int(text), 1, 1) if is_year else None


_WIDTH = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "y": 2, "I": 2, "j": 3}
_DIRECTIVE = re.compile(r"%(.)|(\s+)|([^%\s]+)", re.DOTALL)


@lru_cache(maxsize=256)
def _in_full(form: str) -> re.Pattern[str] | None:
    """What a text must be whose format has numbers side by side: each with all its digits, for else `201511` is the first of
    November by %Y%m%d. None where no two numbers touch, and 1/5/2016 is clear."""
    parts = [match.groups() for match in _DIRECTIVE.finditer(form)]
    numbers = [directive in _WIDTH or directive == "f" for directive, _, _ in parts]
    if not any(a and b for a, b in pairwise(numbers)):
        return None
    made = ""
    for at, (directive, space, text) in enumerate(parts):
        touches = numbers[at] and any(numbers[max(0, at - 1) : at] + numbers[at + 1 : at + 2])
        if touches:
            made += rf"[0-9]{{{_WIDTH[directive]}}}" if directive in _WIDTH else "[0-9]{1,6}"
        else:
            made += ".+?" if directive else r"\s+" if space else re.escape(text or "")
    return re.compile(made, re.IGNORECASE | re.DOTALL)


_ISO_PARTS = (("Y", ""), ("m", "-"), ("d", "-"), ("H", "T"), ("M", ":"), ("S", ":"))


@lru_cache(maxsize=256)
def _iso_rewrite(form: str) -> tuple[str, str] | None:
    """(regular expression of a format with all its digits, what makes ISO 8601 of it); None for a format of other parts."""
    parts = [match.groups() for match in _DIRECTIVE.finditer(form)]
    named = [directive for directive, _, _ in parts if directive]
    if len(set(named)) < len(named) or not {"Y", "m", "d"} <= set(named) or not set(named) <= {name for name, _ in _ISO_PARTS}:
        return None
    if any(directive is None and not (space or text or "").isascii() for directive, space, text in parts):
        return None
    pattern = "".join(f"([0-9]{{{_WIDTH[d]}}})" if d else re.escape(space or text or "") for d, space, text in parts)
    place = {name: rf"\{named.index(name) + 1}" for name in named}
    return f"^{pattern}$", "".join(before + place.get(name, "00") for name, before in _ISO_PARTS)


def _as_iso(texts: pa.Array, form: str) -> pa.Array:
    """Texts that are written in full by the format, as ISO 8601; null for all others."""
    rewrite = _iso_rewrite(form)
    if rewrite is None:
        return pa.nulls(len(texts), pa.string())
    return without(pc.replace_substring_regex(texts, *rewrite), ~mask(pc.match_substring_regex(texts, rewrite[0])))


_HOUR_OF_ONE_DIGIT = re.compile(r"\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


def clock_text(cell: Any) -> str:
    """A time of day as it is joined to its date: of a workbook's number what its cell would show."""
    if isinstance(cell, SheetNumber) and (clock := cell.clock()) is not None:
        return clock.isoformat()
    if isinstance(cell, dt.datetime) and cell.year < 1905:  # what a workbook's reader makes of a time without a day
        return cell.time().isoformat()
    if isinstance(cell, dt.time):
        return cell.isoformat()
    text = normalise(cell_text(cell))
    return f"0{text}" if _HOUR_OF_ONE_DIGIT.fullmatch(text) else text
