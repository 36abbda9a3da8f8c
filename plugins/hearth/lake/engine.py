"""DuckDB on the files of readings: a view an entity, with its current rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from hearth.contracts.entity import Entity
from hearth.lake.catalogue import ReadingFile
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema


@contextmanager
def engine(memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills beside it; `memory`: its limit, HEARTH_READINGS_MEMORY (2GB) unless it is said."""
    with TemporaryDirectory(prefix="hearth-readings-") as spilled:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory or os.environ.get("HEARTH_READINGS_MEMORY") or "2GB",
            "temp_directory": str(Path(spilled)),
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=settings) as database:
            database.execute("set TimeZone = 'UTC'")
            yield database


def show(database: duckdb.DuckDBPyConnection, entity: Entity, files: Iterable[ReadingFile], lake: Lake) -> None:
    """The view `<entity>`: all rows of these files, with the columns the entity has today."""
    schema, chosen = arrow_schema(entity), list(files)
    if not lake.is_local and chosen:
        database.register_filesystem(lake.root.fs)
    database.register(f"no_{entity.name}", schema.empty_table())
    named = ", ".join(f'"{name}"' for name in schema.names)
    view = f"select {named} from no_{entity.name}"
    if chosen:
        listed = ", ".join("'" + lake.address(file.path).replace("'", "''") + "'" for file in chosen)
        of_files = f"select * from read_parquet([{listed}], union_by_name = true)"
        view = f"select {named} from (select * from no_{entity.name} union all by name {of_files})"
    database.execute(f"create or replace view {entity.name} as {view}")
