"""Read landing files as chunks of source records, in bounded memory.

A record that cannot be split into fields is still a row: it comes out with the reason
`unreadable_record`. A file that cannot be read at all raises UnreadableFile.
"""

from __future__ import annotations

import difflib
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json as pa_json

from hearth.cleaning.bounded import read_whole, too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.contract import Contract, CsvFormat, XlsxFormat
from hearth.contracts.limits import FileLimits
from hearth.contracts.reasons import BIT, Bits
from hearth.sources.json_text import decode, holds_doubled

CHUNK_ROWS = 250_000
BLOCK_BYTES = 24 << 20
WINDOW_BYTES = 1 << 20
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
    """

    frame: pd.DataFrame
    file_id: np.ndarray
    delivered_at: np.ndarray
    position: np.ndarray
    bits: Bits
    size_bytes: int = 0

    @classmethod
    def of(cls, file: LandedFile, frame: pd.DataFrame, first: int, bits: Bits, size_bytes: int = 0) -> Records:
        """Records of one file, numbered from `first`."""
        rows = len(frame)
        delivered = round(file.delivered_at.timestamp() * 1_000_000) if file.delivered_at else 0
        return cls(frame, np.full(rows, file.file_id), np.full(rows, delivered), np.arange(first, first + rows), bits, size_bytes)

    def __len__(self) -> int:
        return len(self.frame)


def gathered(chunks: Iterable[Records], at_least: int) -> Iterator[Records]:
    """Small chunks joined until they have `at_least` records: cleaning and validating have a fixed cost a chunk."""
    waiting: list[Records] = []
    for records in chunks:
        waiting.append(records)
        if sum(map(len, waiting)) >= at_least or sum(part.size_bytes for part in waiting) >= GATHERED_BYTES:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Records]) -> Records:
    if len(parts) == 1:
        return parts[0]
    frame = pd.concat([part.frame.astype(object) for part in parts], ignore_index=True)
    columns = zip(*((part.file_id, part.delivered_at, part.position, part.bits) for part in parts), strict=True)
    file_id, delivered_at, position, bits = (np.concatenate(column) for column in columns)
    return Records(frame, file_id, delivered_at, position, bits, sum(part.size_bytes for part in parts))


def read_records(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of one landing file. Raises UnreadableFile."""
    if file.format_kind == "ndjson":
        yield from _read_ndjson(contract, file, stream)
    elif file.format_kind == "json":
        yield from _read_json_page(contract, file, stream)
    elif isinstance(contract.format, (CsvFormat, XlsxFormat)):
        from hearth.cleaning.tables import read_csv, read_xlsx

        is_csv = isinstance(contract.format, CsvFormat)
        yield from (read_csv if is_csv else read_xlsx)(contract, file, stream)
    else:
        raise UnreadableFile(f"{file.name}: no reader for format {file.format_kind!r}")


def _from_items(contract: Contract, file: LandedFile, items: list[Any], first: int, size_bytes: int) -> Records:
    """Records of decoded JSON values; anything that is not an object is an unreadable record."""
    rows = [item if isinstance(item, dict) else {} for item in items]
    bits = np.fromiter((0 if isinstance(i, dict) else BIT["unreadable_record"] for i in items), np.int32, len(items))
    names = contract.source_columns
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    require_columns(contract, file, {key for row in rows for key in row} if rows else set(names))
    return Records.of(file, frame, first, bits, size_bytes)


def require_columns(contract: Contract, file: LandedFile, present: set[str]) -> None:
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


_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")


def _decode_json(text: bytes) -> tuple[Any, bool]:
    """(JSON value, whether an object in it names a key twice). Raises ValueError, RecursionError."""
    value, doubled = decode(text)
    return (_without_halves(value) if _ESCAPED_HALF.search(text) else value), doubled


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
    text = read_whole(file.name, stream, contract.format.limits)
    try:
        value, doubled = _decode_json(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{file.name}: not JSON: {error}. Pull the interval again.") from error
    for key in filter(None, path.split(".")):
        if not isinstance(value, dict) or key not in value:
            raise UnreadableFile(f"{file.name}: expected a list at {path!r}, but {key!r} is not there.")
        value = value[key]
    if not isinstance(value, list):
        raise UnreadableFile(f"{file.name}: expected a list at {path!r}, came {type(value).__name__}.")
    if doubled:
        value = [None if holds_doubled(item) else item for item in value]
    for start in range(0, len(value), CHUNK_ROWS):
        yield _from_items(contract, file, value[start : start + CHUNK_ROWS], start + 1, len(text))


def _read_ndjson(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    source = pa.input_stream(stream, compression="gzip" if file.compression == "gzip" else None)
    position, rest, unpacked, limits = 1, b"", 0, contract.format.limits
    while True:
        try:
            block = source.read(BLOCK_BYTES)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise UnreadableFile(f"{file.name}: cut off or not gzip after record {position - 1}: {error}.") from error
        unpacked += len(block)
        if unpacked > limits.unpacked_bytes:
            raise too_much(file.name, limits, "unpacked_bytes", f"unpacks to more, {position - 1} records up to there")
        rest, lines = _split_last_line(rest + block) if block else (b"", rest)
        refuse_long_line(file.name, limits, lines, rest)
        for part in _parts(lines):
            records = _ndjson_block(contract, file, part, position)
            position += len(records.position)
            yield records
        if not block:
            return


def refuse_long_line(name: str, limits: FileLimits, lines: bytes, rest: bytes) -> None:
    """`lines`: complete ones; `rest`: the beginning of the next. Looks at line ends a limit apart, not at every one."""
    at = 0
    while len(lines) - at > limits.line_bytes:
        end = lines.rfind(b"\n", at, at + limits.line_bytes + 1)
        if end < 0:
            break
        at = end + 1
    if len(lines) - at > limits.line_bytes or len(rest) > limits.line_bytes:
        raise too_much(name, limits, "line_bytes", "a line is longer")


def _parts(lines: bytes) -> Iterator[bytes]:
    """The lines in pieces of at most CHUNK_ROWS, without those that hold nothing: of short lines a block has millions."""
    ends = [len(lines)]
    if lines.count(b"\n") > CHUNK_ROWS:
        ends = [*(np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))[CHUNK_ROWS - 1 :: CHUNK_ROWS] + 1).tolist(), *ends]
    for start, end in pairwise([0, *ends]):
        if (part := lines[start:end]) and part.strip():
            yield part


def _split_last_line(data: bytes) -> tuple[bytes, bytes]:
    """(what comes after the last line end, the complete lines)."""
    cut = data.rfind(b"\n") + 1
    return data[cut:], data[:cut]


def _ndjson_block(contract: Contract, file: LandedFile, lines: bytes, first: int) -> Records:
    """Columnar where the block is well-formed; line by line where any line is not, or names a key twice (which Arrow refuses)."""
    _refuse_many_names(contract, file, lines)
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
    require_columns(contract, file, {name for name in table.column_names if name not in texts or _is_there(name, table, lines)})
    frame = table.select(contract.source_columns).to_pandas(types_mapper=pd.ArrowDtype)
    return Records.of(file, frame, first, np.zeros(len(frame), np.int32), len(lines))


_NAME = re.compile(rb'"([^"]*)"\s*:')


def _refuse_many_names(contract: Contract, file: LandedFile, lines: bytes) -> None:
    """Where each record has names of its own (identifiers, say), Arrow makes a column of each, as long as the block."""
    names: set[bytes] = set()
    for start in range(0, len(lines), WINDOW_BYTES):
        names.update(_NAME.findall(lines, start, start + WINDOW_BYTES))
        if len(names) > contract.format.limits.columns:
            raise too_much(file.name, contract.format.limits, "columns", "its records have more names than that")


_WITH_OFFSET = re.compile(rb'\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)"')
"""The end of a time that says its distance from UTC, as a JSON value."""


def _is_there(name: str, table: pa.Table, lines: bytes) -> bool:
    """Whether the lines name a column that was asked for: Arrow makes one of nulls where they do not."""
    return table[name].null_count < len(table) or any(
        json.dumps(name, ensure_ascii=escaped).encode() in lines for escaped in (False, True)
    )


def _line_by_line(contract: Contract, file: LandedFile, lines: bytes, first: int) -> Records:
    return _from_items(contract, file, [_one_line(line) for line in lines.splitlines() if line.strip()], first, len(lines))


def _one_line(line: bytes) -> Any:
    try:
        value, doubled = _decode_json(line)
    except (ValueError, RecursionError):
        return None
    return None if doubled else value
