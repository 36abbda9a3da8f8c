"""One source column becomes one typed column, with the reasons of the values that could not.

Values are on Arrow types, null where a reason stands; `bits` per row (see hearth.contracts.reasons). Nothing raises on bad
content. The contract's kind of column decides how a cell is read, and a cell gives the same value whichever file it came in.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.cells import all_texts, by_distinct, is_in, mask, normalise, without
from hearth.cleaning.instants import arrow, from_micros, localise
from hearth.cleaning.numbers import as_plain, to_numbers
from hearth.cleaning.times import Times, to_times
from hearth.contracts.entity import Column
from hearth.contracts.mapping import AS_IT_IS, Mapping
from hearth.contracts.reasons import BIT, Bits
from hearth.contracts.units import CONVERSIONS

DATE = pd.ArrowDtype(pa.date32())
NUMBER = pd.ArrowDtype(pa.float64())
INTEGER = pd.ArrowDtype(pa.int32())
TEXT = pd.ArrowDtype(pa.string())
FLAG = pd.ArrowDtype(pa.bool_())

LONG = 4096
"""Rows from which on a text that is there often is read once."""
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0", "是", "有"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0", "否", "无"})
RUINED = r"^\d+\.\d+[eE]\+\d+$|^\d+[eE]\+\d{2,}$|^\d{16,}\.\d+$"
"""What a spreadsheet makes of a long number: of three of them it leaves one. 2E5 is an identifier."""
TOTALS = ("合计", "总计", "小计", "共计", "总和", "Total", "TOTAL", "total", "Grand Total", "Subtotal")
"""What stands in place of an identifier where the line adds up the others."""

Converted = tuple[pd.Series, Bits]
Read = tuple[pa.Array, np.ndarray, Bits]
"""(values, null where there is none; which cells cannot be read; reasons found on the way)."""


def convert(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> Converted:
    """The canonical column of `source` as the contract maps it, with the reasons of rows it refuses."""
    cells, places = _each_once(source) if mapping.from_ is not None else _constant(mapping, len(source))
    cells, unlike = _part_meant(mapping, cells)
    made, bits = _read(column, mapping, cells, time_zone)
    bits = bits | np.where(unlike, _unreadable(column), 0).astype(np.int32)
    if column.required:
        bits = bits | np.where(made.is_null().to_numpy(zero_copy_only=False) & (bits == 0), BIT["missing_value"], 0)
    if places is not None:
        made, bits = made.take(pa.array(places)), bits[places]
    return pd.Series(pd.array(made, dtype=pd.ArrowDtype(made.type))), bits.astype(np.int32)


def convert_by_unit(column: Column, mapping: Mapping, source: pd.Series, said: pd.Series, time_zone: str) -> Converted:
    """As `convert`, of values whose units a second column tells; one whose unit nobody named is `unknown_code`."""
    texts = pc.utf8_trim_whitespace(_composed(all_texts(said)[0]))
    units = {unicodedata.normalize("NFC", text).strip(): unit for text, unit in (mapping.units or {}).items()}
    place = pc.index_in(texts, value_set=pa.array(list(units), pa.string()))
    unit = pc.coalesce(pa.array(list(units.values()), pa.string()).take(place), pa.scalar(units.get("*"), pa.string()))
    values, bits = convert(column, mapping, source, time_zone)
    made = arrow(values)
    for each in dict.fromkeys(units.values()):
        there = mask(pc.equal(unit, each))
        converted, bits[there] = convert(column, mapping.model_copy(update={"unit": each}), source[there], time_zone)
        made = pc.replace_with_mask(made, pa.array(there), arrow(converted))
    unknown = mask(unit.is_null()) & mask(made.is_valid())
    bits |= np.where(unknown, BIT["unknown_code"], 0).astype(np.int32)
    return pd.Series(pd.array(without(made, unknown), dtype=values.dtype)), bits


def _constant(mapping: Mapping, rows: int) -> tuple[pd.Series, np.ndarray | None]:
    return pd.Series([mapping.constant], dtype=object), np.zeros(rows, np.int64)


def _each_once(source: pd.Series) -> tuple[pd.Series, np.ndarray | None]:
    """(the texts of a long column each once, where the text of each row stands); (the column, None) where that saves little."""
    if len(source) < LONG or source.dtype != TEXT:
        return source, None
    coded = pa.chunked_array(source.array.__arrow_array__()).dictionary_encode().combine_chunks()
    texts = len(coded.dictionary)
    if texts * 2 > len(source):
        return source, None
    each = pa.concat_arrays([coded.dictionary, pa.nulls(1, pa.string())])
    return pd.Series(pd.array(each, dtype=TEXT)), coded.indices.fill_null(texts).to_numpy()


def _part_meant(mapping: Mapping, source: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """(the texts without what stands around the part the pattern means, texts that are not like it)."""
    if mapping.pattern is None:
        return source, np.zeros(len(source), bool)
    texts, bad = all_texts(source)
    absent = is_in(texts, mapping.empty) | mask(texts.is_null())
    like = mask(pc.match_substring_regex(texts, mapping.pattern))
    parts = pc.replace_substring_regex(texts, rf"^(?s:.*?)(?:{mapping.pattern})(?s:.*)$", r"\1")
    made = without(pc.if_else(pa.array(absent), texts, parts), ~like & ~absent)
    return pd.Series(pd.array(made, dtype=TEXT)), (bad | ~like) & ~absent


def _unreadable(column: Column) -> int:
    return BIT["unreadable_time" if column.kind in ("instant", "date") else "unreadable_value"]


def _read(column: Column, mapping: Mapping, source: pd.Series, time_zone: str) -> tuple[pa.Array, Bits]:
    made, bad, bits = _READERS[column.kind](column, mapping, source, mapping.time_zone or time_zone)
    return made, bits | np.where(bad, _unreadable(column), 0).astype(np.int32)


def _no_bits(rows: int) -> Bits:
    return np.zeros(rows, np.int32)


def _to_text(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    texts, bad = all_texts(source)
    texts = _composed(without(texts, is_in(texts, mapping.empty)))
    has_nul = mask(pc.match_substring(texts, "\0"))
    if has_nul.any():
        texts = pc.replace_substring(texts, "\0", "")
    bad = bad | has_nul
    if column.is_identifier:
        none = mask(pc.match_substring_regex(texts, RUINED)) | is_in(texts, TOTALS)
        texts, bad = without(texts, none), bad | none
    if not column.choices and mapping.values is None:
        return texts, bad, _no_bits(len(texts))
    named = _named(column, mapping, texts)
    unknown = (named.is_null().to_numpy(zero_copy_only=False)) & texts.is_valid().to_numpy(zero_copy_only=False)
    return named, bad, np.where(unknown, BIT["unknown_code"], 0).astype(np.int32)


def _composed(texts: pa.Array) -> pa.Array:
    """One way of writing what looks the same (NFC); most columns are ASCII and cost nothing."""
    letters = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    return pc.utf8_normalize(texts, "NFC") if (letters >= 0x80).any() else texts


def _named(column: Column, mapping: Mapping, texts: pa.Array) -> pa.Array:
    """What the contract calls each text; null where it is not among those named."""
    if mapping.values is None:
        return without(texts, ~is_in(texts, column.choices))
    named = {unicodedata.normalize("NFC", given).strip(): name for given, name in mapping.values.items()}
    place = pc.index_in(texts, value_set=pa.array(list(named), pa.string()))
    made = pa.array(list(named.values()), pa.string()).take(place)
    if "*" not in named:
        return made
    if named["*"] == AS_IT_IS:
        return pc.coalesce(made, without(texts, ~is_in(texts, column.choices)) if column.choices else texts)
    return pc.coalesce(made, without(pa.array([named["*"]] * len(texts)), ~mask(texts.is_valid())))


def _coded_numbers(mapping: Mapping, source: pd.Series) -> tuple[np.ndarray, np.ndarray, Bits]:
    """(numbers in the unit as sent, NaN where there is none; which cells cannot be read; error codes and zeros that stand for
    missing)."""
    if mapping.decimal or mapping.thousands or mapping.written_with:
        source = as_plain(source, mapping.decimal, mapping.thousands, mapping.written_with)
    made, _, bad = to_numbers(source, mapping.empty)
    bits = _no_bits(len(made))
    if mapping.error_codes:
        coded = np.isin(made, mapping.error_codes)
        bits, made = bits | np.where(coded, BIT["error_code"], 0).astype(np.int32), np.where(coded, np.nan, made)
    if mapping.zero_is_missing:
        zero = made == 0
        bits, made = bits | np.where(zero, BIT["missing_value"], 0).astype(np.int32), np.where(zero, np.nan, made)
    return made, bad, bits


def _to_number(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    made, bad, bits = _coded_numbers(mapping, source)
    made = _to_stored_unit(column, mapping, made)
    return pa.array(made, pa.float64(), mask=np.isnan(made)), bad, bits


def _to_stored_unit(column: Column, mapping: Mapping, made: np.ndarray) -> np.ndarray:
    if column.unit is None or mapping.unit is None or mapping.unit == column.unit:
        return made
    offset, factor = CONVERSIONS[column.unit][mapping.unit]
    return (made + offset) * factor


def _to_integer(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    if mapping.date_part == "year":
        days, bad, bits = _local_days(to_times(source, mapping.formats, mapping.empty, year_alone=True), zone)
        return pc.year(days).cast(pa.int32()), bad, bits
    made, bad, bits = _coded_numbers(mapping, source)
    made = _to_stored_unit(column, mapping, made)
    none = np.isnan(made)
    broken = ~none & ((made != np.trunc(made)) | (np.abs(made) > 2**31 - 1))
    values = pa.array(np.where(none | broken, 0, made).astype(np.int32), mask=none | broken)
    if column.choices:
        unknown = ~np.isin(made, [int(choice) for choice in column.choices]) & ~none & ~broken
        values, bits = without(values, unknown), bits | np.where(unknown, BIT["unknown_code"], 0).astype(np.int32)
    return values, bad | broken, bits


def _to_flag(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    if source.dtype == FLAG or source.dtype == bool:
        made = arrow(source)
        return made, np.zeros(len(made), bool), _no_bits(len(made))
    texts, bad = all_texts(source)
    texts = without(texts, is_in(texts, mapping.empty))
    made = by_distinct(texts, _flag, pa.bool_())
    return made, bad | (mask(made.is_null()) & mask(texts.is_valid())), _no_bits(len(made))


def _flag(text: str) -> bool | None:
    word = normalise(text).lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _to_instant(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    if mapping.epoch:
        return _of_epoch(mapping, source)
    times = to_times(source, mapping.formats, mapping.empty)
    made = pc.coalesce(arrow(localise(times.naive, zone, mapping.doubled_hour == "last")), times.aware)
    return made, mask(made.is_null()) & ~times.absent, _no_bits(len(made))


def _of_epoch(mapping: Mapping, source: pd.Series) -> Read:
    numbers, bad, bits = _coded_numbers(mapping, source)
    micros = numbers * {"s": 1_000_000, "ms": 1_000, "us": 1}[mapping.epoch or "s"]
    beyond = np.abs(micros) > 253_402_300_799e6
    none = np.isnan(numbers) | beyond
    return arrow(from_micros(np.where(none, 0, micros), none)), bad | beyond, bits


def _to_date(column: Column, mapping: Mapping, source: pd.Series, zone: str) -> Read:
    if mapping.epoch:
        instants, bad, bits = _of_epoch(mapping, source)
        return _days_of(instants, zone), bad, bits
    return _local_days(to_times(source, mapping.formats, mapping.empty), zone)


def _local_days(times: Times, zone: str) -> Read:
    """The day as written; of a time that says its distance from UTC the local day of the contract's zone."""
    made = pc.coalesce(times.naive.cast(pa.date32(), safe=False), _days_of(times.aware, zone))
    return made, mask(made.is_null()) & ~times.absent, _no_bits(len(made))


def _days_of(instants: pa.Array, zone: str) -> pa.Array:
    return pc.local_timestamp(instants.cast(pa.timestamp("us", tz=zone))).cast(pa.date32(), safe=False)


_READERS = {
    "text": _to_text,
    "number": _to_number,
    "integer": _to_integer,
    "flag": _to_flag,
    "instant": _to_instant,
    "date": _to_date,
}
