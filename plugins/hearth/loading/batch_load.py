"""Load one batch: stream chunks into a side table, settle duplicates, swap the interval in, all in one transaction.

Readers see the old batch until the commit and the new one after it. The bulk goes by ADBC (Arrow batches
into COPY); the cast to the declared Arrow schema is the last check of the types.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import pyarrow as pa

from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.entity import Entity, Kind
from hearth.contracts.interval import Interval
from hearth.contracts.reasons import names
from hearth.loading.statement_text import composed, has_parameters, numbered, statement_names
from hearth.warehouse.connections import connect, warehouse_url

ARROW_TYPE: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "number": pa.float64(),
    "integer": pa.int32(),
    "flag": pa.bool_(),
}
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


def arrow_schema(entity: Entity) -> pa.Schema:
    """Arrow schema of raw.<entity>, in table order."""
    provenance = [
        ("feed", pa.string()),
        ("batch_id", pa.int64()),
        ("file_id", pa.int64()),
        ("position", pa.int64()),
        ("sub_position", pa.int32()),
        ("arrived_at", pa.timestamp("us", tz="UTC")),
        ("source_version", pa.int64()),
    ]
    made = [(name, pa.string()) for name in entity.made_columns]
    return pa.schema(provenance + [(c.stored_name, ARROW_TYPE[c.kind]) for c in entity.columns] + made)


class BatchLoad:
    """One transaction of the loader. Use as a context manager: commits in `finish`, rolls back otherwise.

    Its statements have values by name, `%(name)s`, those of the batch among them (`facts`), and names of tables and columns as
    `{name}` (`statement_names`).
    """

    def __init__(self, contract: Contract, interval: Interval, time_zone: str) -> None:
        self.contract, self.entity, self.interval = contract, contract.entity_definition, interval
        self.time_zone = time_zone
        self.counts = Counts()
        self.no_record: Counter[str] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self._schema = arrow_schema(self.entity)
        self._names = statement_names(self.entity, self._schema.names)
        self.facts: dict[str, Any] = {
            "feed": contract.feed,
            "entity": self.entity.name,
            "interval_start": interval.start,
            "interval_end": interval.end,
            "time_zone": time_zone,
        }
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future | None = None

    def _make_partitions(self) -> None:
        """The months of the interval, in a short transaction of their own: no lock of it waits for a long load."""
        with connect("loader") as connection:
            connection.execute(
                "select raw.ensure_month_partitions(%s, %s, %s)", (self.entity.name, self.interval.start, self.interval.end)
            )

    def __enter__(self) -> BatchLoad:
        self._make_partitions()
        self._connection = adbc.connect(warehouse_url("loader"))
        self._cursor = self._connection.cursor()
        # One load of a feed at a time: a second one waits here and then replaces what the first one loaded, which it has to see.
        self.run("set transaction isolation level read committed")
        self.ask("select pg_advisory_xact_lock(hashtextextended(%(feed)s::text, 0))")
        self.batch_id = self.facts["batch_id"] = int(self.ask("select nextval('ledger.batch_id')")[0][0])
        self.run("set local work_mem = '256MB'")
        self.run("create temp table incoming on commit drop as select {columns} from {raw_table} with no data")
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
        text, given = numbered(composed(statement, self._names), {**self.facts, **values})
        self._cursor.execute(text, given or None)

    def accept(self, frame: pd.DataFrame) -> None:
        """Accepted rows of one chunk, written while the caller prepares the next."""
        if frame.empty:
            return
        rows, columns = len(frame), []
        same = {"feed": self.contract.feed, "batch_id": self.batch_id}
        for field in self._schema:
            if field.name in same:
                columns.append(pa.repeat(pa.scalar(same[field.name], field.type), rows))
            elif field.name in frame:
                columns.append(pa.array(frame[field.name], from_pandas=True).cast(field.type))
            else:
                columns.append(pa.nulls(rows, field.type))
        self._submit("incoming", pa.Table.from_arrays([_flat(c) for c in columns], schema=self._schema))

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
        self._submit("refused", table)

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
            self._submit("personal", pa.table({"value_hash": hashes, "kind": kinds, "value": texts}))

    def remember_came(self, rows: pa.Table) -> None:
        """Records as they came, for the side table `came`: file_id, position, record."""
        self._submit("came", rows)

    def remember_named(self, rows: pd.DataFrame) -> None:
        """What self-registering points say of themselves: point_id, household_id, building_id, station_id, branch_id."""
        if not rows.empty:
            self._submit("named", pa.table({name: pa.array(rows[name], pa.string(), from_pandas=True) for name in rows}))

    def _submit(self, table: str, rows: pa.Table) -> None:
        self._wait()
        self._writing = self._writer.submit(self._ingest, table, rows)

    def _ingest(self, table: str, rows: pa.Table) -> None:
        self._cursor.adbc_ingest(table, rows, mode="append", temporary=True)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def commit(self) -> None:
        self._wait()
        self._connection.commit()


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
