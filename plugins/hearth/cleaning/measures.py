"""Lines of one measure each become rows with a column for each measure (`measures` of a contract), before they are cleaned.

Lines are one row where all other columns that the contract reads are alike, but for the time of arrival: a row arrived with the
last of its lines. They may lie `lines_apart` of each other; so many are held, twice at most, and where the lines of a row lie
further apart the file is refused, since two halves of one row would contradict each other. A row stands at the first of its lines.
A line that fits in no row (its measure is not known, or has another value in a line above) is a row by itself, refused with its
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.bounded import too_much
from hearth.cleaning.cells import all_texts, is_in, mask
from hearth.cleaning.columns import convert
from hearth.cleaning.instants import arrow, to_micros
from hearth.cleaning.records import Records, joined
from hearth.contracts.contract import Contract
from hearth.contracts.entity import Column
from hearth.contracts.file_source import FileSource
from hearth.contracts.measures import ALL_OTHERS
from hearth.contracts.mqtt_source import MqttSource
from hearth.contracts.reasons import BIT, Bits

ROWS_AT_ONCE = 50_000
_ARRIVED = Column("arrived_at", "instant")


def by_key(contract: Contract, chunks: Iterable[Records]) -> Iterator[Records]:
    """The records as they are, or the lines of one measure each as rows. Raises UnreadableFile."""
    if contract.measures is None:
        yield from chunks
        return
    lines = _Lines(contract)
    for records in chunks:
        yield from lines.add(records)
    yield from lines.rest()


class _Lines:
    """Lines whose rows may still have others to come."""

    def __init__(self, contract: Contract) -> None:
        self._contract, self._apart = contract, contract.format.limits.lines_apart
        self._held: list[Records] = []
        self._given = np.array([], np.uint64)

    def add(self, records: Records) -> Iterator[Records]:
        """The rows that are whole once these lines have come."""
        self._held.append(records)
        number = sum(map(len, self._held))
        if number >= 2 * self._apart:
            yield from self._settled(number - self._apart)

    def rest(self) -> Iterator[Records]:
        """No more lines come."""
        if self._held:
            yield from self._settled(None)

    def _settled(self, before: int | None) -> Iterator[Records]:
        """The rows that end before this line, or all of them; the lines of the others stay."""
        held = joined(self._held)
        rows = _told_apart(self._contract, held)
        done = np.ones(len(rows.first), bool) if before is None else rows.last < before
        self._refuse_halves(rows.keys(np.flatnonzero(done & (rows.bits == 0))), is_last=before is None)
        in_order = np.argsort(rows.first, kind="stable")
        chosen = in_order[done[in_order]]
        for start in range(0, max(1, len(chosen)), ROWS_AT_ONCE):
            made = rows.made(chosen[start : start + ROWS_AT_ONCE])
            made.no_record, held.no_record = held.no_record, 0
            yield made
        still_open = np.flatnonzero(np.append(~done, False)[rows.of_line])
        if len(still_open) >= 2 * self._apart:
            raise self._too_far()
        self._held = [held.take(still_open)]

    def _refuse_halves(self, keys: np.ndarray, is_last: bool) -> None:
        if np.isin(keys, self._given).any():
            raise self._too_far()
        if not is_last:
            self._given = np.concatenate([self._given, keys])

    def _too_far(self) -> Exception:
        what = "the lines of one row lie further apart, or are more"
        return too_much(self._contract.feed, self._contract.format.limits, "lines_apart", what)


@dataclass
class _Rows:
    """The rows that lines make.

    `of_line`: the row of each line, -1 for one that is not told; `first`, `last`: between which lines each row stands; `arrived`:
    the line it arrived with; `bits`: not 0 for a line that is a row by itself.
    `cells`: of each measure the line each row has it from, -1 for none; `doubled`: rows for which another line says another value.
    """

    contract: Contract
    lines: Records
    key: list[pa.Array]
    of_line: np.ndarray
    first: np.ndarray
    last: np.ndarray
    arrived: np.ndarray
    bits: Bits
    cells: dict[str, np.ndarray]
    doubled: dict[str, np.ndarray]

    def keys(self, rows: np.ndarray) -> np.ndarray:
        """A number for what tells each of these rows apart."""
        at = pa.array(self.first[rows])
        texts = pd.DataFrame({number: column.take(at).to_numpy(False) for number, column in enumerate(self.key)})
        return pd.util.hash_pandas_object(texts, index=False).to_numpy()

    def made(self, rows: np.ndarray) -> Records:
        """These rows as records with a column for each measure."""
        measures, arrival = self.contract.measures, _own_arrival(self.contract)
        assert measures is not None
        made = self.lines.take(self.first[rows])
        frame, bits = made.frame, self.bits[rows]
        if arrival is not None:
            frame[arrival] = _taken(self.lines.frame[arrival], self.arrived[rows])
        by_itself = np.where(bits != 0, self.first[rows], -1)
        for name in (measures.name, measures.value):
            frame[name] = _taken(self.lines.frame[name], by_itself)
        for name, cells in self.cells.items():
            frame[name] = _taken(self.lines.frame[measures.value], cells[rows])
        made.bits = bits
        made.doubled = {name: which[rows] for name, which in self.doubled.items()}
        return made


def _taken(column: pd.Series, at: np.ndarray) -> pd.Series:
    """The cells at these places, nothing where a place is -1."""
    if column.dtype == object:
        cells = np.append(column.to_numpy(), [None])
        return pd.Series(cells[at], dtype=object)
    return pd.Series(pd.array(arrow(column).take(pa.array(at, mask=at < 0)), dtype=column.dtype))


def _own_arrival(contract: Contract) -> str | None:
    """The column of the arrival, where it is nothing else as well."""
    name = None if contract.arrival == "file" else contract.arrival.from_
    return None if name in {read for m in contract.columns.values() for read in (m.from_, *m.read_beside)} else name


def _key(contract: Contract, lines: Records) -> list[pa.Array]:
    """What tells rows apart: every column but those of the measure and of the arrival, and the file, where it is a delivery."""
    measures = contract.measures
    assert measures is not None
    other = {measures.name, measures.value, _own_arrival(contract)}
    texts = [all_texts(lines.frame[name])[0] for name in lines.frame if name not in other]
    is_delivery = isinstance(contract.source, (FileSource, MqttSource))
    return [*texts, pa.array(lines.file_id).cast(pa.string())] if is_delivery else texts


def _told_apart(contract: Contract, lines: Records) -> _Rows:
    names, bits, told = _judged(contract, lines)
    key = _key(contract, lines)
    row = np.full(len(lines), -1, np.int64)
    fits = np.flatnonzero(told & (bits == 0))
    row[fits] = _numbered(key, fits)
    number = int(row.max(initial=-1)) + 1
    at = np.arange(len(lines))
    last = np.full(number, -1)
    np.maximum.at(last, row[fits], fits)
    cells, doubled = {}, {}
    for measure in dict.fromkeys(contract.measure_names.values()):
        cells[measure], other = _values(contract, lines, np.flatnonzero((names == measure) & (row >= 0)), row, number, measure)
        doubled[measure] = np.bincount(row[other], minlength=number) > 0
        bits[other] |= BIT["conflicting_duplicate"]
    alone = at[told & (bits != 0)]
    ends = np.where(row[alone] >= 0, last[row[alone]] if number else 0, alone)
    first = np.full(number, len(lines))
    np.minimum.at(first, row[fits], fits)
    arrived = np.concatenate([_arrivals(contract, lines, row, fits, number), alone])
    row[alone] = number + np.arange(len(alone))
    nothing, none = np.full(len(alone), -1), np.zeros(len(alone), bool)
    return _Rows(
        contract, lines, key, row, np.concatenate([first, alone]), np.concatenate([last, ends]), arrived,
        np.concatenate([np.zeros(number, np.int32), bits[alone]]),
        {name: np.concatenate([found, nothing]) for name, found in cells.items()},
        {name: np.concatenate([found, none]) for name, found in doubled.items()},
    )  # fmt: skip


def _judged(contract: Contract, lines: Records) -> tuple[np.ndarray, Bits, np.ndarray]:
    """(the measure of each line, why it fits in no row, whether it is told at all)."""
    measures = contract.measures
    assert measures is not None
    texts, nested = all_texts(lines.frame[measures.name])
    known = contract.measure_names
    first = pa.array(known.values(), pa.string()).take(pc.index_in(texts, value_set=pa.array(known, pa.string())))
    named, unnamed = mask(texts.is_valid()), mask(texts.is_null()) & ~nested
    unknown = ~mask(first.is_valid())
    ignored = named & unknown & (is_in(texts, measures.ignore) | (ALL_OTHERS in measures.ignore)) & (lines.bits == 0)
    why = np.where(unnamed, BIT["missing_value"], np.where(unknown, BIT["unknown_code"], 0)).astype(np.int32)
    return first.to_numpy(False), np.where(lines.bits != 0, lines.bits, why), ~ignored


def _values(
    contract: Contract, lines: Records, here: np.ndarray, row: np.ndarray, rows: int, measure: str
) -> tuple[np.ndarray, np.ndarray]:
    """(the first line with a value of the measure in each row, -1 for none; the lines with another value). `here`: its lines."""
    assert contract.measures is not None
    texts, nested = all_texts(lines.frame[contract.measures.value].iloc[here])
    filled = ~is_in(texts, contract.columns_empty(measure)) & (mask(texts.is_valid()) | nested)
    here, texts = here[filled], texts.filter(pa.array(filled))
    found, first = np.unique(row[here], return_index=True)
    cells, at = np.full(rows, -1), np.zeros(rows, np.int64)
    cells[found], at[found] = here[first], first
    same = pc.equal(texts, texts.take(pa.array(at[row[here]])))
    return cells, here[mask(pc.invert(same))]


def _numbered(key: list[pa.Array], lines: np.ndarray) -> np.ndarray:
    """Of these lines a number for each, the same where they are alike."""
    number = np.zeros(len(lines), np.int64)
    for column in key:
        coded = column.take(pa.array(lines)).dictionary_encode()
        codes = coded.indices.cast(pa.int64()).fill_null(len(coded.dictionary)).to_numpy(False)
        number = np.unique(number * (len(coded.dictionary) + 1) + codes, return_inverse=True)[1]
    return number


def _arrivals(contract: Contract, lines: Records, row: np.ndarray, fits: np.ndarray, rows: int) -> np.ndarray:
    """The line with which each row arrived: the last in time, or one that says no time."""
    arrived, name = np.zeros(rows, np.int64), _own_arrival(contract)
    if name is not None and contract.arrival != "file":
        instants, _ = convert(_ARRIVED, contract.arrival, lines.frame[name].iloc[fits], contract.time_zone)
        micros, absent = to_micros(instants)
        in_order = fits[np.argsort(np.where(absent, np.iinfo(np.int64).max, micros), kind="stable")]
        arrived[row[in_order]] = in_order
    return arrived
