"""Where records go: raw.<entity> in PostgreSQL, in the transaction of the load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.warehouse.statements import Statements

if TYPE_CHECKING:
    from hearth.loading.batch_load import BatchLoad

SQL = Statements(__file__)
BATCH_ROWS = 1 << 16
"""So many rows are in memory on their way into the table."""


class RawTable:
    """The table of the load's entity."""

    def __init__(self, load: BatchLoad) -> None:
        self._load = load

    @staticmethod
    def write_part(rows: pa.Table, path: Path) -> None:
        """A part that lives as long as the load."""
        pq.write_table(rows, path, compression="lz4")

    def known(self) -> pa.Table:
        """Loaded rows whose keys the batch has."""
        load = self._load
        load.run("create temp table asked on commit drop as select {key} from {raw_table} with no data")
        load.ingest("asked", load.aside("select distinct {key} from settled"))
        return load.ask_table(SQL["known"])

    def take_out(self, batch_ids: list[int]) -> None:
        """Rows of batches that gave way."""
        self._load.write(
            "delete from {raw_table} where batch_id = any(%(batch_ids)s::bigint[]) and feed = %(feed)s::text", batch_ids=batch_ids
        )

    def take_in(self) -> int:
        """The settled rows; returns how many."""
        load = self._load
        load.run("create temp table incoming on commit drop as select {columns} from {raw_table} with no data")
        for part in load.side.parts():
            batches = pq.ParquetFile(part).iter_batches(BATCH_ROWS)
            load.ingest("incoming", pa.RecordBatchReader.from_batches(load.schema, batches))
        return load.run("insert into {raw_table} ({columns}) select {columns} from incoming")

    def content_hash(self) -> str:
        """The sum of PostgreSQL's 64-bit hashes of the rows."""
        return str(
            self._load.ask("select coalesce(sum(hash_record_extended(row({i_hashed}), 0)), 0)::text from incoming as i")[0][0]
        )
