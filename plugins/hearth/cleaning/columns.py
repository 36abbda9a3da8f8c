"""One source column becomes one typed column, with the reasons of the values that could not.

Every function takes the source values and returns (values, bits): `values` on Arrow types, null where
a reason stands; `bits` per row (see hearth.contracts.reasons). Nothing raises on bad content.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.instants import INSTANT, UTC_MICROS, arrow, from_micros, localise
from hearth.contracts.contract import Mapping
from hearth.contracts.entity import Column
from hearth.contracts.reasons import BIT, Bits
from hearth.contracts.units import CONVERSIONS

DATE = pd.ArrowDtype(pa.date32())
NUMBER = pd.ArrowDtype(pa.float64())
INTEGER = pd.ArrowDtype(pa.int32())
TEXT = pd.ArrowDtype(pa.string())
FLAG = pd.ArrowDtype(pa.bool_())

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0", "是", "有"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0", "否", "无"})
EXCEL_EPOCH = pd.Timestamp("1899-12-30")
"""Day 0 of Excel's 1900 date system as spreadsheets count it."""

Converted = tuple[pd.Series, Bits]


def convert(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> Converted:
    """The canonical column of `source` as the contract maps it, with the reasons of rows it refuses."""
    if mapping.from_ is None:
        return _constant(column, mapping, len(source))
    values, empty = _blank_to_null(source, mapping)
    made, bad = _CONVERTERS[column.kind](column, mapping, values, time_zone)
    bits = np.where(bad & ~empty, np.int32(_unreadable_bit(column)), np.int32(0))
    if column.kind == "number":
        made, bits = _number_codes(mapping, made, bits)
        made = _to_stored_unit(column, mapping, made)
    elif column.choices or mapping.values is not None:
        made, bits = _choices(column, mapping, made, bits)
    if column.required:
        bits = bits | np.where(made.isna().to_numpy(bool) & (bits == 0), BIT["missing_value"], 0).astype(np.int32)
    return made, bits.astype(np.int32)


def _unreadable_bit(column: Column) -> int:
    return BIT["unreadable_time" if column.kind in ("instant", "date") else "unreadable_value"]


def _constant(column: Column, mapping: Mapping, rows: int) -> Converted:
    dtype = {"text": TEXT, "number": NUMBER, "integer": INTEGER, "flag": FLAG}[column.kind]
    return pd.Series([mapping.constant] * rows, dtype=dtype), np.zeros(rows, np.int32)


def is_plain_text(series: pd.Series) -> bool:
    return series.dtype == object or isinstance(series.dtype, pd.StringDtype) or series.dtype == TEXT


def _blank_to_null(source: pd.Series, mapping: Mapping) -> tuple[pd.Series, np.ndarray]:
    """Declared empty texts become null; also tells which rows hold nothing."""
    if not is_plain_text(source):
        return source, source.isna().to_numpy(bool)
    words = set(mapping.empty)
    if source.dtype == object:
        kept = [None if isinstance(v, str) and v.strip() in words else v for v in source]
        source = pd.Series(kept, index=source.index, dtype=object)
    else:
        source = source.mask(source.str.strip().isin(words))
    return source, source.isna().to_numpy(bool)


def normalise(value: Any) -> str:
    """Text of a cell as a person reads it: full-width digits and spaces become ordinary ones."""
    return unicodedata.normalize("NFKC", str(value)).strip()


def _no_rows_bad(series: pd.Series) -> np.ndarray:
    return np.zeros(len(series), bool)


def _to_text(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    made = source.str.strip() if source.dtype == TEXT else source.map(_cell_text, na_action="ignore").astype(TEXT)
    return made.mask(made.str.contains("\0", regex=False).fillna(False), made.str.replace("\0", "", regex=False)), (
        made.str.contains("\0", regex=False).fillna(False).to_numpy(bool)
    )


def _cell_text(value: Any) -> str:
    """A number typed into a text cell (a ticket number, a code) keeps its digits: 7.0 is '7'."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()


def _to_number(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    if pd.api.types.is_numeric_dtype(source) and not pd.api.types.is_bool_dtype(source):
        if pd.api.types.is_integer_dtype(source):  # beyond 2^53 the nearest number a float has
            source = pd.Series(pd.array(arrow(source).cast(pa.float64(), safe=False), dtype=NUMBER), index=source.index)
        made = source.astype(NUMBER)
        bad = _not_finite(made)
        return made.mask(bad), bad
    source = source.astype(object)
    numbers = [v if isinstance(v, (str, int, float, Decimal)) and not isinstance(v, bool) else None for v in source]
    made = pd.Series(pd.to_numeric(pd.Series(numbers, dtype=object), errors="coerce").to_numpy(np.float64, na_value=np.nan))
    failed = np.flatnonzero(made.isna().to_numpy(bool) & source.notna().to_numpy(bool))
    for at in failed.tolist():
        made.iloc[at] = _as_typed(numbers[at])
    bad = ~np.isfinite(made.to_numpy()) & source.notna().to_numpy(bool)
    return made.astype(NUMBER).mask(~np.isfinite(made.to_numpy())), bad


def _as_typed(value: Any) -> float:
    """A number typed with full-width digits; NaN for anything else."""
    text = normalise(value) if isinstance(value, str) else ""
    return float(text) if re.fullmatch(r"[-+]?\d+(\.\d*)?", text, re.ASCII) else math.nan


def _not_finite(series: pd.Series) -> np.ndarray:
    values = series.to_numpy(dtype=np.float64, na_value=0.0)
    return ~np.isfinite(values)


def _number_codes(mapping: Mapping, made: pd.Series, bits: Bits) -> Converted:
    """Error codes and zeros that stand for missing, in the unit as sent."""
    if mapping.error_codes:
        coded = made.isin(mapping.error_codes).fillna(False).to_numpy(bool)
        bits, made = bits | np.where(coded, BIT["error_code"], 0), made.mask(coded)
    if mapping.zero_is_missing:
        zero = (made == 0).fillna(False).to_numpy(bool)
        bits, made = bits | np.where(zero, BIT["missing_value"], 0), made.mask(zero)
    return made, bits.astype(np.int32)


def _to_stored_unit(column: Column, mapping: Mapping, made: pd.Series) -> pd.Series:
    if column.unit is None or mapping.unit is None or mapping.unit == column.unit:
        return made
    offset, factor = CONVERSIONS[column.unit][mapping.unit]
    return (made + offset) * factor


def _to_integer(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    if mapping.date_part == "year":
        return _to_year(mapping, source)
    made, bad = _to_number(column, mapping, source, time_zone)
    made = _to_stored_unit(column, mapping, made)
    values = made.to_numpy(dtype=np.float64, na_value=0.0)
    bad = bad | (values != np.trunc(values)) | (np.abs(values) > 2**31 - 1)
    return made.mask(bad).astype(INTEGER), bad


def _to_year(mapping: Mapping, source: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """The year of a date as written, whatever its time zone."""
    made = _parse_times(mapping, source).map(lambda t: None if _absent(t) else t.year, na_action="ignore")
    made = made.astype(object).where(made.notna(), None).astype(INTEGER)
    return made, (made.isna() & source.notna()).to_numpy(bool)


def _to_flag(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    if source.dtype == FLAG or source.dtype == bool:
        return source.astype(FLAG), _no_rows_bad(source)
    words = source.map(lambda v: normalise(v).lower(), na_action="ignore")
    made = words.map(lambda w: True if w in TRUE_WORDS else False if w in FALSE_WORDS else None, na_action="ignore")
    bad = (made.isna() & source.notna()).to_numpy(bool)
    return made.astype(object).where(~bad, None).astype(FLAG), bad


def _to_instant(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    zone = mapping.time_zone or time_zone
    if mapping.epoch:
        numbers, bad = _to_number(column, mapping, source, time_zone)
        factor = {"s": 1_000_000, "ms": 1_000, "us": 1}[mapping.epoch]
        micros = numbers.to_numpy(np.float64, na_value=0) * factor
        bad |= np.abs(micros) > 253_402_300_799e6
        return from_micros(np.where(bad, 0, micros), numbers.isna().to_numpy(bool) | bad), bad
    parsed = _parse_times(mapping, source)
    made = _to_utc(parsed, zone, mapping.doubled_hour == "last")
    return made, (made.isna().to_numpy(bool) & source.notna().to_numpy(bool))


def _to_date(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    parsed = _parse_times(mapping, source)
    days = parsed.map(lambda t: None if t is None or t is pd.NaT else t.date(), na_action="ignore")
    made = days.astype(object).where(days.notna(), None).astype(DATE)
    return made, (made.isna() & source.notna()).to_numpy(bool)


def _parse_times(mapping: Mapping, source: pd.Series) -> pd.Series:
    """Timestamps as written, naive or with offset; null where none of the formats reads it."""
    if pa.types.is_timestamp(getattr(source.dtype, "pyarrow_dtype", pa.null())) or source.dtype.kind == "M":
        return source
    kind: Any = getattr(source.dtype, "pyarrow_dtype", None)
    if source.dtype == object or (kind is not None and pa.types.is_nested(kind)):  # a list or an object is no time
        source = source.astype(object).map(lambda v: None if isinstance(v, (list, dict, np.ndarray)) else v, na_action="ignore")
    distinct = pd.Series(source.dropna().unique(), dtype=object)
    parsed = {value: _parse_time(value, mapping.formats) for value in distinct}
    return source.map(parsed, na_action="ignore") if source.dtype == object else source.astype(object).map(parsed)


def _parse_time(value: Any, formats: list[str]) -> pd.Timestamp | None:
    if isinstance(value, dt.datetime):
        return pd.Timestamp(value)
    if isinstance(value, dt.date):
        return pd.Timestamp(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return EXCEL_EPOCH + pd.Timedelta(days=value) if 1 <= value < 2_958_466 and math.isfinite(value) else None
    text = normalise(value)
    for form in formats or [""]:
        try:
            return pd.Timestamp(dt.datetime.strptime(text, form) if form else dt.datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            continue
    return None


def _to_utc(parsed: pd.Series, zone: str, last: bool) -> pd.Series:
    """UTC instants of timestamps as written: with an offset it counts, without one they are local to `zone`."""
    column = arrow(parsed) if parsed.dtype != object else None
    if column is not None and pa.types.is_timestamp(column.type):
        if column.type.tz is None:
            return localise(column, zone, last)
        return pd.Series(pd.array(column.cast(UTC_MICROS), dtype=INSTANT))
    parsed = parsed.astype(object)
    aware = np.array([not _absent(t) and t.tzinfo is not None for t in parsed], bool)
    naive = pa.array(
        [None if _absent(t) or known else t.to_pydatetime() for t, known in zip(parsed, aware, strict=True)],
        pa.timestamp("us"),
    )
    made = localise(naive, zone, last)
    if aware.any():
        offsets = pa.array([t.to_pydatetime() if known else None for t, known in zip(parsed, aware, strict=True)], UTC_MICROS)
        made = made.fillna(pd.Series(pd.array(offsets, dtype=INSTANT)))
    return made


def _absent(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _choices(column: Column, mapping: Mapping, made: pd.Series, bits: Bits) -> Converted:
    if mapping.values is not None:
        named = made.map(mapping.values, na_action="ignore").astype(TEXT)
        if "*" in mapping.values:
            named = named.mask((named.isna() & made.notna()).to_numpy(bool), mapping.values["*"])
    elif column.kind == "integer":
        named = made.where(made.isin([int(choice) for choice in column.choices]))
    else:
        named = made.where(made.isin(column.choices))
    unknown = (named.isna() & made.notna()).to_numpy(bool)
    return named, (bits | np.where(unknown, BIT["unknown_code"], 0)).astype(np.int32)


_CONVERTERS = {
    "text": _to_text,
    "number": _to_number,
    "integer": _to_integer,
    "flag": _to_flag,
    "instant": _to_instant,
    "date": _to_date,
}
