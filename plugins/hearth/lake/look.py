"""What a person asks of the readings: one SELECT, that reads the files which count and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.warehouse.connections import connect

EXPLAIN = re.compile(r"\s*explain\b(\s*analyze\b|\s*\([^)]*\))?", re.IGNORECASE)
IN_FILES = {name: entity for name, entity in ENTITIES.items() if entity.in_files}


class NotASelect(ValueError):
    """Readings are looked at, never changed."""


@dataclass(frozen=True)
class Looked:
    """The rows of an answer, the first ones of it when it is cut."""

    rows: pa.Table
    is_cut: bool

    def text(self) -> str:
        """A table as people read it."""
        with duckdb.connect() as database:
            database.register("answer", self.rows)
            return str(database.sql("from answer")).rstrip()


def look(query: str, rows: int) -> Looked:
    """Run a query, and keep so many rows (0: all). Raises NotASelect; duckdb.Error for SQL that is wrong."""
    lake = Lake()
    with engine() as database:
        with connect("engineer") as connection:
            for name, entity in IN_FILES.items():
                show(database, entity, catalogue.current(connection, name), lake)
        if not _only_reads(database, query):
            raise NotASelect("one SELECT (or DESCRIBE, EXPLAIN) is expected; readings are looked at here, never changed")
        # No other file of this machine, no other object of the store.
        database.execute(f"set allowed_directories = ['{lake.address('').replace(chr(39), chr(39) * 2).rstrip('/')}/']")
        database.execute("set enable_external_access = false")
        database.execute("set lock_configuration = true")
        reader = database.sql(query).to_arrow_reader(10_000)
        found, number = [], 0
        for batch in reader:
            found.append(batch)
            number += len(batch)
            if rows and number > rows:
                break
    table = pa.Table.from_batches(found, schema=reader.schema)
    return Looked(table.slice(0, rows) if rows else table, bool(rows) and number > rows)


def _only_reads(database: duckdb.DuckDBPyConnection, query: str) -> bool:
    """What is explained has to be a SELECT as well: EXPLAIN ANALYZE does what it explains."""
    explained = EXPLAIN.match(query)
    statements = database.extract_statements(query[explained.end() :] if explained else query)
    return len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT


def addresses(entity: str) -> list[tuple[str, tuple[int, ...]]]:
    """Where the files of an entity are that count, and the batches whose rows in each do not. Raises LookupError."""
    if entity not in IN_FILES:
        raise LookupError(f"{entity} does not live in files; those that do: {', '.join(sorted(IN_FILES))}")
    lake = Lake()
    with connect("engineer") as connection:
        return [(lake.address(file.path), file.gone) for file in catalogue.current(connection, entity)]
