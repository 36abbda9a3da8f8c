"""Whether a folder of dated rows is whole: what is wrong with it, by file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hearth.dated.calendar import load_seasons
from hearth.dated.dated_rows import FOREVER, parse_date
from hearth.dated.place_folder import OURS, STILL_TO_FILL, seed_columns

TOLD_APART_BY = {
    "validation_limit": ("limit_code",),
    "health_limit": ("jurisdiction", "limit_code"),
    "temperature_standard": ("jurisdiction", "room_type"),
    "design_temperature": ("jurisdiction",),
    "kpi_target": ("jurisdiction", "kpi"),
    "restatement_rule": ("jurisdiction", "kpi"),
    "retention_rule": ("jurisdiction", "subject"),
}
"""Seeds of which one row holds on a day, and the columns that say what of."""
NEEDED = ("place", "heating_season", "temperature_standard")
_READ: dict[str, tuple[Callable[[str], object], str]] = {
    "date": (date.fromisoformat, "a day such as 2026-10-20"),
    "double precision": (float, "a number"),
    "integer": (int, "a whole number"),
    "bigint": (int, "a whole number"),
    "boolean": ({"true": True, "false": False}.__getitem__, "true or false"),
}


class Row(NamedTuple):
    line: int
    values: dict[str, str]


def problems(folder: Path) -> list[str]:
    """What keeps the folder from being used, each as `file:line: what was expected, what came, what to do`."""
    columns, found = seed_columns(), []
    tables: dict[str, list[Row]] = {}
    for seed, kinds in columns.items():
        path = folder / f"{seed}.csv"
        if not path.is_file():
            found.append(f"{path}: not there; `hearth place init` makes it, with its header")
            continue
        header, rows = _read(path)
        if wrong := _of_header(path, header, list(kinds)):
            found.append(wrong)
            continue
        tables[seed] = rows
        found += _of_values(path, kinds, rows)
    if found:
        return found
    found += [
        problem for seed, key in TOLD_APART_BY.items() for problem in _held_at_once(folder / f"{seed}.csv", key, tables[seed])
    ]
    return found + list(_of_place(folder, tables)) + list(_of_codes(folder, tables))


def unfilled(folder: Path) -> dict[str, str]:
    """Files without a row -> what stays empty for it."""
    return {seed: what for seed, what in STILL_TO_FILL.items() if not _read(folder / f"{seed}.csv")[1]}


def _read(path: Path) -> tuple[list[str], list[Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        return header, [Row(reader.line_num, dict(zip(header, cells, strict=False))) for cells in reader if any(cells)]


def _of_header(path: Path, header: list[str], expected: list[str]) -> str | None:
    missing, more = [n for n in expected if n not in header], [n for n in header if n not in expected]
    if not (missing or more):
        return None
    told = [f"lacks {', '.join(missing)}"] if missing else []
    told += [f"has {', '.join(more)}, which nobody reads"] if more else []
    return f"{path}:1: the header {' and '.join(told)}; expected {','.join(expected)}"


def _of_values(path: Path, kinds: dict[str, str], rows: list[Row]) -> Iterator[str]:
    for line, row in rows:
        if len(row) < len(kinds):
            yield f"{path}:{line}: {len(row)} cells, expected {len(kinds)}; an empty one still has its comma"
            continue
        for name, kind in kinds.items():
            value = row[name]
            if value and kind in _READ:
                read, expected = _READ[kind]
                try:
                    read(value)
                except (ValueError, KeyError):
                    yield f"{path}:{line}: {name} {value!r}: expected {expected}"
        if "valid_from" in kinds and not row["valid_from"]:
            yield f"{path}:{line}: valid_from is empty; write the first day on which the row holds"


def _held_at_once(path: Path, key: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    ordered = sorted(rows, key=lambda row: ([row.values[name] for name in key], row.values["valid_from"]))
    for earlier, later in pairwise(ordered):
        alike = all(earlier.values[name] == later.values[name] for name in key)
        if alike and parse_date(earlier.values["valid_to"], FOREVER) >= date.fromisoformat(later.values["valid_from"]):
            what, since = " ".join(later.values[name] for name in key), later.values["valid_from"]
            yield (
                f"{path}:{later.line}: {what} holds from {since}, and the row of line {earlier.line} does so still; write a"
                " valid_to into that one"
            )


def _of_place(folder: Path, tables: dict[str, list[Row]]) -> Iterator[str]:
    if len(tables["place"]) != 1:
        yield f"{folder / 'place.csv'}: {len(tables['place'])} rows; a folder describes one place, in one row"
        return
    ((line, place),) = tables["place"]
    try:
        ZoneInfo(place["time_zone"])
    except (ZoneInfoNotFoundError, ValueError):
        yield f"{folder / 'place.csv'}:{line}: time_zone {place['time_zone']!r}: expected a name such as Asia/Shanghai"
    name = place["jurisdiction"]
    for seed in NEEDED:
        if not any(row.values["jurisdiction"] == name for row in tables[seed]):
            yield f"{folder / f'{seed}.csv'}: no row of {name!r}, the jurisdiction of place.csv; nothing is judged without"
    try:
        load_seasons(folder)
    except ValueError as error:
        yield f"{folder / 'heating_season.csv'}: {error}"


def _of_codes(folder: Path, tables: dict[str, list[Row]]) -> Iterator[str]:
    """Limits by name: each that is read, and none that nobody reads."""
    for seed in ("validation_limit", "health_limit"):
        path = folder / f"{seed}.csv"
        known = {row.values["limit_code"] for row in _read(OURS / f"{seed}.csv")[1]}
        for line, row in tables[seed]:
            if row["limit_code"] not in known:
                yield f"{path}:{line}: nobody reads a limit {row['limit_code']!r}; compare with {OURS / f'{seed}.csv'}"
        for code in sorted(known - {row.values["limit_code"] for row in tables[seed]}):
            yield f"{path}: no row of {code}; take over that of {OURS / f'{seed}.csv'}, or write your own"
