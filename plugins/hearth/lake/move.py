"""Bring readings that lie in tables of the database into files, batch by batch: what an installation of before does once.

Each batch is compared with the digest that was kept when it was loaded, written, read again and compared, and recorded in a
transaction of its own: a run that is cut off goes on where it stopped. The tables stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
from psycopg import sql

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.lake.catalogue import SQL, content_columns, put, recording
from hearth.lake.content import content_of
from hearth.lake.files import PART_ROWS, Lake, write_sorted
from hearth.lake.schema import arrow_schema
from hearth.warehouse.connections import connect, warehouse_url

IN_FILES = [entity for entity in ENTITIES.values() if entity.in_files]


class NotWhatWasLoaded(RuntimeError):
    """The table does not hold what the ledger says; nothing of that batch was moved."""


def waiting(connection: psycopg.Connection) -> dict[str, int]:
    """Entity -> batches whose readings are in its table yet."""
    found = {entity.name: len(connection.execute(SQL["unmoved"], {"entity": entity.name}).fetchall()) for entity in IN_FILES}
    return {name: number for name, number in found.items() if number}


def move(tell: Callable[[str], Any]) -> int:
    """Bring in what is not there yet; returns the readings moved. Raises NotWhatWasLoaded."""
    lake, moved = Lake(), 0
    for entity in IN_FILES:
        with connect("loader") as connection:
            batches = connection.execute(SQL["unmoved"], {"entity": entity.name}).fetchall()
        for number, (batch_id, feed, rows, columns, digest) in enumerate(batches, 1):
            with connect("loader") as connection:
                _compare(connection, entity, batch_id, rows, columns, digest)
                moved += _batch(connection, lake, entity, feed, batch_id, rows)
            tell(f"{entity.name}: batch {number} of {len(batches)}, {rows:,} readings of {feed}")
    return moved


def drop_tables() -> list[str]:
    """Drop the tables readings lived in before; returns their names. Raises NotWhatWasLoaded while something is not moved."""
    with connect("owner") as connection:
        if left := waiting(connection):
            raise NotWhatWasLoaded(f"not moved yet: {left}; nothing was dropped")
        there = [f"raw.{entity.name}" for entity in IN_FILES if _is_there(connection, entity)]
        for name in there:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(*name.split("."))))
    return there


def _is_there(connection: psycopg.Connection, entity: Entity) -> bool:
    return connection.execute("select to_regclass(%s) is not null", (f"raw.{entity.name}",)).fetchone() == (True,)


def _compare(
    connection: psycopg.Connection, entity: Entity, batch_id: int, rows: int, columns: list[str] | None, digest: Any
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns or ["batch_id"]))
    query = sql.SQL(SQL["table_content"]).format(columns=names, table=sql.Identifier("raw", entity.name))
    row = connection.execute(query, {"batch_id": batch_id}).fetchone()
    assert row is not None
    if row[0] != rows or (columns and row[1] != digest):
        raise NotWhatWasLoaded(
            f"raw.{entity.name} does not hold what the ledger says of batch {batch_id}: {rows} rows loaded, {row[0]} there"
            f"{'' if row[0] != rows else ', altered'}. `hearth reconcile` names what differs; load its pull anew or bring the table"
            " back from a backup, then move again. Nothing of this batch was moved"
        )


def _batch(connection: psycopg.Connection, lake: Lake, entity: Entity, feed: str, batch_id: int, rows: int) -> int:
    names = content_columns(entity)
    read, written, moved = 0, 0, 0
    with TemporaryDirectory(prefix="hearth-move-") as folder:
        for number, part in enumerate(_parts(connection, entity, batch_id), 1):
            path = Path(folder) / f"{number}.parquet"
            write_sorted(part, path, entity.raw_key[1:])
            file = put(lake, entity, feed, batch_id, number, path)
            connection.execute(recording(), file)
            read, written, moved = read + content_of([part], names), written + int(file["content"]), moved + file["rows"]
            path.unlink()
    if moved != rows or read % 2**64 != written % 2**64:
        raise NotWhatWasLoaded(f"batch {batch_id}: {rows} rows were loaded, {moved} were written to files; nothing of it was moved")
    return moved


def _parts(connection: psycopg.Connection, entity: Entity, batch_id: int) -> Iterator[pa.Table]:
    """The rows of a batch in its table, so many at a time as make one file."""
    schema = arrow_schema(entity)
    columns = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
    there = {name for (name,) in connection.execute(columns, (f"raw.{entity.name}",))}
    listed = ", ".join(f'"{name}"' for name in schema.names if name in there)
    waits: list[pa.Table] = []
    with adbc.connect(warehouse_url("loader")) as source, source.cursor() as cursor:
        cursor.execute(f"select {listed} from raw.{entity.name} where batch_id = {int(batch_id)}")
        for batch in cursor.fetch_record_batch():
            waits.append(_with_all(pa.Table.from_batches([batch]), schema))
            if sum(map(len, waits)) >= PART_ROWS:
                yield pa.concat_tables(waits)
                waits = []
    if sum(map(len, waits)):
        yield pa.concat_tables(waits)


def _with_all(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """All columns of today, of the declared types; those the table has not are null."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays([c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns], schema=schema)
