"""DuckDB on the files of readings: a view an entity, with its current rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from hearth.contracts.entity import Entity
from hearth.lake.catalogue import ReadingFile, by_gone
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema
from hearth.landing.file_store import StoreUnusable


@contextmanager
def engine(memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills beside it; `memory`: its limit, HEARTH_READINGS_MEMORY (2GB) unless it is said.

    Raises StoreUnusable when the files cannot be read because of their object store.
    """
    with TemporaryDirectory(prefix="hearth-readings-") as spilled:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory or os.environ.get("HEARTH_READINGS_MEMORY") or "2GB",
            "temp_directory": str(Path(spilled)),
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=settings) as database:
            database.execute("set TimeZone = 'UTC'")
            try:
                yield database
            except duckdb.Error as error:  # an error of the file system it reads with is a text to DuckDB
                _, is_it, told = str(error).rpartition(f"{StoreUnusable.__name__}: ")
                if is_it:
                    raise StoreUnusable(told.strip()) from error
                raise


def show(database: duckdb.DuckDBPyConnection, entity: Entity, files: Iterable[ReadingFile], lake: Lake) -> None:
    """The view `<entity>`: the rows of these files that count, with the columns the entity has today."""
    named = ", ".join(f'"{name}"' for name in arrow_schema(entity).names)
    database.execute(f"create or replace view {entity.name} as select {named} from ({rows_of(database, entity, files, lake)})")


def rows_of(database: duckdb.DuckDBPyConnection, entity: Entity, files: Iterable[ReadingFile], lake: Lake) -> str:
    """A query of the rows of these files that count, with the entity's columns of today and others the files may have."""
    database.register(f"no_{entity.name}", arrow_schema(entity).empty_table())
    groups = by_gone(files)
    if not lake.is_local and "s3" not in database.list_filesystems():
        database.register_filesystem(lake.file_system())
    queries = [f"select * from no_{entity.name}"]
    for gone, group in groups.items():
        addresses = ["'" + lake.address(file.path).replace("'", "''") + "'" for file in group]
        that_count = f" where batch_id not in ({', '.join(map(str, gone))})" if gone else ""
        queries.append(f"select * from read_parquet([{', '.join(addresses)}], union_by_name = true){that_count}")
    return " union all by name ".join(queries)
