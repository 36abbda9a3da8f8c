"""Lines of cells, from CSV and from sheets, become records; lines and chunks are bounded by what they hold."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

import numpy as np
import pandas as pd

from hearth.cleaning.bounded import Counted, too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.records import CHUNK_ROWS, LandedFile, Records, require_columns
from hearth.cleaning.workbook import is_filled, read_sheets
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import CsvFormat, XlsxFormat
from hearth.contracts.reasons import BIT

CHUNK_CHARACTERS = 8 << 20
LOOKED_FOR_HEADER = 20
"""Lines among which a header is looked for that is not the first one."""

_PACKED = {
    b"\x1f\x8b": "it is gzip; say compression: gzip in the contract's format",
    b"PK": "have it unpacked; a workbook is kind: xlsx",
}

Line = tuple[list[Any] | None, int]
"""(cells, or None for a line that cannot be split; about how many characters it has)."""


def read_csv(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of a CSV file. Raises UnreadableFile."""
    form = contract.format
    assert isinstance(form, CsvFormat)
    unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if form.compression == "gzip" else stream
    text = _Text(file, unpacked, form)
    reader = csv.reader(text, delimiter=form.delimiter, strict=True)
    try:
        header = _csv_header(reader, form)
    except csv.Error as error:
        raise UnreadableFile(f"{file.name}: no readable header line: {error}.") from error
    if header is None:
        raise UnreadableFile(f"{file.name}: the file is empty; expected a header line with {contract.source_columns}.")
    header = [name.strip() for name in header]
    yield from _records(contract, file, header, _csv_lines(file, reader, text))


def _csv_header(reader: Any, form: CsvFormat) -> list[str] | None:
    """The header's names; None for a file that ends before. Raises csv.Error."""
    filled = (line for line in reader if any(cell.strip() for cell in line))
    for _ in range(form.skip_rows):
        next(filled, None)
    return form.header or next(filled, None)


def read_xlsx(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of a workbook's sheet. Raises UnreadableFile."""
    assert isinstance(contract.format, XlsxFormat)
    first = 1
    for header, lines in read_sheets(file.name, stream, contract.format, contract.source_kinds):
        weighed = ((line, sum(len(cell) if isinstance(cell, str) else 8 for cell in line)) for line in lines)
        for records in _records(contract, file, header, weighed, first):
            first += len(records)
            yield records


class _Text:
    """The lines of a file, decoded strictly: a wrong encoding is told with its place, never replaced silently.

    `given`: characters so far. Raises UnreadableFile.
    """

    def __init__(self, file: LandedFile, stream: IO[bytes], form: CsvFormat) -> None:
        self._file, self._form, self.given, self._lines = file, form, 0, 0
        self._bytes = io.BufferedReader(Counted(file.name, stream, form.limits))
        if form.compression == "none" and (mend := _PACKED.get(start := self._bytes.peek(2)[:2])):
            raise UnreadableFile(f"{file.name}: it is no text but a packed file (it starts with {start.hex(' ')}): {mend}.")
        try:
            self._text = io.TextIOWrapper(self._bytes, form.encoding, newline="")
        except LookupError as error:
            raise self._not_encoded(0, b"") from error

    def __iter__(self) -> _Text:
        return self

    def __next__(self) -> str:
        limits = self._form.limits
        try:
            line = self._text.readline(limits.line_bytes + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableFile(f"{self._file.name}: cut off or not gzip after line {self._lines}: {error}.") from error
        except UnicodeDecodeError as error:
            raise self._not_encoded(self._bytes.tell() - len(error.object) + error.start, error.object, error.start) from error
        if len(line) > limits.line_bytes:
            raise too_much(self._file.name, limits, "line_bytes", f"line {self._lines + 1} is longer")
        if not line:
            raise StopIteration
        if self.given == 0:
            line = line.lstrip("\ufeff")
        self.given, self._lines = self.given + len(line), self._lines + 1
        return line

    def _not_encoded(self, place: int, read: bytes, start: int = 0) -> UnreadableFile:
        """`read`: the bytes at work when `start` of them could be decoded; `place`: where that is in the file."""
        line = self._lines + read[:start].count(b"\n") + 1
        return UnreadableFile(
            f"{self._file.name}: not {self._form.encoding} at byte {place} (line {line}): {read[start : start + 4].hex(' ')}. "
            "Say the encoding the file has in the contract's format.encoding (gb18030 reads GBK and GB2312 as well)."
        )


def _csv_lines(file: LandedFile, reader: Any, text: _Text) -> Iterator[Line]:
    """Lines as lists, None for one the csv module cannot split; blank lines are not rows.

    `reader`: csv's. Raises UnreadableFile where a quotation mark runs over several lines to a place where none may end:
    the lines between are rows, and nobody can tell how many.
    """
    while True:
        begun, before = reader.line_num + 1, text.given
        try:
            line = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > begun:
                raise UnreadableFile(
                    f"{file.name}: the text that is quoted from line {begun} on is not ended properly up to line {reader.line_num}:"
                    f" {error}. A quotation mark within a text has to be doubled: ask the sender for the file again."
                ) from error
            yield None, text.given - before
            continue
        if any(cell.strip() for cell in line):
            yield line, text.given - before


def _records(contract: Contract, file: LandedFile, header: list[str], lines: Iterable[Line], first: int = 1) -> Iterator[Records]:
    """Lines of cells as records, numbered from `first`; a line with more or fewer cells than the header is unreadable, unless what
    it has more is empty: some senders end each line with a delimiter."""
    limits = contract.format.limits
    if len(header) > limits.columns:
        raise too_much(file.name, limits, "columns", f"its header has {len(header)} columns")
    lines = iter(lines)
    if not set(contract.source_columns) <= set(header):
        _refuse_rows_above(contract, file, lines)
    _refuse_doubled_names(contract, file, header)
    require_columns(contract, file, set(header))
    wanted, width = [header.index(name) for name in contract.source_columns], len(header)
    named = max((at + 1 for at, name in enumerate(header) if name), default=width)
    buffer: list[list[Any] | None] = []
    size = 0
    for line, characters in lines:
        is_whole = line is not None and len(line) >= named and not any(map(is_filled, line[width:]))
        buffer.append([line[at] for at in wanted] if line is not None and is_whole else None)
        size += characters
        if len(buffer) >= CHUNK_ROWS or size >= CHUNK_CHARACTERS:
            yield _chunk(contract, file, buffer, first, size)
            first, buffer, size = first + len(buffer), [], 0
    if buffer:
        yield _chunk(contract, file, buffer, first, size)


def _refuse_rows_above(contract: Contract, file: LandedFile, lines: Iterator[Line]) -> None:
    """Raises UnreadableFile where the header stands some lines further down, below a title say."""
    for below, (line, _) in zip(range(1, LOOKED_FOR_HEADER + 1), lines, strict=False):
        if line is not None and set(contract.source_columns) <= {str(cell).strip() for cell in line}:
            skip = below + getattr(contract.format, "skip_rows", 0)
            raise UnreadableFile(
                f"{file.name}: the columns of the contract are named in row {skip + 1} (blank ones not counted), below {skip} other"
                f" row(s), such as a title: say skip_rows: {skip} in the contract's format."
            )


def _refuse_doubled_names(contract: Contract, file: LandedFile, header: list[str]) -> None:
    """Names the contract does not know are counted, not told: what stands in place of a header may be a row."""
    doubled = {name for name, number in Counter(header).items() if name and number > 1}
    if doubled:
        known = sorted(doubled & {*contract.source_columns, *contract.ignore})
        others = f" and {len(doubled) - len(known)} the contract does not know" if len(known) < len(doubled) else ""
        raise UnreadableFile(f"{file.name}: column(s) {known}{others} stand twice in the header; which one is meant?")


def _chunk(contract: Contract, file: LandedFile, lines: list[list[Any] | None], first: int, size: int) -> Records:
    """`lines`: the cells of the contract's columns, None for an unreadable line."""
    bits = np.fromiter((BIT["unreadable_record"] if line is None else 0 for line in lines), np.int32, len(lines))
    frame = pd.DataFrame(
        {
            name: pd.Series([None if line is None else line[at] for line in lines], dtype=object)
            for at, name in enumerate(contract.source_columns)
        }
    )
    return Records.of(file, frame, first, bits, size)
