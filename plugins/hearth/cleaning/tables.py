"""Lines of cells, from CSV and from sheets, become records; lines and chunks are bounded by what they hold."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np
import pandas as pd

from hearth.cleaning.bounded import NOT_GZIP, Counted, cut_off, too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.plain_csv import Blocks, as_columns, frame_of
from hearth.cleaning.records import CHUNK_ROWS, LandedFile, Records, columns_missing, require_columns
from hearth.cleaning.workbook import is_filled, read_sheets
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import CsvFormat, XlsxFormat
from hearth.contracts.reasons import BIT

CHUNK_CHARACTERS = 8 << 20
LOOKED_FOR_HEADER = 20
"""Lines among which a header is looked for that is not the first one."""

_PACKED = {
    b"\x1f\x8b": "it is gzip; say compression: gzip in the contract's format",
    b"PK": "say compression: zip in the contract's format; a workbook is kind: xlsx",
}

Line = tuple[list[Any] | None, int]
"""(cells, or None for a line that cannot be split; about how many characters it has)."""


def read_csv(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """The records of a CSV file, numbered from `first`: plain blocks of it as columns, what else there is by the csv module.

    Raises UnreadableFile.
    """
    form = contract.format
    assert isinstance(form, CsvFormat)
    unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if form.compression == "gzip" else stream
    data = io.BufferedReader(Counted(file.name, unpacked, form.limits))
    if form.compression == "none" and (mend := _PACKED.get(begins := data.peek(2)[:2])):
        raise UnreadableFile(f"{file.name}: it is no text but a packed file (it starts with {begins.hex(' ')}): {mend}.")
    blocks, layout = Blocks(file.name, data, form), None
    while (block := blocks.next()) is not None:
        if layout is None:
            lines = io.StringIO(block, newline="")
            layout = _csv_layout(contract, file, csv.reader(lines, delimiter=form.delimiter, strict=True), lines.tell)
            block = lines.read()
        for records in _of_block(contract, file, layout, block, first):
            first += len(records)
            yield records
    rest = _Text(file, blocks, form)
    reader = csv.reader(rest, delimiter=form.delimiter, strict=True)
    layout = layout or _csv_layout(contract, file, reader, rest.tell)
    yield from _records(file, layout, _csv_lines(file, reader, rest.tell, blocks.lines), first)


def _of_block(contract: Contract, file: LandedFile, layout: Layout, block: str, first: int) -> Iterator[Records]:
    """The records of whole lines without quotation marks."""
    form = contract.format
    assert isinstance(form, CsvFormat)
    columns = as_columns(block, form.delimiter, layout.width, layout.wanted) if block else None
    if columns is None:
        lines = io.StringIO(block, newline="")
        reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
        yield from _records(file, layout, _csv_lines(file, reader, lines.tell), first)
    else:
        frame = frame_of(columns, layout.names)
        yield Records.of(file, frame, first, np.zeros(len(frame), np.int32), len(block))


def _csv_layout(contract: Contract, file: LandedFile, reader: Any, tell: Callable[[], int]) -> Layout:
    form = contract.format
    assert isinstance(form, CsvFormat)
    try:
        header = _csv_header(reader, form)
    except csv.Error as error:
        raise UnreadableFile(f"{file.name}: no readable header line: {error}.") from error
    if header is None:
        raise UnreadableFile(f"{file.name}: the file is empty; expected a header line with {contract.source_columns}.")
    return _layout(contract, file, [name.strip() for name in header], _csv_lines(file, reader, tell))


def _csv_header(reader: Any, form: CsvFormat) -> list[str] | None:
    """The header's names; None for a file that ends before. Raises csv.Error."""
    filled = (line for line in reader if any(cell.strip() for cell in line))
    for _ in range(form.skip_rows):
        next(filled, None)
    return form.header or next(filled, None)


def read_xlsx(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """The records of a workbook's sheet. Raises UnreadableFile."""
    assert isinstance(contract.format, XlsxFormat)
    for header, lines in read_sheets(file.name, stream, contract.format, contract.source_kinds):
        weighed = ((line, sum(len(cell) if isinstance(cell, str) else 8 for cell in line)) for line in lines)
        for records in _records(file, _layout(contract, file, header, weighed), weighed, first):
            first += len(records)
            yield records


class _Text:
    """The lines of what the blocks left of a file, decoded strictly: a wrong encoding is told with its place, never replaced
    silently. Raises UnreadableFile."""

    def __init__(self, file: LandedFile, blocks: Blocks, form: CsvFormat) -> None:
        self._file, self._form, self._given, self._lines = file, form, blocks.characters, blocks.lines
        self._bytes = blocks.rest
        try:
            self._text = io.TextIOWrapper(self._bytes, form.encoding, newline="")
        except LookupError as error:
            raise self._not_encoded(0, b"") from error

    def tell(self) -> int:
        """Characters so far."""
        return self._given

    def __iter__(self) -> _Text:
        return self

    def __next__(self) -> str:
        limits = self._form.limits
        try:
            line = self._text.readline(limits.line_bytes + 1)
        except NOT_GZIP as error:
            raise cut_off(self._file.name, self._lines, error) from error
        except UnicodeDecodeError as error:
            raise self._not_encoded(self._bytes.tell() - len(error.object) + error.start, error.object, error.start) from error
        if len(line) > limits.line_bytes:
            raise too_much(self._file.name, limits, "line_bytes", f"line {self._lines + 1} is longer")
        if not line:
            raise StopIteration
        if self._given == 0:
            line = line.lstrip("\ufeff")
        self._given, self._lines = self._given + len(line), self._lines + 1
        return line

    def _not_encoded(self, place: int, read: bytes, start: int = 0) -> UnreadableFile:
        """`read`: the bytes at work when `start` of them could be decoded; `place`: where that is in the file."""
        line = self._lines + read[:start].count(b"\n") + 1
        return UnreadableFile(
            f"{self._file.name}: not {self._form.encoding} at byte {place} (line {line}): {read[start : start + 4].hex(' ')}. "
            "Say the encoding the file has in the contract's format.encoding (gb18030 reads GBK and GB2312 as well)."
        )


def _csv_lines(file: LandedFile, reader: Any, tell: Callable[[], int], above: int = 0) -> Iterator[Line]:
    """Lines as lists, None for one the csv module cannot split; blank lines are not rows.

    `reader`: csv's; `tell`: characters it took so far; `above`: lines of the file above its own. Raises UnreadableFile where a
    quotation mark runs over several lines to a place where none may end: the lines between are rows, and nobody can tell how many.
    """
    while True:
        begun, before = reader.line_num + 1, tell()
        try:
            line = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > begun:
                raise UnreadableFile(
                    f"{file.name}: the text that is quoted from line {above + begun} on is not ended properly up to line"
                    f" {above + reader.line_num}: {error}. A quotation mark within a text has to be doubled: ask the sender for the"
                    " file again."
                ) from error
            yield None, tell() - before
            continue
        if any(cell.strip() for cell in line):
            yield line, tell() - before


@dataclass
class Layout:
    """Where the cells of a line stand: `wanted` those of the columns `names`, which the contract reads; `width` all of the header,
    `named` up to the last name."""

    names: list[str]
    wanted: list[int]
    width: int
    named: int


def _layout(contract: Contract, file: LandedFile, header: list[str], lines: Iterable[Line]) -> Layout:
    """`lines`: those below the header, where it may stand if it is none itself. Raises UnreadableFile."""
    limits = contract.format.limits
    if len(header) > limits.columns:
        raise too_much(file.name, limits, "columns", f"its header has {len(header)} columns")
    if columns_missing(contract, set(header)):
        _refuse_rows_above(contract, file, iter(lines))
    _refuse_doubled_names(contract, file, header)
    require_columns(contract, file, set(header))
    named = max((at + 1 for at, name in enumerate(header) if name), default=len(header))
    names = [name for name in contract.source_columns if name in header]
    return Layout(names, [header.index(name) for name in names], len(header), named)


def _records(file: LandedFile, layout: Layout, lines: Iterable[Line], first: int) -> Iterator[Records]:
    """Lines of cells as records, numbered from `first`; a line with more or fewer cells than the header is unreadable, unless what
    it has more is empty: some senders end each line with a delimiter."""
    wanted, width, named = layout.wanted, layout.width, layout.named
    buffer: list[list[Any] | None] = []
    size = 0
    for line, characters in lines:
        is_whole = line is not None and len(line) >= named and not any(map(is_filled, line[width:]))
        buffer.append([line[at] for at in wanted] if line is not None and is_whole else None)
        size += characters
        if len(buffer) >= CHUNK_ROWS or size >= CHUNK_CHARACTERS:
            yield _chunk(layout, file, buffer, first, size)
            first, buffer, size = first + len(buffer), [], 0
    if buffer:
        yield _chunk(layout, file, buffer, first, size)


def _refuse_rows_above(contract: Contract, file: LandedFile, lines: Iterator[Line]) -> None:
    """Raises UnreadableFile where the header stands some lines further down, below a title say."""
    for below, (line, _) in zip(range(1, LOOKED_FOR_HEADER + 1), lines, strict=False):
        if line is not None and not columns_missing(contract, {str(cell).strip() for cell in line}):
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


def _chunk(layout: Layout, file: LandedFile, lines: list[list[Any] | None], first: int, size: int) -> Records:
    """`lines`: the cells of the columns that are wanted, None for an unreadable line."""
    bits = np.fromiter((BIT["unreadable_record"] if line is None else 0 for line in lines), np.int32, len(lines))
    frame = pd.DataFrame(
        {
            name: pd.Series([None if line is None else line[at] for line in lines], dtype=object)
            for at, name in enumerate(layout.names)
        }
    )
    return Records.of(file, frame, first, bits, size)
