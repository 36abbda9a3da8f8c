"""What reductions make of readings written down by hand (dbt_project/reductions/_unit_tests.yml), on DuckDB."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import yaml

from hearth.contracts.entities import ENTITIES
from hearth.lake.engine import engine
from hearth.lake.schema import arrow_schema
from hearth.transform.reduction import FOLDER, _standing, reductions, statement

ZONE = ZoneInfo("Asia/Shanghai")
CASES = yaml.safe_load((FOLDER / "_unit_tests.yml").read_text(encoding="utf-8"))["unit_tests"]
BY_NAME = {reduction.name: reduction for reduction in reductions()}


def test_every_reduction_has_a_case_and_a_text():
    assert {case["reduction"] for case in CASES} == set(BY_NAME)
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(BY_NAME)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_readings_written_down_by_hand(case: dict[str, Any]) -> None:
    reduction = BY_NAME[case["reduction"]]
    with engine() as database:
        given = {}
        for name, rows in case["given"].items():
            table = database.sql(rows["sql"]).to_arrow_table() if isinstance(rows, dict) else None
            if name == reduction.reads:
                given[name] = readings(name, rows if table is None else table.to_pylist())
            else:
                given[name] = pa.Table.from_pylist(rows) if table is None else table
            database.register(name, given[name])
        text_of_it = statement(reduction, ZONE, None, [], [], _standing(given))
        made = database.sql(text_of_it).to_arrow_table().to_pylist()
    columns = list(dict.fromkeys(name for row in case["expect"] for name in row))
    assert sorted(text(row, columns) for row in made) == sorted(text(row, columns) for row in case["expect"])


def readings(entity: str, rows: list[dict[str, Any]]) -> pa.Table:
    definition = ENTITIES[entity]
    full = []
    for position, row in enumerate(rows):
        times = {name: instant(row[name]) for name in (definition.event_column, "arrived_at") if name in row}
        times.setdefault("arrived_at", times[definition.event_column] + timedelta(hours=1))
        made = {"feed": "f", "batch_id": 1, "file_id": 1, "position": position, "sub_position": 0, "source_version": 0}
        numbers = {name: float(value) for name, value in row.items() if isinstance(value, Decimal)}
        full.append({**made, **row, **numbers, **times})
    return pa.Table.from_pylist(full, schema=arrow_schema(definition))


def instant(given: Any) -> datetime:
    return given if isinstance(given, datetime) else datetime.fromisoformat(given)


def text(row: dict[str, Any], columns: list[str]) -> str:
    values = (row.get(name) for name in columns)
    return str([round(float(value), 9) if isinstance(value, int | float | Decimal) else value for value in values])
