"""Source records as chunks of a table, and the landing file they come from.

A record that cannot be split into fields is still a row: it comes out with the reason `unreadable_record`.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial, reduce

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.cells import all_texts, is_in, mask
from hearth.cleaning.errors import AGAIN, UnreadableFile
from hearth.contracts.contract import Contract
from hearth.contracts.mapping import FILE_NAME
from hearth.contracts.reasons import Bits

CHUNK_ROWS = 250_000
GATHERED_BYTES = 16 << 20
"""Chunks are joined up to here: rows may be few and large."""


@dataclass
class LandedFile:
    """A landing file as the cleaning sees it."""

    file_id: int
    name: str
    sha256: str
    delivered_at: datetime | None
    format_kind: str
    compression: str = "none"


@dataclass
class Records:
    """A chunk of source records; it may span several small files.

    `frame` holds the contract's source columns; `file_id` and `position` say where each record stands (its
    number in the file, from 1); `delivered_at` is the file's delivery in microseconds since 1970 (0: none);
    `bits` are the reasons found while reading. `size_bytes`: about what the records took in their file.
    `no_record`: lines among them that are none, and stand nowhere else. `doubled`: of a source column, the records for which the
    file says two things.
    """

    frame: pd.DataFrame
    file_id: np.ndarray
    delivered_at: np.ndarray
    position: np.ndarray
    bits: Bits
    size_bytes: int = 0
    no_record: int = 0
    doubled: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, file: LandedFile, frame: pd.DataFrame, first: int, bits: Bits, size_bytes: int = 0) -> Records:
        """Records of one file, numbered from `first`."""
        rows = len(frame)
        delivered = round(file.delivered_at.timestamp() * 1_000_000) if file.delivered_at else 0
        return cls(frame, np.full(rows, file.file_id), np.full(rows, delivered), np.arange(first, first + rows), bits, size_bytes)

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, chosen: np.ndarray) -> Records:
        """The chosen records (by place), without what is counted of all of them."""
        frame = self.frame.iloc[chosen].reset_index(drop=True)
        doubled = {name: which[chosen] for name, which in self.doubled.items()}
        places = self.file_id[chosen], self.delivered_at[chosen], self.position[chosen]
        return Records(frame, *places, self.bits[chosen], doubled=doubled)


def gathered(chunks: Iterable[Records], at_least: int) -> Generator[Records]:
    """Small chunks joined until they have `at_least` records: cleaning and validating have a fixed cost a chunk."""
    waiting: list[Records] = []
    for records in chunks:
        waiting.append(records)
        if sum(map(len, waiting)) >= at_least or sum(part.size_bytes for part in waiting) >= GATHERED_BYTES:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


def joined(parts: list[Records]) -> Records:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    alike = all(part.frame.dtypes.equals(parts[0].frame.dtypes) for part in parts)
    frame = pd.concat([part.frame if alike else part.frame.astype(object) for part in parts], ignore_index=True)
    columns = zip(*((part.file_id, part.delivered_at, part.position, part.bits) for part in parts), strict=True)
    file_id, delivered_at, position, bits = (np.concatenate(column) for column in columns)
    size, lines = sum(part.size_bytes for part in parts), sum(part.no_record for part in parts)
    return Records(frame, file_id, delivered_at, position, bits, size, lines)


def without_no_records(contract: Contract, chunks: Iterator[Records]) -> Iterator[Records]:
    """The chunks without the lines that the contract says are no record; the others keep their number in the file."""
    if contract.no_record is None:
        yield from chunks
        return
    for records in chunks:
        texts, _ = all_texts(records.frame[contract.no_record.column])
        kept = np.flatnonzero(~is_in(texts, contract.no_record.texts))
        yield replace(
            records.take(kept),
            size_bytes=records.size_bytes,
            no_record=len(records) - len(kept),
        )


def by_first_name(contract: Contract, file: LandedFile, records: Records) -> Records:
    """The records with each column under the first of its names (of two that have a value the first counts), and with the name of
    their file where the contract reads it."""
    frame = records.frame
    for first, others in contract.other_names.items():
        there = [name for name in (first, *others) if name in frame]
        empty = contract.columns_empty(first)
        frame[first] = reduce(partial(_or_else, empty), (frame[name] for name in there))
    if contract.reads_file_name:
        frame[FILE_NAME] = pd.Series(pd.array(pa.repeat(pa.scalar(file.name), len(frame)), dtype=pd.ArrowDtype(pa.string())))
    gone = [name for names in contract.other_names.values() for name in names if name in frame]
    return replace(records, frame=frame.drop(columns=gone))


def _or_else(empty: list[str], one: pd.Series, other: pd.Series) -> pd.Series:
    """The cells of the first, of the other where it holds nothing."""
    texts, _ = all_texts(one)
    blank = is_in(texts, empty) | mask(texts.is_null())
    return one if not blank.any() else other if blank.all() else one.astype(object).where(~blank, other.astype(object))


def columns_missing(contract: Contract, present: set[str]) -> list[str]:
    """The source columns that are there under none of their names."""
    others = contract.other_names
    also = {name for names in others.values() for name in names}
    return [name for name in contract.source_columns if name not in also and present.isdisjoint([name, *others.get(name, [])])]


def require_columns(contract: Contract, file: LandedFile, present: set[str]) -> None:
    """A mapped column that is nowhere in a chunk was renamed or is gone: the file is refused, not guessed at. Not so of messages:
    each is a document of its own, and those that happen to lie in one file say nothing of the others."""
    if contract.source.kind == "mqtt":
        return
    missing = columns_missing(contract, present)
    if missing and present.isdisjoint(contract.source_columns):  # what stands there may be a row: it is not repeated here
        raise UnreadableFile(
            f"{file.name}: expected the columns {', '.join(map(repr, missing))}; came {len(present)} names, none of them known."
            f" If the header line is missing, ask the sender for it; if all names have changed, change {contract.file}.",
            AGAIN,
        )
    if missing:
        spare = sorted(present - set(contract.source_columns) - set(contract.ignore))
        near = {name: renamed(name, spare) for name in missing}
        hint = "; ".join(f"{name!r} may be {match!r} now" for name, match in near.items() if match)
        raise UnreadableFile(
            f"{file.name}: expected column(s) {', '.join(map(repr, missing))}, came {', '.join(map(repr, sorted(present)))}."
            f" {hint + '. ' if hint else ''}Change the mapping in {contract.file}.",
            AGAIN,
        )


def renamed(name: str, spare: list[str]) -> str | None:
    """The one of the other names that is the same but for a few letters, or has it within; none rather than a wrong one."""
    plain = {_letters(other): other for other in spare if _letters(other)}
    within = [
        other
        for other in plain
        if min(len(other), len(_letters(name))) > 1 and (other in _letters(name) or _letters(name) in other)
    ]
    near = difflib.get_close_matches(_letters(name), plain, n=1, cutoff=0.7) or (within if len(within) == 1 else [])
    return plain[near[0]] if near else None


def _letters(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
