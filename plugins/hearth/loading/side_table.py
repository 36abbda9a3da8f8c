"""The rows of one batch on their way: written in parts as they come, looked at in SQL before any of them is anywhere else.

Parts are Parquet files in a folder of the load's own, so a batch of any size takes the memory of one part. The SQL is run by DuckDB
on these files, within its own limit of memory, and spills beside them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hearth.lake.files import PART_BYTES, PART_ROWS

MEMORY = os.environ.get("HEARTH_LOAD_MEMORY") or "384MB"
"""What DuckDB may take for a batch before it spills."""

Write = Callable[[pa.Table, Path], None]


class SideTable:
    """Rows of a batch as the views `incoming` (all) and `settled` (those not in `removed`), both with `part` and `row_no`.

    `again`: rows that share their key with another one of the batch. `removed`: (part, row_no, why).
    """

    def __init__(self, schema: pa.Schema, write: Write) -> None:
        self._schema, self._write = schema, write
        self._folder = tempfile.TemporaryDirectory(prefix="hearth-load-")
        self.folder = Path(self._folder.name)
        self._waiting: list[pa.Table] = []
        self._parts: list[Path] = []
        spilled = str(self.folder / "spilled")
        self._database = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY, "temp_directory": spilled})
        self._database.execute("set TimeZone = 'UTC'")
        self._database.execute("create table removed (part text, row_no bigint, why text)")

    def close(self) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= PART_ROWS or sum(part.nbytes for part in self._waiting) >= PART_BYTES:
            self._write_part()

    def _write_part(self) -> None:
        rows = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        self._waiting = []
        path = self.folder / f"{len(self._parts) + 1}.parquet"
        self._write(rows, path)
        self._parts.append(path)

    def whole(self) -> None:
        """All rows have come: they can be asked for from now on."""
        if self._waiting or not self._parts:
            self._write_part()
        pa.default_memory_pool().release_unused()  # what the cleaning took and the SQL can have
        columns = ", ".join(f'"{name}"' for name in self._schema.names)
        files = ", ".join(f"'{path}'" for path in self._parts)  # names of our own
        self._database.execute(
            f"create view incoming as select {columns}, filename as part, file_row_number as row_no"
            f" from read_parquet([{files}], filename = true, file_row_number = true)"
        )
        self._database.execute(
            "create view settled as select * from incoming as i where not exists"
            " (select 1 from removed as r where r.part = i.part and r.row_no = i.row_no)"
        )

    def ask(self, statement: str, values: list[Any] | None) -> pa.Table:
        """Run a statement; the rows it gives."""
        answer = self._database.sql(statement, params=values)
        return answer.to_arrow_table() if answer is not None else pa.table({})

    def give(self, name: str, rows: pa.Table) -> None:
        """Let statements see a table."""
        self._database.register(name, rows)

    def removed(self) -> dict[str, int]:
        """Rows that were taken out, by why."""
        return dict(self._database.execute("select why, count(*) from removed group by why").fetchall())

    def parts(self) -> Iterator[Path]:
        """The parts without the rows that were removed; those left without any row are passed over. What `incoming` shows stays."""
        gone: dict[str, list[int]] = {}
        for part, row_no in self._database.execute("select part, row_no from removed").fetchall():
            gone.setdefault(part, []).append(row_no)
        for path in self._parts:
            if str(path) in gone:
                rows = pq.read_table(path, schema=self._schema)
                keep = np.ones(len(rows), bool)
                keep[gone[str(path)]] = False
                settled = path.with_suffix(".settled.parquet")
                self._write(rows.filter(pa.array(keep)), settled)
            else:
                settled = path
            if pq.read_metadata(settled).num_rows:
                yield settled
