"""Readings written down by hand (dbt_project/reductions/_unit_tests.yml) as files, and what each reduction has to make of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import yaml

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.lake.catalogue import ReadingFile
from hearth.lake.engine import engine
from hearth.lake.files import Lake, write_sorted
from hearth.lake.schema import arrow_schema
from hearth.transform.asked import ALL, Asked, of_days, of_moving
from hearth.transform.engines.engine import Words, Work
from hearth.transform.reduction import reductions, standing_limits
from hearth.transform.texts import FOLDER, statement

ZONE = ZoneInfo("Asia/Shanghai")
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "_unit_tests.yml").read_text(encoding="utf-8"))["unit_tests"]
BY_NAME = {reduction.name: reduction for reduction in reductions()}


_DAYS = [(date(2015, 1, 1), date(2017, 12, 31))]
CHANGED = of_moving(_DAYS, 12, of_days(_DAYS, 1, ZONE), ZONE)
"""All days the cases are about, as a build asks for days that changed."""


def work_of(case: dict[str, Any], words: Words, asked: Asked = ALL) -> Work:
    """The reduction of a case, its readings a file of the lake (HEARTH_LAKE)."""
    reduction = BY_NAME[case["reduction"]]
    entity = ENTITIES[reduction.reads]
    given = {name: pa.Table.from_pylist(rows_of(rows)) for name, rows in case["given"].items() if name != entity.name}
    readings = as_read(entity, rows_of(case["given"][entity.name]))
    text = statement(reduction.name, words, ZONE, (), standing_limits(given), asked)
    return Work(case["name"], text, entity, (filed(readings, entity, case["name"]),), given)


def filed(readings: pa.Table, entity: Entity, name: str) -> ReadingFile:
    """Readings as a file of the lake."""
    lake = Lake()
    lake.root.mkdir(parents=True, exist_ok=True)
    with (lake.root / f"{name}.parquet").open("wb") as file:
        write_sorted(readings, file, entity.raw_key[1:])
    return ReadingFile(f"{name}.parquet", "", len(readings))


def rows_of(written: Any) -> list[dict[str, Any]]:
    """As they stand, or made by SQL (DuckDB's)."""
    if isinstance(written, list):
        return written
    with engine() as database:
        return list(database.sql(written["sql"]).to_arrow_table().to_pylist())


def as_read(entity: Entity, rows: list[dict[str, Any]]) -> pa.Table:
    full = []
    for position, row in enumerate(rows):
        times = {name: _instant(row[name]) for name in (entity.event_column, "arrived_at") if name in row}
        times.setdefault("arrived_at", times[entity.event_column] + timedelta(hours=1))
        made = {"feed": "f", "batch_id": 1, "file_id": 1, "position": position, "sub_position": 0, "source_version": 0}
        numbers = {name: float(value) for name, value in row.items() if isinstance(value, Decimal)}
        full.append({**made, **row, **numbers, **times})
    return pa.Table.from_pylist(full, schema=arrow_schema(entity))


def told(rows: Iterable[dict[str, Any]], case: dict[str, Any]) -> list[str]:
    """Rows as text, in order, with the columns the case names."""
    columns = list(dict.fromkeys(name for row in case["expect"] for name in row))
    return sorted(_text(row, columns) for row in rows)


def _instant(given: Any) -> datetime:
    return given if isinstance(given, datetime) else datetime.fromisoformat(given)


def _text(row: dict[str, Any], columns: list[str]) -> str:
    values = (row.get(name) for name in columns)
    return str([round(float(value), 9) if isinstance(value, int | float | Decimal) else value for value in values])
