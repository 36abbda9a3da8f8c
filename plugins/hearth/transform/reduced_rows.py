"""Rows of a reduction take the place of those of their days in PostgreSQL, whoever made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from hearth.transform.asked import Days
from hearth.warehouse.connections import warehouse_url


def put(schema: str, name: str, rows: pa.RecordBatchReader, days: Days | None, key: Sequence[str] = ()) -> int:
    """Put the rows in the place of those of their days, or of all, in one transaction. With a key a row of another
    day takes the place of the one it has there."""
    table, columns = f"{schema}.{name}", [(field.name, _postgres_type(field.type)) for field in rows.schema]
    with adbc.connect(warehouse_url("transformer")) as connection, connection.cursor() as cursor:
        if days is None:
            _empty_table(cursor, schema, name, columns)
        else:
            gone = " or ".join(f"heating_date between '{first}' and '{last}'" for first, last in days)
            cursor.execute(f"delete from {table} where {gone}")
        if key:
            made = cursor.adbc_ingest("made", rows, mode="create", temporary=True)
            cursor.execute(f"delete from {table} as t using made as m where {' and '.join(f't.{part} = m.{part}' for part in key)}")
            named = ", ".join(column for column, _ in columns)
            cursor.execute(f"insert into {table} ({named}) select {named} from made")
        else:
            made = cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)
        cursor.execute(f"analyze {table}")
        connection.commit()
    return int(made)


def _empty_table(cursor: Any, schema: str, name: str, columns: list[tuple[str, str]]) -> None:
    """A table of these columns without rows: the one that is there, where it has the same, so that what reads it stays."""
    cursor.execute(
        "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2"
        " order by ordinal_position",
        (schema, name),
    )
    if cursor.fetchall() == columns:
        cursor.execute(f"truncate {schema}.{name}")
        return
    cursor.execute(f"drop table if exists {schema}.{name} cascade")
    cursor.execute(f"create table {schema}.{name} ({', '.join(f'{column} {kind}' for column, kind in columns)})")
    cursor.execute(f"create index on {schema}.{name} (heating_date)")


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return "numeric"
    known = {
        pa.string(): "text", pa.date32(): "date", pa.int64(): "bigint", pa.int32(): "integer", pa.float64(): "double precision",
        pa.bool_(): "boolean",
    }  # fmt: skip
    return known[kind]
