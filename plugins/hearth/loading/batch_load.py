"""Load one batch: stream chunks into a side table, settle duplicates, swap the interval in, all in one transaction.

Readers see the old batch until the commit and the new one after it. The cast to the declared Arrow schema is the last check of the
types; what goes to PostgreSQL goes by ADBC (Arrow batches into COPY).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.interval import Interval
from hearth.contracts.reasons import names
from hearth.lake.schema import arrow_schema
from hearth.loading.raw_files import RawFiles
from hearth.loading.raw_table import RawTable
from hearth.loading.side_table import SideTable
from hearth.loading.statement_text import composed, has_parameters, numbered, statement_names
from hearth.warehouse.connections import warehouse_url

WAITING_AT_MOST = 4
"""Chunks of rows on their way to disk or to the database."""
QUARANTINE_SCHEMA = pa.schema(
    [
        ("file_id", pa.int64()),
        ("position", pa.int64()),
        ("sub_position", pa.int32()),
        ("arrived_at", pa.timestamp("us", tz="UTC")),
        ("reasons", pa.string()),
        ("record", pa.string()),
        ("subject_id", pa.string()),
        ("event_at", pa.timestamp("us", tz="UTC")),
    ]
)


class BatchLoad:
    """One transaction of the loader. Use as a context manager: commits in `finish`, rolls back otherwise.

    Its statements have values by name, `%(name)s`, those of the batch among them (`facts`), and names of tables and columns as
    `{name}` (`statement_names`). Accepted rows wait in the side table (`side`) until `raw` takes them.
    """

    def __init__(self, contract: Contract, interval: Interval, time_zone: str) -> None:
        self.contract, self.entity, self.interval = contract, contract.entity_definition, interval
        self.time_zone = time_zone
        self.counts = Counts()
        self.no_record: Counter[str] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.schema = arrow_schema(self.entity)
        self.raw = RawFiles(self) if self.entity.in_files else RawTable(self)
        self._names = statement_names(self.entity, self.schema.names)
        self.facts: dict[str, Any] = {
            "feed": contract.feed,
            "entity": self.entity.name,
            "interval_start": interval.start,
            "interval_end": interval.end,
            "time_zone": time_zone,
        }
        self._writer = ThreadPoolExecutor(1)
        self._writing: deque[Future] = deque()

    def __enter__(self) -> BatchLoad:
        self.side = SideTable(self.schema, self.raw.write_part)
        self._connection = adbc.connect(warehouse_url("loader"))
        self._cursor = self._connection.cursor()
        # One load of a feed at a time: a second one waits here and then replaces what the first one loaded, which it has to see.
        self.run("set transaction isolation level read committed")
        self.ask("select pg_advisory_xact_lock(hashtextextended(%(feed)s::text, 0))")
        self.batch_id = self.facts["batch_id"] = int(self.ask("select nextval('ledger.batch_id')")[0][0])
        self.run("set local work_mem = '256MB'")
        self.run(
            "create temp table refused (file_id bigint, position bigint, sub_position int, arrived_at timestamptz,"
            " reasons text, record text, subject_id text, event_at timestamptz) on commit drop"
        )
        self.run("create temp table personal (value_hash text, kind text, value text) on commit drop")
        self.run(
            "create temp table named (point_id text, household_id text, building_id text, station_id text, branch_id text)"
            " on commit drop"
        )
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._wait()
        except Exception:
            if error[0] is None:
                raise
        finally:
            self._writer.shutdown()
            self.side.close()
            self._cursor.close()
            self._connection.close()

    def ask(self, statement: str, **values: Any) -> list[tuple]:
        """The rows a statement gives."""
        self._execute(statement, values)
        return self._cursor.fetchall()

    def ask_table(self, statement: str, **values: Any) -> pa.Table:
        """The same, of many rows."""
        self._execute(statement, values)
        return self._cursor.fetch_arrow_table()

    def write(self, statement: str, **values: Any) -> None:
        """Run one statement; how many rows it changed is not asked."""
        self._execute(statement, values)

    def run(self, statement: str, **values: Any) -> int:
        """Run one statement that ends without `returning`; returns the rows it changed."""
        if has_parameters(composed(statement, self._names)):  # of such a statement the driver does not say it
            return int(self.ask(f"with changed as ({statement} returning 1) select count(*) from changed", **values)[0][0])
        self._execute(statement, values)
        return max(int(self._cursor.rowcount), 0)

    def _execute(self, statement: str, values: dict[str, Any]) -> None:
        self._wait()
        self._cursor.execute(*self._told(statement, values))

    def _told(self, statement: str, values: dict[str, Any]) -> tuple[str, list[Any] | None]:
        text, given = numbered(composed(statement, self._names), {**self.facts, **values})
        return text, given or None

    def text(self, statement: str) -> str:
        """A statement without parameters as it is run."""
        return composed(statement, self._names)

    def aside(self, statement: str, **values: Any) -> pa.Table:
        """Run a statement on the side table; the rows it gives."""
        self._wait()
        return self.side.ask(*self._told(statement, values))

    def accept(self, frame: pd.DataFrame, good: np.ndarray) -> None:
        """The good rows of one chunk, written while the caller prepares the next."""
        if not good.any():
            return
        rows, columns = len(frame), []
        same = {"feed": self.contract.feed, "batch_id": self.batch_id}
        for field in self.schema:
            if field.name in same:
                columns.append(pa.repeat(pa.scalar(same[field.name], field.type), rows))
            elif field.name in frame:
                columns.append(pa.array(frame[field.name], from_pandas=True).cast(field.type))
            else:
                columns.append(pa.nulls(rows, field.type))
        table = pa.Table.from_arrays([_flat(c) for c in columns], schema=self.schema)
        self._submit(self._add, (table, good))

    def _add(self, rows_and_good: tuple[pa.Table, np.ndarray]) -> None:
        rows, good = rows_and_good
        self.side.add(rows if good.all() else rows.filter(pa.array(good)))

    def whole(self) -> None:
        """No more rows come: `aside` may ask for them."""
        self._wait()
        self.side.whole()

    def refuse(self, frame: pd.DataFrame, bits: list[int], records: list[str]) -> None:
        """Refused rows of one chunk with all their reasons and the record as it came."""
        if frame.empty:
            return
        table = pa.table(
            {
                "file_id": pa.array(frame["file_id"], pa.int64()),
                "position": pa.array(frame["position"], pa.int64()),
                "sub_position": pa.array(frame["sub_position"], pa.int32()),
                "arrived_at": pa.array(frame["arrived_at"], from_pandas=True).cast(pa.timestamp("us", tz="UTC")),
                "reasons": pa.array([",".join(names(b)) for b in bits], pa.string()),
                "record": pa.array(records, pa.string()),
                "subject_id": pa.array(frame[self.entity.natural_key[0]], from_pandas=True).cast(pa.string()),
                "event_at": self._event_instants(frame),
            },
            schema=QUARANTINE_SCHEMA,
        )
        self.ingest("refused", table)

    def _event_instants(self, frame: pd.DataFrame) -> pa.Array:
        """When the rows happened, where their entity has an instant for it."""
        column = self.entity.columns_by_name.get(self.entity.event_column)
        kind = pa.timestamp("us", tz="UTC")
        if column is None or column.kind != "instant":
            return pa.nulls(len(frame), kind)
        return _flat(pa.array(frame[column.name], from_pandas=True)).cast(kind)

    def remember_personal(self, values: list[tuple[str, str, str]]) -> None:
        if values:
            hashes, kinds, texts = zip(*values, strict=True)
            texts = tuple(text.replace("\0", "\ufffd") for text in texts)
            self.ingest("personal", pa.table({"value_hash": hashes, "kind": kinds, "value": texts}))

    def remember_came(self, rows: pa.Table) -> None:
        """Records as they came, for the side table `came`: file_id, position, record."""
        self.ingest("came", rows)

    def remember_named(self, rows: pd.DataFrame) -> None:
        """What self-registering points say of themselves: point_id, household_id, building_id, station_id, branch_id."""
        if not rows.empty:
            self.ingest("named", pa.table({name: pa.array(rows[name], pa.string(), from_pandas=True) for name in rows}))

    def ingest(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Rows into a temporary table, while the caller goes on."""
        self._submit(partial(self._cursor.adbc_ingest, table, mode="append", temporary=True), rows)

    def _submit(self, work: Callable[[Any], Any], rows: Any) -> None:
        """One after the other, while the caller goes on; so many may wait."""
        while len(self._writing) >= WAITING_AT_MOST:
            self._writing.popleft().result()
        self._writing.append(self._writer.submit(work, rows))

    def _wait(self) -> None:
        while self._writing:
            self._writing.popleft().result()

    def commit(self) -> None:
        self._wait()
        self._connection.commit()


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
