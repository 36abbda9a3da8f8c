"""Read landing files as chunks of source records, in bounded memory.

A record that cannot be split into fields is still a row: it comes out with the reason
`unreadable_record`. A file that cannot be read at all raises UnreadableFile.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json as pa_json

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.workbook import read_sheet
from hearth.contracts.contract import Contract, CsvFormat, XlsxFormat
from hearth.validation.reasons import BIT, Bits

CHUNK_ROWS = 250_000
BLOCK_BYTES = 24 << 20


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
    `bits` are the reasons found while reading.
    """

    frame: pd.DataFrame
    file_id: np.ndarray
    delivered_at: np.ndarray
    position: np.ndarray
    bits: Bits

    @classmethod
    def of(cls, file: LandedFile, frame: pd.DataFrame, first: int, bits: Bits) -> Records:
        """Records of one file, numbered from `first`."""
        rows = len(frame)
        delivered = round(file.delivered_at.timestamp() * 1_000_000) if file.delivered_at else 0
        return cls(frame, np.full(rows, file.file_id), np.full(rows, delivered), np.arange(first, first + rows), bits)

    def __len__(self) -> int:
        return len(self.frame)


def gathered(chunks: Iterable[Records], at_least: int) -> Iterator[Records]:
    """Small chunks joined until they have `at_least` records: cleaning and validating have a fixed cost a chunk."""
    waiting: list[Records] = []
    for records in chunks:
        waiting.append(records)
        if sum(map(len, waiting)) >= at_least:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Records]) -> Records:
    if len(parts) == 1:
        return parts[0]
    frame = pd.concat([part.frame.astype(object) for part in parts], ignore_index=True)
    columns = zip(*((part.file_id, part.delivered_at, part.position, part.bits) for part in parts), strict=True)
    return Records(frame, *(np.concatenate(column) for column in columns))


def read_records(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of one landing file. Raises UnreadableFile."""
    if file.format_kind == "ndjson":
        yield from _read_ndjson(contract, file, stream)
    elif file.format_kind == "json":
        yield from _read_json_page(contract, file, stream)
    elif isinstance(contract.format, CsvFormat):
        yield from _read_csv(contract, file, stream, contract.format)
    elif isinstance(contract.format, XlsxFormat):
        yield from _read_xlsx(contract, file, stream, contract.format)
    else:
        raise UnreadableFile(f"{file.name}: no reader for format {file.format_kind!r}")


def _from_items(contract: Contract, file: LandedFile, items: list[Any], first: int) -> Records:
    """Records of decoded JSON values; anything that is not an object is an unreadable record."""
    rows = [item if isinstance(item, dict) else {} for item in items]
    bits = np.fromiter((0 if isinstance(i, dict) else BIT["unreadable_record"] for i in items), np.int32, len(items))
    names = contract.source_columns
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    _require_columns(contract, file, {key for row in rows for key in row} if rows else set(names))
    return Records.of(file, frame, first, bits)


def _require_columns(contract: Contract, file: LandedFile, present: set[str]) -> None:
    """A mapped column that is nowhere in a chunk was renamed or is gone: the file is refused, not guessed at."""
    missing = [name for name in contract.source_columns if name not in present]
    if missing and len(missing) == len(contract.source_columns):  # what stands there may be a row: it is not repeated here
        raise UnreadableFile(
            f"{file.name}: expected the columns {', '.join(map(repr, missing))}; came {len(present)} names, none of them known."
            f" If the header line is missing, ask the sender for it; if all names have changed, change feeds/{contract.feed}.yml."
            " Then run the interval again; the landing file is kept."
        )
    if missing:
        spare = sorted(present - set(contract.source_columns) - set(contract.ignore))
        near = {name: difflib.get_close_matches(name, spare, n=1, cutoff=0.4) for name in missing}
        hint = "; ".join(f"{name!r} may be {match[0]!r} now" for name, match in near.items() if match)
        raise UnreadableFile(
            f"{file.name}: expected column(s) {', '.join(map(repr, missing))}, came {', '.join(map(repr, sorted(present)))}."
            f" {hint + '. ' if hint else ''}Change the mapping in feeds/{contract.feed}.yml and run the interval again;"
            " the landing file is kept."
        )


def _no_constant(text: str) -> str:
    """NaN and Infinity are not JSON: keep the word, the column's cleaning will refuse it."""
    return text


_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")


def _decode_json(text: bytes) -> Any:
    """A JSON value. Raises ValueError, RecursionError."""
    value = json.loads(text, parse_constant=_no_constant)
    return _without_halves(value) if _ESCAPED_HALF.search(text) else value


def _without_halves(value: Any) -> Any:
    """Half of a surrogate pair, what a text cut off in an emoji ends with, becomes the replacement character."""
    if isinstance(value, str):
        return _HALF_OF_A_PAIR.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(inner) for key, inner in value.items()}
    return [_without_halves(inner) for inner in value] if isinstance(value, list) else value


def _read_json_page(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    source = contract.source
    path = source.pages.items if source.kind == "http" else ""
    try:
        value = _decode_json(stream.read())
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{file.name}: not JSON: {error}. Pull the interval again.") from error
    for key in filter(None, path.split(".")):
        if not isinstance(value, dict) or key not in value:
            raise UnreadableFile(f"{file.name}: expected a list at {path!r}, but {key!r} is not there.")
        value = value[key]
    if not isinstance(value, list):
        raise UnreadableFile(f"{file.name}: expected a list at {path!r}, came {type(value).__name__}.")
    for start in range(0, len(value), CHUNK_ROWS):
        yield _from_items(contract, file, value[start : start + CHUNK_ROWS], start + 1)


def _read_ndjson(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    source = pa.input_stream(stream, compression="gzip" if file.compression == "gzip" else None)
    position, rest = 1, b""
    while True:
        try:
            block = source.read(BLOCK_BYTES)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise UnreadableFile(f"{file.name}: cut off or not gzip after record {position - 1}: {error}.") from error
        rest, lines = _split_last_line(rest + block) if block else (b"", rest)
        if lines.strip():
            records = _ndjson_block(contract, file, lines, position)
            position += len(records.position)
            yield records
        if not block:
            return


def _split_last_line(data: bytes) -> tuple[bytes, bytes]:
    """(what comes after the last line end, the complete lines)."""
    cut = data.rfind(b"\n") + 1
    return data[cut:], data[:cut]


def _ndjson_block(contract: Contract, file: LandedFile, lines: bytes, first: int) -> Records:
    """Columnar where the block is well-formed; line by line where any line is not."""
    kinds = contract.entity_definition.columns_by_name
    texts = {m.from_ for name, m in contract.columns.items() if m.from_ and kinds[name].kind == "text"}
    schema = pa.schema([(name, pa.string()) for name in sorted(texts)])
    try:
        table = pa_json.read_json(
            io.BytesIO(lines),
            read_options=pa_json.ReadOptions(block_size=BLOCK_BYTES * 2),
            parse_options=pa_json.ParseOptions(explicit_schema=schema),
        )
    except pa.ArrowInvalid:
        return _line_by_line(contract, file, lines, first)
    if _WITH_OFFSET.search(lines) and any(pa.types.is_timestamp(kind) for kind in table.schema.types):
        return _line_by_line(contract, file, lines, first)  # Arrow makes UTC of such a time and forgets that it said so
    _require_columns(contract, file, {name for name in table.column_names if name not in texts or _is_there(name, table, lines)})
    frame = table.select(contract.source_columns).to_pandas(types_mapper=pd.ArrowDtype)
    return Records.of(file, frame, first, np.zeros(len(frame), np.int32))


_WITH_OFFSET = re.compile(rb'\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)"')
"""The end of a time that says its distance from UTC, as a JSON value."""


def _is_there(name: str, table: pa.Table, lines: bytes) -> bool:
    """Whether the lines name a column that was asked for: Arrow makes one of nulls where they do not."""
    return table[name].null_count < len(table) or any(
        json.dumps(name, ensure_ascii=escaped).encode() in lines for escaped in (False, True)
    )


def _line_by_line(contract: Contract, file: LandedFile, lines: bytes, first: int) -> Records:
    return _from_items(contract, file, [_one_line(line) for line in lines.splitlines() if line.strip()], first)


def _one_line(line: bytes) -> Any:
    try:
        return _decode_json(line)
    except (ValueError, RecursionError):
        return None


def _decoded_lines(file: LandedFile, stream: IO[bytes], encoding: str) -> io.TextIOBase:
    """The whole file decoded strictly; a wrong encoding is told with its place, never replaced silently."""
    data = stream.read()
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        start = getattr(error, "start", 0)
        line = data[:start].count(b"\n") + 1
        raise UnreadableFile(
            f"{file.name}: not {encoding} at byte {start} (line {line}): {data[start : start + 4].hex(' ')}. "
            "Say the encoding the file has in the contract's format.encoding (gb18030 reads GBK and GB2312 as well)."
        ) from error
    return io.StringIO(text.lstrip("\ufeff"), newline="")


def _read_csv(contract: Contract, file: LandedFile, stream: IO[bytes], form: CsvFormat) -> Iterator[Records]:
    reader = csv.reader(_decoded_lines(file, stream, form.encoding), delimiter=form.delimiter, strict=True)
    try:
        header = form.header or next(reader, None)
    except csv.Error as error:
        raise UnreadableFile(f"{file.name}: no readable header line: {error}.") from error
    if header is None:
        raise UnreadableFile(f"{file.name}: the file is empty; expected a header line with {contract.source_columns}.")
    header = [name.strip() for name in header]
    _refuse_doubled_names(contract, file, header)
    _require_columns(contract, file, set(header))
    yield from _chunks_of_lines(contract, file, header, _csv_lines(file, reader))


def _csv_lines(file: LandedFile, reader: Any) -> Iterator[list[str] | None]:
    """Lines as lists, None for one the csv module cannot split; blank lines are not rows.

    `reader`: csv's. Raises UnreadableFile where a quotation mark runs over several lines to a place where none may end:
    the lines between are rows, and nobody can tell how many.
    """
    while True:
        begun = reader.line_num + 1
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
            yield None
            continue
        if any(cell.strip() for cell in line):
            yield line


def _refuse_doubled_names(contract: Contract, file: LandedFile, header: list[str]) -> None:
    """Names the contract does not know are counted, not told: what stands in place of a header may be a row."""
    doubled = {name for name in header if name and header.count(name) > 1}
    if doubled:
        known = sorted(doubled & {*contract.source_columns, *contract.ignore})
        others = f" and {len(doubled) - len(known)} the contract does not know" if len(known) < len(doubled) else ""
        raise UnreadableFile(f"{file.name}: column(s) {known}{others} stand twice in the header; which one is meant?")


def _read_xlsx(contract: Contract, file: LandedFile, stream: IO[bytes], form: XlsxFormat) -> Iterator[Records]:
    header, lines = read_sheet(file.name, stream, form)
    _refuse_doubled_names(contract, file, header)
    _require_columns(contract, file, set(header))
    yield from _chunks_of_lines(contract, file, header, lines)


def _chunks_of_lines(
    contract: Contract, file: LandedFile, header: list[str], lines: Iterator[list[Any] | None]
) -> Iterator[Records]:
    """Lines of cells as records; a line with more or fewer cells than the header is unreadable."""
    wanted = [header.index(name) for name in contract.source_columns]
    first, buffer = 1, []
    for line in lines:
        buffer.append(line)
        if len(buffer) >= CHUNK_ROWS:
            yield _lines_to_records(contract, file, len(header), wanted, buffer, first)
            first, buffer = first + len(buffer), []
    if buffer:
        yield _lines_to_records(contract, file, len(header), wanted, buffer, first)


def _lines_to_records(
    contract: Contract, file: LandedFile, width: int, wanted: list[int], lines: list[list[Any] | None], first: int
) -> Records:
    whole = [line is not None and len(line) == width for line in lines]
    bits = np.where(whole, 0, BIT["unreadable_record"]).astype(np.int32)
    frame = pd.DataFrame(
        {
            name: pd.Series(
                [line[at] if line is not None and ok else None for line, ok in zip(lines, whole, strict=True)], dtype=object
            )
            for name, at in zip(contract.source_columns, wanted, strict=True)
        }
    )
    return Records.of(file, frame, first, bits)
