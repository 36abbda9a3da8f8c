"""Rows of two engines side by side: counts, money, days and words the same, doubles within 1e-9 of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

WITHIN = 1e-9


def differences(left: pa.Table, right: pa.Table, key: list[str]) -> list[Any]:
    """What is not the same, by column; nothing when they agree."""
    if (left.column_names, len(left)) != (right.column_names, len(right)):
        return [(left.column_names, len(left)), (right.column_names, len(right))]
    order = [(name, "ascending") for name in key]
    left, right = left.sort_by(order), right.sort_by(order)
    return [found for name in left.column_names if (found := _column(name, left[name], right[name]))]


def _column(name: str, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Any:
    if not left.is_null().equals(right.is_null()):
        return name, "empty cells", pc.sum(left.is_null()).as_py(), pc.sum(right.is_null()).as_py()
    if pa.types.is_floating(left.type):
        apart = pc.abs(pc.subtract(left, right))
        wrong = pc.greater(apart, pc.max_element_wise(pc.multiply(pc.abs(left), WITHIN), WITHIN))
    else:
        wrong = pc.not_equal(left, right)
    if not pc.any(wrong).as_py():
        return None
    return name, left.filter(wrong).slice(0, 3).to_pylist(), right.filter(wrong).slice(0, 3).to_pylist()
