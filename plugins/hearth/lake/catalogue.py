"""Which files of readings count: those of the batches that stand, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hearth.contracts.entity import Entity
from hearth.lake.content import content_of
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


Sums = dict[int, tuple[int, int]]
"""batch_id -> (rows, content)."""


@dataclass(frozen=True)
class ReadingFile:
    """One file; `path` below the lake. Of the batches in `gone` its rows count no more: whoever reads it leaves them out."""

    path: str
    sha256: str
    rows: int
    gone: tuple[int, ...] = ()


NOT_CONTENT = ("feed", "batch_id")
"""Columns that say in which batch a row came, not what it holds."""


def content_columns(entity: Entity) -> list[str]:
    """The columns whose cells are the content of a row."""
    return [name for name in arrow_schema(entity).names if name not in NOT_CONTENT]


def put(lake: Lake, entity: Entity, feed: str, batch_id: int, part: int, file: Path) -> dict[str, Any]:
    """Bring a part of a batch into the lake; returns its row of ledger.reading_file, for `recording`."""
    name = f"{entity.name}/{feed}/{batch_id}-{part}.parquet"
    sha256, size = lake.put(file, name)
    table: pa.Table = pq.read_table(file, schema=arrow_schema(entity))
    event, arrived = (pc.min_max(table[column]).as_py() for column in (entity.event_column, "arrived_at"))
    return {
        "batch_id": batch_id,
        "part": part,
        "feed": feed,
        "entity": entity.name,
        "path": name,
        "sha256": sha256,
        "size_bytes": size,
        "rows": len(table),
        "content": str(content_of([table], content_columns(entity))),
        "event_from": event["min"],
        "event_to": event["max"],
        "arrived_from": arrived["min"],
        "arrived_to": arrived["max"],
    }


def recording() -> str:
    """The statement that makes a file count, for what `put` gives."""
    return SQL["reading_file"]


def current(
    connection: psycopg.Connection,
    entity: str,
    feed: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[ReadingFile]:
    """The files of an entity, or of one feed of it; with times those that hold readings of [since, until). One statement, so one
    snapshot."""
    asked = {"entity": entity, "feed": feed, "since": since, "until": until}
    return [ReadingFile(path, sha256, rows, tuple(gone)) for path, sha256, rows, gone in connection.execute(SQL["current"], asked)]


def lying(connection: psycopg.Connection, batch_ids: Iterable[int]) -> list[ReadingFile]:
    """The files in which the rows of these batches lie, whether they stand or not; rows of others may lie there too."""
    return [ReadingFile(*row) for row in connection.execute(SQL["lying"], {"batch_ids": list(batch_ids)})]


def kept(connection: psycopg.Connection, batch_ids: Iterable[int]) -> Sums:
    """What the ledger kept of the rows of these batches when they were loaded; batches without rows are not there."""
    found = connection.execute(SQL["kept"], {"batch_ids": list(batch_ids)})
    return {batch: (rows, int(content) % 2**64) for batch, rows, content in found}
