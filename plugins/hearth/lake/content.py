"""What rows of readings hold, in one number that neither their order nor their files change, and that every engine can compute.

A cell is 64 bits: a number its IEEE bits, an instant its microseconds and a day its days since 1970, a whole number itself, a flag
0 or 1, a text the first 8 bytes (little-endian) of the sha256 of its UTF-8. A row is `mix` of the sum of `mix(cell xor salt)` over
its cells that are not null, the salt being the name of the column as such a text; the content is the sum of its rows. All sums are
modulo 2^64, `mix` is the finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def content_of(tables: Iterable[pa.Table], columns: Iterable[str]) -> int:
    """The sum over the rows of these tables; `columns`: which of them count."""
    names, total = list(columns), 0
    for table in tables:
        total += int(row_hashes(table, names).sum(dtype=np.uint64))
    return total % 2**64


def row_hashes(table: pa.Table, columns: Iterable[str]) -> np.ndarray:
    """One uint64 a row."""
    found = np.zeros(len(table), np.uint64)
    for name in columns:
        column = table[name]
        if column.null_count == len(column):
            continue
        hashed = _mix(_bits(column) ^ np.uint64(_text(name)))
        if column.null_count:
            hashed[column.is_null().to_numpy(zero_copy_only=False)] = 0
        found += hashed
    return _mix(found)


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    """The cells as uint64; those of nulls mean nothing."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        coded = column.combine_chunks().dictionary_encode()
        known = np.array([_text(value) for value in coded.dictionary.to_pylist()], np.uint64)
        return known[coded.indices.fill_null(0).to_numpy(zero_copy_only=False)]
    if pa.types.is_floating(kind):
        return column.cast(pa.float64()).fill_null(0).to_numpy().view(np.uint64)
    if pa.types.is_date(kind):
        column = column.cast(pa.int32())
    whole = column.cast(pa.int64()) if not pa.types.is_boolean(kind) else pc.cast(column, pa.int8()).cast(pa.int64())
    return whole.fill_null(0).to_numpy().view(np.uint64)


def _text(value: str) -> int:
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "little")


def _mix(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> np.uint64(30))) * _M1
    values = (values ^ (values >> np.uint64(27))) * _M2
    return values ^ (values >> np.uint64(31))
