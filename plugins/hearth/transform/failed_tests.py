"""What a failed data test found: its first rows, and where each of them came from, so that its message leads to batch and file."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import POSTGRES_TYPE, Entity
from hearth.warehouse.connections import connect

ROWS = 5
"""Rows of a failed test that are shown; the rest is counted."""
TESTS = 20
"""Failed tests whose rows are shown."""
ORIGINS = 3
"""Raw rows of one key that are shown, the newest batch first."""


def told(results: list[Any]) -> list[str]:
    """A line a failed test, then a line for each of its first rows. `results`: those of dbt, of which the failed tests count."""
    failed = [r for r in results if getattr(r.node, "resource_type", "") == "test" and str(r.status) == "fail"]
    lines = []
    with connect("transformer") as connection:
        for nth, result in enumerate(failed):
            lines.append(f"- test {result.node.name}: {result.failures} rows do not pass")
            if nth < TESTS:
                lines += [f"  {line}" for line in _rows(connection, result.node.compiled_code)]
    return lines


def _rows(connection: psycopg.Connection, query: str) -> list[str]:
    """The first rows of a test, each with its origin; a line that says so when they cannot be read again."""
    try:
        with connection.transaction(), connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = cursor.execute(f"select * from ({query}\n) as failed limit {ROWS}".encode()).fetchall()
            return [line for row in found for line in (f"row {_short(row)}", *_origins(connection, row))]
    except psycopg.Error as error:
        return [f"its rows cannot be read again: {str(error).splitlines()[0]}"]


def _short(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)[:500]


def _origins(connection: psycopg.Connection, row: dict[str, Any]) -> list[str]:
    """Raw rows of every entity whose whole natural key stands in the row; of rows that sum up many, and of readings, there are
    none."""
    lines = []
    for entity in ENTITIES.values():
        if not entity.in_files and all(row.get(name) is not None for name in entity.natural_key):
            found = connection.execute(
                _query(entity), {**{n: str(row[n]) for n in entity.natural_key}, "limit": ORIGINS}
            ).fetchall()
            lines += [
                f"  from raw.{entity.name}: feed {feed}, batch {batch}, file {file}, position {position}"
                for feed, batch, file, position in found
            ]
    return lines


def _query(entity: Entity) -> sql.Composed:
    same = sql.SQL(" and ").join(
        sql.SQL("r.{} = {}::{}").format(
            sql.Identifier(name), sql.Placeholder(name), sql.SQL(POSTGRES_TYPE[entity.columns_by_name[name].kind])
        )
        for name in entity.natural_key
    )
    return sql.SQL(
        "select r.feed, r.batch_id, f.source_name, r.position from raw.{} r left join ledger.landing_file f using (file_id)"
        " where {} order by r.batch_id desc limit %(limit)s"
    ).format(sql.Identifier(entity.name), same)
