"""JSON as sources send it, with what the standard leaves to the reader decided: an object that names a key twice is none."""

from __future__ import annotations

import json
from typing import Any


class ObjectWithDoubledKey:
    """Stands for an object that names a key twice: nobody can tell which of its values is meant."""


DOUBLED = ObjectWithDoubledKey()


def decode(text: bytes | str) -> tuple[Any, bool]:
    """(value, whether DOUBLED stands for an object somewhere in it). Raises ValueError, RecursionError.

    NaN and Infinity are not JSON: the word is kept as text, and the column's cleaning refuses it.
    """
    doubled = False

    def made(pairs: list[tuple[str, Any]]) -> Any:
        nonlocal doubled
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        doubled = True
        return DOUBLED

    return json.loads(text, parse_constant=str, object_pairs_hook=made), doubled


def holds_doubled(value: Any) -> bool:
    """Whether an object within the value, at any depth, names a key twice."""
    if isinstance(value, dict):
        return any(map(holds_doubled, value.values()))
    return any(map(holds_doubled, value)) if isinstance(value, list) else value is DOUBLED
