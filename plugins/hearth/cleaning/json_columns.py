"""Lines of JSON as columns, faithfully: a text stays the text that stands there, a number a number, nothing is taken for a time.

Arrow would guess: a column of texts that look like times becomes one of times, read its own way unless one line does not. So
every column the contract reads is asked for by name. What is asked is told by a few of the lines; a block that is otherwise is
read line by line, to the same result.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from hearth.cleaning.cells import EXACT_DIGITS
from hearth.contracts.contract import Contract

BLOCK_BYTES = 8 << 20
PIECE_BYTES = 1 << 20
"""Pieces of a block are read side by side."""
WINDOW_BYTES = 1 << 20
LOOKED_AT = 64
"""Lines of a block, evenly spread, that tell how its columns are written."""
NUMBERS = {"number", "integer", "readings"}
"""Kinds for which the nearest float of a number is enough; all others want its digits."""

_CHANGED = re.compile(r"Column\(/([^)]*)\) changed from \w+ to (\w+)")
_WRITTEN: tuple[tuple[type | tuple[type, ...], str], ...] = ((str, "string"), (bool, "boolean"), ((int, float), "number"))


class TooManyNames(ValueError):
    """The records have more names than a file may have columns."""


def read_columnar(contract: Contract, lines: bytes) -> tuple[pa.Table | None, set[str]]:
    """(the table, columns that are there because they were asked for); None where the lines have to be read one by one. Raises
    TooManyNames.

    Nearly all blocks are written like a few of their lines: those say what every column is, and the rest is held to it, in pieces
    side by side. Only a block with another name, or a value of another kind, is looked at as a whole.
    """
    kinds = contract.source_kinds
    exact = {name for name in kinds if not kinds[name] <= NUMBERS}
    some = _some(lines)
    told, asked = _by_asking(some, some, kinds.keys(), exact)
    if told is not None and len(told.schema) <= contract.format.limits.columns:
        asked = set(told.schema.names)
        for schema in (told.schema, _with_fractions(told.schema, exact)):
            try:
                table = _read(lines, schema, PIECE_BYTES, "error")
            except pa.ArrowInvalid as error:
                if "to int64" in str(error):
                    continue
                break
            return (table, asked) if _is_faithful(table, lines, kinds.keys(), exact) else (None, set())
    _refuse_many_names(lines, contract.format.limits.columns)
    table, asked = _by_asking(lines, some, kinds.keys(), exact)
    return (table, asked) if table is not None and _is_faithful(table, lines, kinds.keys(), exact) else (None, set())


def _read(lines: bytes, schema: pa.Schema, piece: int, unexpected: str) -> pa.Table:
    """Raises ArrowInvalid."""
    return pa_json.read_json(
        io.BytesIO(lines),
        read_options=pa_json.ReadOptions(block_size=piece),
        parse_options=pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected),
    )


def _by_asking(lines: bytes, some: bytes, names: Any, exact: set[str]) -> tuple[pa.Table | None, set[str]]:
    """(the table, what was asked for), each column as `some` of the lines say; None where one is written in two ways."""
    seen = _seen(some, names)
    asked: dict[str, pa.DataType] = {}
    for name, written in seen.items():
        if len(written) > 1:
            return None, set()
        _ask(asked, name, next(iter(written), "string" if name in exact else "number"), exact)
    unseen = {name for name, written in seen.items() if not written}
    for _ in range(len(unseen) + 3):
        try:
            table = _read(lines, pa.schema(sorted(asked.items())), BLOCK_BYTES * 2, "infer")
        except pa.ArrowInvalid as error:
            if not _ask_otherwise(asked, str(error), unseen, exact):
                return None, set()
            continue
        guessed = [n for n in names if n in table.column_names and pa.types.is_temporal(table.schema.field(n).type)]
        if not guessed:
            return table, set(asked)
        asked |= dict.fromkeys(guessed, pa.string())
    return None, set()


def _with_fractions(schema: pa.Schema, exact: set[str]) -> pa.Schema:
    """The schema with floats in place of whole numbers, but where all digits are wanted."""
    wider = {pa.int64(): pa.float64(), pa.list_(pa.int64()): pa.list_(pa.float64())}
    return pa.schema([f if f.name in exact else f.with_type(wider.get(f.type, f.type)) for f in schema])


def _some(lines: bytes) -> bytes:
    """A few of the lines, evenly spread."""
    found: dict[int, int] = {}
    for at in range(0, len(lines), max(1, len(lines) // LOOKED_AT)):
        end = lines.find(b"\n", at)
        found[lines.rfind(b"\n", 0, at) + 1] = end if end >= 0 else len(lines)
    return b"\n".join(lines[start:end] for start, end in found.items())


_NAME = re.compile(rb'"([^"]*)"\s*:')


def _refuse_many_names(lines: bytes, limit: int) -> None:
    """Where each record has names of its own (identifiers, say), Arrow makes a column of each, as long as the block."""
    names: set[bytes] = set()
    for start in range(0, len(lines), WINDOW_BYTES):
        names.update(_NAME.findall(lines, start, start + WINDOW_BYTES))
        if len(names) > limit:
            raise TooManyNames


def _seen(lines: bytes, names: Any) -> dict[str, set[str]]:
    """How the values of each column are written in the lines."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for line in lines.split(b"\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        for name in found.keys() & (record.keys() if isinstance(record, dict) else set()):
            value = record[name]
            if value is not None:
                found[name].add(next((word for kind, word in _WRITTEN if isinstance(value, kind)), "nested"))
    return found


def _ask(asked: dict[str, pa.DataType], name: str, written: str, exact: set[str]) -> None:
    asked.pop(name, None)
    if written == "string":
        asked[name] = pa.string()
    elif written == "number" and name in exact:
        asked[name] = pa.int64()


def _ask_otherwise(asked: dict[str, pa.DataType], error: str, unseen: set[str], exact: set[str]) -> bool:
    """Ask again for what none of the lines looked at has a value of, and for fractions where whole numbers were expected."""
    if "to int64" in error and pa.int64() in asked.values():
        for name in [name for name, kind in asked.items() if kind == pa.int64()]:
            del asked[name]
        return True
    changed = _CHANGED.search(error)
    if changed is None or changed[1] not in unseen:
        return False
    unseen.discard(changed[1])
    _ask(asked, changed[1], changed[2], exact)
    return True


def _is_faithful(table: pa.Table, lines: bytes, names: Any, exact: set[str]) -> bool:
    """Whether each line is one record, and floats have kept what stands there: NaN is no JSON, and a long number wanted to the last
    digit is none any more."""
    if len(table) != lines.count(b"\n") + (not lines.endswith(b"\n")) and len(table) != _filled(lines):
        return False
    if not _are_whole(lines):
        return False
    for name in names:
        if name in table.column_names and pa.types.is_floating(table.schema.field(name).type):
            column = table[name]
            if pc.any(pc.is_nan(column)).as_py():
                return False
            if name in exact and (pc.max(pc.abs(column)).as_py() or 0) >= EXACT_DIGITS:
                return False
    return True


def _are_whole(lines: bytes) -> bool:
    """Whether each line begins and ends as a record does: then none has a part of one, which another with two would make up for."""
    breaks = lines.count(b"\n") - lines.endswith(b"\n")
    if lines.startswith(b"{") and lines.count(b"}\n{") == breaks and lines.endswith((b"}", b"}\n")):
        return True
    return all(line.startswith(b"{") and line.endswith(b"}") for line in map(bytes.strip, lines.split(b"\n")) if line)


def _filled(lines: bytes) -> int:
    """How many of the lines hold anything."""
    return sum(not line.isspace() for line in lines.split(b"\n") if line)
