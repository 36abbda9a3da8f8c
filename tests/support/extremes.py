"""Rows at the very limits of what the intake accepts, and one step beyond, made from the entities, their suites and the limits."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Column, Entity
from hearth.contracts.loading import REPOSITORY, expectations_folder
from hearth.dated.limits import Limits
from tests.support.weather import DAY

ARRIVED = DAY + timedelta(days=1)
LIMITS = Limits.from_seeds().on(ARRIVED.date())
_LETTERS = random.Random(5)
LONGEST = "".join(chr(_LETTERS.randrange(0x20000, 0x2A6D0)) for _ in range(int(LIMITS["text_max_characters"])))
"""Four bytes a letter, and nothing in it that could be packed: the largest text a key of a table has to hold."""

Row = dict[str, Any]
Bounds = dict[str, tuple[float, float]]


def bounds(entity: Entity) -> Bounds:
    """What the entity's suite accepts of each column it refuses as out_of_range; infinite where a side is open."""
    found: Bounds = {}
    for rule in json.loads((expectations_folder() / f"{entity.name}.json").read_text())["expectations"]:
        given = rule["kwargs"]
        if rule["meta"].get("reason") == "out_of_range":
            low, high = (given.get(side) for side in ("min_value", "max_value"))
            found[given["column"]] = (
                LIMITS[low["$PARAMETER"]] if low is not None else float("-inf"),
                LIMITS[high["$PARAMETER"]] if high is not None else float("inf"),
            )
    return found


def beside_the_installations(folder: Path, contracts: Iterable[dict[str, Any]]) -> Path:
    """A folder of contracts: those of the installation and these; returns it."""
    folder.mkdir()
    for path in (REPOSITORY / "feeds").glob("*.yml"):
        (folder / path.name).symlink_to(path)
    for made in contracts:
        (folder / f"{made['feed']}.yml").write_text(json.dumps(made))
    return folder


def contract(entity: Entity, feed: str) -> dict[str, Any]:
    """A feed that brings the entity's own columns by their own names, and whose batches are never held."""
    return {
        "feed": feed, "title": feed, "entity": entity.name, "owner": {"team": "tests"},
        "source": {
            "kind": "http", "connection": "hearth_dispatch", "path": f"/{feed}", "interval": {"from": "from", "to": "to"},
            "pages": {"items": "data.items", "next": "data.next", "total": "data.total", "success": {"code": 0}},
        },
        "schedule": {"season": "0 0 * * *"}, "format": {"kind": "json"}, "time_zone": "Asia/Shanghai", "arrival": "arrived",
        "columns": {c.name: {"from": c.name} | ({"unit": c.unit} if c.unit else {}) for c in entity.columns if not c.personal},
        "ignore": ["*"], "expected": {"stop_accepted_percent": 0},
    }  # fmt: skip


def accepted(entity: Entity) -> Iterator[Row]:
    """Every choice with all else at its least and at its greatest, rows of required values only, and rows that mix all of it."""
    limits, mixed = bounds(entity), random.Random(entity.name)
    choices = max(len(column.choices) for column in entity.columns) or 1
    sides = [(side,) for _ in range(choices) for side in (0, 1)] + [(2,)] * 2 + [(0, 1, 2)] * 8
    for number, side in enumerate(sides):
        yield _row(entity, limits, number, [(column, mixed.choice(side)) for column in entity.columns if not column.personal])


def required_only(entity: Entity) -> Row:
    """An ordinary row of required values alone: the others are not even named."""
    row = _row(entity, bounds(entity), 0, [(column, 2) for column in entity.columns if column.required])
    return {name: value for name, value in row.items() if name == "arrived" or entity.columns_by_name[name].required}


def beyond(entity: Entity) -> Iterator[Row]:
    """An ordinary row with one column beyond a limit, for every column and side that has one."""
    limits = bounds(entity)
    ordinary = _row(entity, limits, 0, [(column, 2) for column in entity.columns if not column.personal])
    for column in entity.columns:
        if column.personal or column.choices or column.kind == "flag" or (_is_event(entity, column) and not entity.register):
            continue
        for value in _beyond(entity, column, limits):
            yield ordinary | {column.name: value}


def _row(entity: Entity, limits: Bounds, number: int, sides: list[tuple[Column, int]]) -> Row:
    row = {c.name: _value(entity, c, limits, side, number) if side < 2 or c.required else None for c, side in sides}
    if row.get("closed_at"):
        row["closed_at"] = max(row["closed_at"], row["created_at"])
    if row.get("planned_length_m") and "renewed_length_m" in row:
        row["renewed_length_m"] = min(row["renewed_length_m"], LIMITS["renewal_plan_max_share"] * row["planned_length_m"])
    return row | {"arrived": ARRIVED.isoformat()}


def _value(entity: Entity, column: Column, limits: Bounds, side: int, number: int) -> Any:
    """The least (0) or greatest (1) value the intake accepts, or an ordinary one (2)."""
    if _is_event(entity, column):
        return _event(entity, column, side, number)
    if column.choices:
        return column.choices[number % len(column.choices)]
    if column.kind == "text":
        if "season" in column.name and side != 1:
            return "2015-16"
        longest = LONGEST * 20 if column.is_note else LONGEST
        length = limits["note_characters" if column.is_note else "text_characters"][1]
        name = f"{number:03d}" if _is_id(column.name) else "x"
        is_long = number % 2 if _is_id(column.name) else side == 1  # the same id in every entity, so that they refer to each other
        return longest[: int(length) - len(name)] + name if is_long else name
    if column.kind == "flag":
        return bool(side)
    low, high = limits[column.name]
    if column.kind in ("number", "integer"):
        high = min(high, ARRIVED.year + limits.get(f"{column.name}_ahead", (0, 0))[1]) if column.name.startswith("year_") else high
        found = (low, high, (low + high) // 2)[side]
        return int(found) if column.kind == "integer" else found
    day = (date(int(low), 1, 1), date(int(high), 12, 31), ARRIVED.date())[side]
    return f"{day}T12:00:00+08:00" if column.kind == "instant" else str(day)


def _event(entity: Entity, column: Column, side: int, number: int) -> str:
    oldest, newest = timedelta(minutes=LIMITS["max_age_minutes"]), timedelta(minutes=-LIMITS["min_age_minutes"])
    if entity.register:
        return "1900-01-01" if side == 0 else "2014-05-01"
    at = ARRIVED - oldest if side == 0 else ARRIVED + newest if side == 1 else ARRIVED - timedelta(hours=12)
    return str(at.date()) if column.kind == "date" else at.isoformat()


def _beyond(entity: Entity, column: Column, limits: Bounds) -> list[Any]:
    if column.kind == "text":
        length = int(limits["note_characters" if column.is_note else "text_characters"][1])
        assert limits["control_characters"][1] == 0
        return ["x" * (length + 1), "a\x01b"]
    low, high = limits[column.name]
    if column.kind in ("date", "instant"):
        days = [f"{int(low) - 1}-12-31", *([f"{int(high) + 1}-01-01"] if high < date.max.year else [])]
        return [f"{day}T12:00:00+08:00" if column.kind == "instant" else day for day in days]
    if column.name.startswith("year_"):
        high = ARRIVED.year + limits[f"{column.name}_ahead"][1]
    assert max(abs(low), abs(high)) < float("inf"), f"{entity.name}.{column.name} has no limit on one side"
    return [low - 1, high + 1]


def _is_event(entity: Entity, column: Column) -> bool:
    return column.name == entity.event_column


def _is_id(name: str) -> bool:
    return name.endswith(("_id", "_no"))


def in_order() -> list[Entity]:
    """Registers first: what others refer to."""
    return sorted(ENTITIES.values(), key=lambda entity: not entity.register)
