"""Records of a landing file become canonical rows: un-nested, typed, UTC, personal values hashed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.cells import cell_text, is_absent
from hearth.cleaning.columns import NUMBER, convert, convert_by_unit
from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.instants import from_micros, local_timestamps, to_micros
from hearth.cleaning.personal_text import is_suspicious, mask_column, mask_value
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.records import Records
from hearth.cleaning.times import clock_text
from hearth.cleaning.unfolding import Unfolded, unfolded
from hearth.contracts.contract import Contract
from hearth.contracts.entity import LEFT_OUT, Column
from hearth.contracts.mapping import Mapping
from hearth.contracts.reasons import BIT, Bits, names
from hearth.contracts.unfolding import SelfRegistering


@dataclass
class Rows:
    """A chunk of canonical rows, before validation.

    `frame` has the entity's stored columns plus file_id, position, sub_position, arrived_at, source_version;
    `bits` the reasons found so far; `source` the source columns (one line a record) and `record` the
    line of `source` each row came from. `named`: the household, building, station and branch each row names, where
    points register themselves. `channels`: of each measure that fails alone, why it cannot be used in which rows; `blamed`:
    the same of each other column that any row is refused for. `no_record`: lines that came with the records and are none.
    """

    frame: pd.DataFrame
    bits: Bits
    source: pd.DataFrame
    record: np.ndarray
    named: pd.DataFrame | None = None
    channels: dict[str, Bits] = field(default_factory=dict)
    blamed: dict[str, Bits] = field(default_factory=dict)
    no_record: int = 0

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, chosen: np.ndarray) -> Rows:
        """The chosen rows (by position)."""
        frame = self.frame.iloc[chosen].reset_index(drop=True)
        named = None if self.named is None else self.named.iloc[chosen].reset_index(drop=True)
        channels, blamed = ({name: bits[chosen] for name, bits in part.items()} for part in (self.channels, self.blamed))
        return Rows(frame, self.bits[chosen], self.source, self.record[chosen], named, channels, blamed)

    def blame(self, name: str, at: np.ndarray, reason: int) -> None:
        """Note that these rows are refused for what stands in a column."""
        self.blamed.setdefault(name, np.zeros(len(self), np.int32))[at] |= reason

    def why(self, at: int, bits: int) -> str:
        """The reasons of a row, each with its columns where one is to blame: `error_code of temperature_degc`."""
        columns = {**self.channels, **self.blamed}
        told = []
        for reason in names(bits):
            where = [name for name, found in columns.items() if found[at] & BIT[reason]]
            told.append(f"{reason} of {' and '.join(where)}" if where else reason)
        return ", ".join(told)

    def settle_channels(self, bits: Bits) -> None:
        """Channels that cannot be used become null; where no other measure is left, their reasons are the row's (in `bits`)."""
        if not self.channels:
            return
        bad, left = np.zeros(len(self), np.int32), np.zeros(len(self), bool)
        for name, found in self.channels.items():
            if found.any():
                self.frame[name] = self.frame[name].mask(found != 0)
            bad |= found
            left |= self.frame[name].notna().to_numpy(bool)
        bits |= np.where(left, 0, bad).astype(np.int32)
        self.frame[LEFT_OUT] = pd.Series(self._left_out_texts(left), dtype=pd.ArrowDtype(pa.string()))

    def _left_out_texts(self, kept: np.ndarray) -> list[str | None]:
        """Of each row its bad channels with their first reasons, as raw keeps them; None where there are none."""
        texts: list[str | None] = [None] * len(self)
        for name, found in self.channels.items():
            for at in np.flatnonzero((found != 0) & kept).tolist():
                cell = f"{name}:{names(int(found[at]))[0]}"
                texts[at] = cell if texts[at] is None else f"{texts[at]},{cell}"
        return texts

    def left_out(self, accepted: np.ndarray) -> Counter[tuple[str, str]]:
        """Values left out of the accepted rows, by column and first reason."""
        found: Counter[tuple[str, str]] = Counter()
        for name, bits in self.channels.items():
            for value, number in Counter(bits[accepted & (bits != 0)].tolist()).items():
                found[name, names(value)[0]] += number
        return found


def _given(contract: Contract, mapping: Mapping, source: pd.DataFrame) -> pd.Series:
    """The source values of a mapping; a date and its time of day in two columns come joined."""
    if mapping.from_ is None:
        return source.iloc[:, 0]
    if mapping.time_from is None:
        return source[mapping.from_]
    no_time = mapping.model_copy(update={"time_from": None, "doubled_hour": "first"})
    days, _ = convert(Column("day", "date"), no_time, source[mapping.from_], contract.time_zone)
    cells = zip(source[mapping.from_], days, source[mapping.time_from], strict=True)
    return pd.Series([_day_and_clock(given, day, clock, mapping.empty) for given, day, clock in cells], dtype=object)


def _converted(
    contract: Contract, column: Column, mapping: Mapping, source: pd.DataFrame, rows: Unfolded
) -> tuple[pd.Series, Bits, bool]:
    """(the column's values, the reasons of those that cannot be used, whether they are of records: else of rows)."""
    own = rows.own.get(str(mapping.from_))
    given = _given(contract, mapping, source) if own is None else own
    if mapping.unit_from is None:
        iso = mapping.model_copy(update={"formats": []}) if mapping.time_from else mapping
        return *convert(column, iso, given, contract.time_zone), own is None
    said = rows.own.get(mapping.unit_from)
    if own is None and said is None:
        return *convert_by_unit(column, mapping, given, source[mapping.unit_from], contract.time_zone), True
    given = rows.for_each(given) if own is None else own
    said = rows.for_each(source[mapping.unit_from]) if said is None else said
    return *convert_by_unit(column, mapping, given, said, contract.time_zone), False


def _day_and_clock(given: Any, day: Any, clock: Any, empty: list[str]) -> str | None:
    """Both as one ISO 8601 text; one without the other is no time."""
    if is_absent(given) or str(cell_text(given)).strip() in empty:
        return None
    time = "" if is_absent(clock) else clock_text(clock)
    return f"{given} without a time" if is_absent(day) or time in empty else f"{day.isoformat()} {time}"


_ARRIVED = Column("arrived_at", "instant", required=True)
_VERSION = Column("source_version", "number", required=True)
_STEP = Column("step_minutes", "number", unit="min", required=True)


def clean(contract: Contract, records: Records, pseudonyms: Pseudonyms, doubled_hour: DoubledHour | None = None) -> Rows:
    """Canonical rows of a chunk of records; every record gives at least one row.

    `doubled_hour`: the same one for all chunks of a pull.
    """
    entity = contract.entity_definition
    source = records.frame.reset_index(drop=True)
    rows = unfolded(contract, source)
    record, sub_position = rows.record, rows.sub_position
    bits = records.bits[record].copy()
    made: dict[str, Any] = {}
    channels: dict[str, Bits] = {}
    blamed: dict[str, Bits] = {}
    for column in entity.columns:
        mapping = contract.columns.get(column.name)
        if mapping is None or (contract.unnest and column.name == contract.unnest.time):
            continue
        values, found, per_record = _converted(contract, column, mapping, source, rows)
        if mapping.from_ in records.doubled:
            found = found | np.where(records.doubled[mapping.from_], BIT["conflicting_duplicate"], 0)
        if column.personal:
            values = pseudonyms.hash_column(column.name, values)
        elif column.is_free_text and column.name not in entity.natural_key:
            values = mask_column(values, pseudonyms)
        if per_record and not rows.are_records:
            values, found = rows.for_each(values), found[record]
        if column.name in entity.natural_key:
            found = np.where(found & BIT["missing_value"], found & ~BIT["missing_value"] | BIT["missing_key"], found)
        made[column.stored_name] = values
        if column.name in entity.channels:
            channels[column.name] = found.astype(np.int32)
        else:
            bits |= found.astype(np.int32)
            blamed |= {column.name: found.astype(np.int32)} if found.any() else {}
    if contract.unnest:
        made[contract.unnest.time], found = _reading_times(contract, source, record, sub_position)
        bits |= found
    _arrival_and_version(contract, records, record, made, bits)
    made["file_id"], made["position"] = records.file_id[record], records.position[record]
    made["sub_position"] = sub_position
    _settle_doubled_hour(contract, source, record, made, doubled_hour or DoubledHour())
    named, lacking = _named(contract, source, rows)
    for name, found in lacking.items():
        bits |= found
        blamed[name] = found
    _midnight(contract, made)
    # A record that could not be split has one reason; what its absent fields lack says nothing more.
    unsplit = (bits & BIT["unreadable_record"]) != 0
    bits[unsplit] = BIT["unreadable_record"]
    return Rows(pd.DataFrame(made), bits, source, record, named, channels, blamed, records.no_record)


def _settle_doubled_hour(
    contract: Contract, source: pd.DataFrame, record: np.ndarray, made: dict[str, Any], doubled_hour: DoubledHour
) -> None:
    """Times the contract says are told by the order of a point's readings; the first reading of them stands in `made`."""
    entity = contract.entity_definition
    for name, mapping in contract.columns.items():
        if mapping.doubled_hour == "in_order":
            formats = [] if mapping.time_from else mapping.formats
            as_last = mapping.model_copy(update={"doubled_hour": "last", "formats": formats})
            given = _given(contract, mapping, source)
            last = convert(entity.columns_by_name[name], as_last, given, contract.time_zone)[0].take(record).reset_index(drop=True)
            others = [made["file_id"], *(made[key] for key in entity.natural_key if key != name)]
            made[name] = doubled_hour.settle(made[name], last, others, contract.rows == "newest_first")


def _named(contract: Contract, source: pd.DataFrame, rows: Unfolded) -> tuple[pd.DataFrame | None, dict[str, Bits]]:
    """The ids by which self-registering points name themselves, one line a row; none may be missing, and which are."""
    if not isinstance(contract.points, SelfRegistering):
        return None, {}
    made, lacking = {}, {}
    for name, mapping in contract.points.named.items():
        column = Column(name, "text", required=True)
        own = rows.own.get(str(mapping.from_))
        values, found = convert(column, mapping, _given(contract, mapping, source) if own is None else own, contract.time_zone)
        if own is None:
            values, found = rows.for_each(values), found[rows.record]
        made[name] = values
        if found.any():
            lacking[name] = found.astype(np.int32)
    return pd.DataFrame(made), lacking


def _reading_times(
    contract: Contract, source: pd.DataFrame, record: np.ndarray, sub_position: np.ndarray
) -> tuple[pd.Series, Bits]:
    """base - i * step of each reading; the base is the first source time that is not all zeros."""
    assert contract.unnest is not None
    target = contract.entity_definition.columns_by_name[contract.unnest.time]
    base, bits = None, np.zeros(len(source), np.int32)
    for mapping in contract.unnest.base:
        zeros_are_empty = mapping.model_copy(update={"empty": [*mapping.empty, *("0" * n for n in range(1, 20))]})
        optional = Column(target.name, target.kind)
        values, found = convert(optional, zeros_are_empty, source[str(mapping.from_)], contract.time_zone)
        base, bits = (values if base is None else base.fillna(values)), bits | found
    assert base is not None
    step_mapping = Mapping.model_validate({"from": contract.unnest.step_minutes, "unit": "min"})
    step, found = convert(_STEP, step_mapping, source[contract.unnest.step_minutes], contract.time_zone)
    bits |= found
    micros, absent = to_micros(base)
    offset = (step.to_numpy(np.float64, na_value=0) * 60e6).astype("int64")[record] * sub_position
    missing = np.where(absent & (bits == 0), BIT["missing_key"], 0).astype(np.int32)
    times = from_micros(micros[record] - offset, (absent | step.isna().to_numpy(bool))[record])
    return times, (bits | missing)[record]


def _arrival_and_version(contract: Contract, records: Records, record: np.ndarray, made: dict[str, Any], bits: Bits) -> None:
    source = records.frame
    if contract.arrival == "file":
        made["arrived_at"] = from_micros(records.delivered_at[record], np.zeros(len(record), bool))
    else:
        values, found = convert(_ARRIVED, contract.arrival, source[str(contract.arrival.from_)], contract.time_zone)
        made["arrived_at"] = values.take(record).reset_index(drop=True)
        bits |= found[record]
    if contract.version is None:
        made["source_version"] = pd.Series(np.zeros(len(record), np.int64))
    else:
        versions, found = _versions(contract.version, source, contract.time_zone)
        made["source_version"] = pd.Series(versions[record])
        bits |= found[record]


_EXACT = 2**53
"""Up to here a float holds every whole number."""


def _versions(name: str, source: pd.DataFrame, time_zone: str) -> tuple[np.ndarray, Bits]:
    """Whole numbers to the last digit (int64), so that of two versions the later one is known; else `unreadable_value`."""
    values, found = convert(_VERSION, Mapping.model_validate({"from": name}), source[name], time_zone)
    numbers = values.fillna(0).astype(NUMBER).to_numpy(np.float64)
    large = np.abs(numbers) >= _EXACT
    versions = np.where(large, 0, numbers).astype(np.int64)
    for at in np.flatnonzero(large).tolist():
        try:
            versions[at] = int(Decimal(str(source[name].iloc[at]).strip()))
        except (ArithmeticError, OverflowError):
            found[at] |= BIT["unreadable_value"]
    return versions, found


def _midnight(contract: Contract, made: dict[str, Any]) -> None:
    """Some systems stamp midnight for 'some time that day': say so beside the ticket instead of believing it."""
    created = contract.columns.get("created_at")
    if created is None or "created_at" not in made:
        return
    local = local_timestamps(made["created_at"], created.time_zone or contract.time_zone).to_numpy(zero_copy_only=False)
    midnight = local.astype("datetime64[D]") == local
    known = ~midnight if created.midnight_means_unknown else np.ones(len(local), bool)
    made["created_time_known"] = pd.Series(known, dtype=pd.ArrowDtype(pa.bool_()))


def masked_records(contract: Contract, rows: Rows, which: np.ndarray, pseudonyms: Pseudonyms) -> list[str]:
    """The source record of each chosen row as JSON, personal values replaced by their hash.

    Columns the contract marks are hashed whole; in all others, ignored ones too, what looks personal is masked, and
    what a marked column of the same record holds. Ids of points, households and the like stay as they are.
    """
    personal, ids = contract.personal_sources, contract.identifying_sources
    unreadable = rows.bits[which] & BIT["unreadable_record"]
    chosen = rows.source.iloc[rows.record[which]].astype(object)
    lines = chosen.to_dict("records")
    # Most columns are numbers and times: they are looked through once, not row by row.
    suspicious = {name for name in chosen if name not in ids and _may_be_personal(chosen[name], pseudonyms)}
    texts = []
    for line, broken in zip(lines, unreadable, strict=True):
        if broken:
            texts.append(json.dumps({"unreadable": "see the landing file at this position"}))
            continue
        known = [(kind, str(line[name])) for name, kind in personal.items() if name in line and not is_absent(line[name])]
        masked = {
            name: value
            if is_absent(value) or name in ids
            else pseudonyms.hash_value(personal[name], str(value))
            if name in personal
            else mask_value(value.tolist() if isinstance(value, np.ndarray) else value, pseudonyms, known)
            if name in suspicious or known
            else value
            for name, value in line.items()
        }
        texts.append(json.dumps(masked, ensure_ascii=False, default=_json_text, allow_nan=False).replace("\\u0000", "\\ufffd"))
    return texts


def _may_be_personal(values: pd.Series, pseudonyms: Pseudonyms) -> bool:
    return any(isinstance(v, (list, dict, tuple, np.ndarray)) for v in values) or is_suspicious(set(values), pseudonyms)


def refused_columns(contract: Contract, source: pd.DataFrame) -> list[str]:
    """Canonical columns whose values the cleaning cannot take, for records shown to a person: which mapping to look at."""
    source = source.reset_index(drop=True)
    refused, rows = [], unfolded(contract, source)
    for name, mapping in contract.columns.items():
        column = contract.entity_definition.columns_by_name[name]
        if _converted(contract, column, mapping, source, rows)[1].any():
            refused.append(name)
    return refused


def _json_text(value: Any) -> Any:
    if is_absent(value):
        return None
    return value.tolist() if isinstance(value, np.ndarray) else str(value)
