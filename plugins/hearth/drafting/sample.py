"""What a draft looks at: some records of a file or an answer, and how they were written. Bounded, however long the file is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIRST_ROWS = 20_000
LATER_ROWS = 20_000
EVERY = 50
"""After the first rows one of so many is kept: days of a later month, codes of a later fault."""
KEPT_BYTES = 32 << 20
LOOKED_AT_BYTES = 512 << 20
"""How far into a file the draft looks, unpacked."""
MOST_COLUMNS = 2000


class NotASample(ValueError):
    """The file is of no kind a contract can read; the message says what was looked for and what to do."""


@dataclass
class Sample:
    """Records of a file by source column, as they came (texts of a CSV, cells of a sheet, values of JSON).

    `format` is the contract's; `items`, `next`, `total`, `success`: where an answer in pages has them. `asks`: what the file
    itself leaves open.
    """

    name: str
    format: dict[str, Any]
    columns: list[str]
    rows: list[list[Any]]
    is_whole: bool = True
    pages: dict[str, Any] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)

    def values(self, column: str) -> list[Any]:
        at = self.columns.index(column)
        return [row[at] for row in self.rows]


def kept(rows: Iterable[list[Any]]) -> tuple[list[list[Any]], bool]:
    """(the first rows and then one of fifty, whether these are all)."""
    chosen: list[list[Any]] = []
    size, is_whole = 0, True
    for number, row in enumerate(rows):
        if number >= FIRST_ROWS:
            is_whole = False
            if number % EVERY:
                continue
            if len(chosen) >= FIRST_ROWS + LATER_ROWS:
                break
        chosen.append(row)
        size += sum(len(cell) if isinstance(cell, str) else 16 for cell in row)
        if size > KEPT_BYTES:
            return chosen, False
    return chosen, is_whole


def unique(names: Iterable[str]) -> Iterator[str]:
    """Names of a header; those that are empty or stand twice cannot be mapped."""
    seen: set[str] = set()
    for name in names:
        if name and name not in seen:
            yield name
        seen.add(name)
