"""JSON pages and lines of JSON become records, in bounded memory. Raises UnreadableFile for a file that cannot be read at all."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.bounded import holds_longer_line, read_whole, too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.json_columns import BLOCK_BYTES, TooManyNames, read_columnar
from hearth.cleaning.records import CHUNK_ROWS, LandedFile, Records, columns_missing, require_columns
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import BIT
from hearth.sources.json_text import decode, holds_doubled


def _from_items(contract: Contract, file: LandedFile, items: list[Any], first: int, size_bytes: int) -> Records:
    """Records of decoded JSON values; anything that is not an object is an unreadable record."""
    rows = [item if isinstance(item, dict) else {} for item in items]
    bits = np.fromiter((0 if isinstance(i, dict) else BIT["unreadable_record"] for i in items), np.int32, len(items))
    names = contract.source_columns
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    if not bits.all():  # a line cut off says nothing of the columns
        require_columns(contract, file, {key for row in rows for key in row} if rows else set(names))
    return Records.of(file, frame, first, bits, size_bytes)


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


def read_json_page(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    source = contract.source
    path = source.pages.items if source.kind == "http" else ""
    text = read_whole(file.name, stream, contract.format.limits)
    try:
        value, doubled = _decode_json(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{file.name}: not JSON: {error}.", "Pull the interval again.") from error
    for key in filter(None, path.split(".")):
        if not isinstance(value, dict) or key not in value:
            raise UnreadableFile(f"{file.name}: expected a list at {path!r}, but {key!r} is not there.")
        value = value[key]
    if not isinstance(value, list):
        raise UnreadableFile(f"{file.name}: expected a list at {path!r}, came {type(value).__name__}.")
    if doubled:
        value = [None if holds_doubled(item) else item for item in value]
    for start in range(0, len(value), CHUNK_ROWS):
        yield _from_items(contract, file, value[start : start + CHUNK_ROWS], first + start, len(text))


def read_ndjson(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    source = pa.input_stream(stream, compression="gzip" if file.compression == "gzip" else None)
    position, rest, unpacked, limits = first, b"", 0, contract.format.limits
    while True:
        try:
            block = source.read(BLOCK_BYTES)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise UnreadableFile(f"{file.name}: cut off or not gzip after record {position - 1}: {error}.") from error
        unpacked += len(block)
        if unpacked > limits.unpacked_bytes:
            raise too_much(file.name, limits, "unpacked_bytes", f"unpacks to more, {position - 1} records up to there")
        rest, lines = _split_last_line(rest + block) if block else (b"", rest)
        if holds_longer_line(lines, limits.line_bytes) or len(rest) > limits.line_bytes:
            raise too_much(file.name, limits, "line_bytes", "a line is longer")
        for part in _parts(lines):
            records = _ndjson_block(contract, file, part, position)
            position += len(records.position)
            yield records
        if not block:
            return


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
    """Columnar where the block is well-formed; line by line where any line is not, where a column holds texts and numbers, or where
    a key stands twice (which Arrow refuses)."""
    try:
        table, asked = read_columnar(contract, lines)
    except TooManyNames as error:
        raise too_much(file.name, contract.format.limits, "columns", "its records have more names than that") from error
    if table is None:
        return _line_by_line(contract, file, lines, first)
    require_columns(contract, file, {name for name in table.column_names if name not in asked or _is_there(name, table, lines)})
    for name in columns_missing(contract, set(table.column_names)):
        table = table.append_column(name, pa.nulls(len(table), pa.string()))
    there = [name for name in contract.source_columns if name in table.column_names]
    frame = table.select(there).to_pandas(types_mapper=pd.ArrowDtype)
    return Records.of(file, frame, first, np.zeros(len(frame), np.int32), len(lines))


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
