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
from hearth.lake.files import ROWS_A_GROUP, Lake
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


def by_gone(files: Iterable[ReadingFile]) -> dict[tuple[int, ...], list[ReadingFile]]:
    """Each file once, under the batches that count no more in it."""
    made: dict[tuple[int, ...], list[ReadingFile]] = {}
    for file in dict.fromkeys(files):
        made.setdefault(file.gone, []).append(file)
    return made


NOT_CONTENT = ("feed", "batch_id")
"""Columns that say in which batch a row came, not what it holds."""


def content_columns(entity: Entity) -> list[str]:
    """The columns whose cells are the content of a row."""
    return [name for name in arrow_schema(entity).names if name not in NOT_CONTENT]


def described(entity: Entity, file: Path) -> dict[str, Any]:
    """What ledger.reading_file says of the rows of a local file, read from it again."""
    columns, rows, content = content_columns(entity), 0, 0
    events, arrivals = [], []
    with pq.ParquetFile(file) as parts:
        for batch in parts.iter_batches(ROWS_A_GROUP):
            table = pa.Table.from_batches([batch])
            rows, content = rows + len(table), content + content_of([table], columns)
            events.append(pc.min_max(table[entity.event_column]))
            arrivals.append(pc.min_max(table["arrived_at"]))
    return {"rows": rows, "content": str(content % 2**64), **_span("event", events), **_span("arrived", arrivals)}


def _span(what: str, found: list[pa.StructScalar]) -> dict[str, Any]:
    least, most = ([span[edge].as_py() for span in found if span[edge].is_valid] for edge in ("min", "max"))
    return {f"{what}_from": min(least, default=None), f"{what}_to": max(most, default=None)}


def put(
    lake: Lake, entity: Entity, feed: str, batch_id: int, part: int, file: Path, facts: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Bring a part of a batch into the lake; returns its row of ledger.reading_file, for `recording`. `facts`: as `described` gives
    them, where they are known already."""
    name = f"{entity.name}/{feed}/{batch_id}-{part}.parquet"
    sha256, size = lake.put(file, name)
    place = {"batch_id": batch_id, "part": part, "feed": feed, "entity": entity.name}
    return {**place, "path": name, "sha256": sha256, "size_bytes": size, **(facts or described(entity, file))}


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
