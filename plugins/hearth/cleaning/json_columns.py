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

BLOCK_BYTES = 24 << 20
LOOKED_AT = 64
"""Lines of a block, evenly spread, that tell how its columns are written."""
NUMBERS = {"number", "integer", "readings"}
"""Kinds for which the nearest float of a number is enough; all others want its digits."""
_CHANGED = re.compile(r"Column\(/([^)]*)\) changed from \w+ to (\w+)")
_WRITTEN: tuple[tuple[type | tuple[type, ...], str], ...] = ((str, "string"), (bool, "boolean"), ((int, float), "number"))


def read_columnar(contract: Contract, lines: bytes) -> tuple[pa.Table | None, set[str]]:
    """(the table, columns that are there because they were asked for); None where the lines have to be read one by one."""
    kinds = contract.source_kinds
    seen = _seen(lines, kinds.keys())
    exact = {name for name in kinds if not kinds[name] <= NUMBERS}
    asked: dict[str, pa.DataType] = {}
    for name, written in seen.items():
        if len(written) > 1:
            return None, set()
        _ask(asked, name, next(iter(written), "string" if name in exact else "number"), exact)
    unseen = {name for name, written in seen.items() if not written}
    for _ in range(len(unseen) + 3):
        try:
            table = pa_json.read_json(
                io.BytesIO(lines),
                read_options=pa_json.ReadOptions(block_size=BLOCK_BYTES * 2),
                parse_options=pa_json.ParseOptions(explicit_schema=pa.schema(sorted(asked.items()))),
            )
        except pa.ArrowInvalid as error:
            if not _ask_otherwise(asked, str(error), unseen, exact):
                return None, set()
            continue
        guessed = [n for n in kinds if n in table.column_names and pa.types.is_temporal(table.schema.field(n).type)]
        if not guessed:
            return (table, set(asked)) if _is_faithful(table, kinds.keys(), exact) else (None, set())
        asked |= dict.fromkeys(guessed, pa.string())
    return None, set()


def _seen(lines: bytes, names: Any) -> dict[str, set[str]]:
    """How the values of each column are written in some of the lines."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for at in range(0, len(lines), max(1, len(lines) // LOOKED_AT)):
        start = lines.rfind(b"\n", 0, at) + 1
        end = lines.find(b"\n", at)
        try:
            record = json.loads(lines[start : end if end >= 0 else None])
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


def _is_faithful(table: pa.Table, names: Any, exact: set[str]) -> bool:
    """Whether floats have kept what stands there: NaN is no JSON, and a long number wanted to the last digit is none any more."""
    for name in names:
        if name in table.column_names and pa.types.is_floating(table.schema.field(name).type):
            column = table[name]
            if pc.any(pc.is_nan(column)).as_py():
                return False
            if name in exact and (pc.max(pc.abs(column)).as_py() or 0) >= EXACT_DIGITS:
                return False
    return True
