"""DuckDB on the files of readings: a view an entity, with its current rows."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import duckdb

from hearth.contracts.entity import Entity
from hearth.lake.catalogue import ReadingFile, by_gone
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema
from hearth.landing.file_store import StoreUnusable

SPILLED = "hearth-readings-"
FORGOTTEN_SECONDS = 86_400
"""Nobody works so long: whose folder is older was killed, and may have left gigabytes."""


@contextmanager
def engine(memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills beside it; `memory`: its limit, HEARTH_READINGS_MEMORY (2GB) unless it is said.

    Raises StoreUnusable when the files cannot be read because of their object store.
    """
    _sweep()
    with TemporaryDirectory(prefix=SPILLED) as spilled:
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


def _sweep() -> None:
    for folder in Path(gettempdir()).glob(f"{SPILLED}*"):
        try:
            is_old = time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS and folder.stat().st_uid == os.getuid()
        except FileNotFoundError:  # another sweeps as well
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)


def show(
    database: duckdb.DuckDBPyConnection, entity: Entity, files: Iterable[ReadingFile], lake: Lake, condition: str = "true"
) -> None:
    """The view `<entity>`: the rows of these files that count and meet the condition, with the columns the entity has today."""
    named = ", ".join(f'"{name}"' for name in arrow_schema(entity).names)
    rows = rows_of(database, entity, files, lake)
    database.execute(f"create or replace view {entity.name} as select {named} from ({rows}) where {condition}")


def rows_of(database: duckdb.DuckDBPyConnection, entity: Entity, files: Iterable[ReadingFile], lake: Lake) -> str:
    """A query of the rows of these files that count, with the entity's columns of today and others the files may have."""
    database.register(f"no_{entity.name}", arrow_schema(entity).empty_table())
    groups = by_gone(files)
    queries = [f"select * from no_{entity.name}"]
    for gone, group in groups.items():
        that_count = f" where batch_id not in ({', '.join(map(str, gone))})" if gone else ""
        queries.append(f"select * from read_parquet({addresses(database, lake, group)}, union_by_name = true){that_count}")
    return " union all by name ".join(queries)


def addresses(database: duckdb.DuckDBPyConnection, lake: Lake, files: Iterable[ReadingFile]) -> str:
    """A list of the files as SQL has it, which the database can open."""
    if not lake.is_local and "s3" not in database.list_filesystems():
        database.register_filesystem(lake.file_system())
    return f"[{', '.join(quoted(lake.address(file.path)) for file in files)}]"


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
