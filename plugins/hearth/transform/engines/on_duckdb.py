"""DuckDB, in this process: what one machine does."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from hearth.lake.engine import addresses, engine, quoted, show
from hearth.lake.files import Lake
from hearth.transform.engines.engine import Work

ROWS_A_BATCH = 1 << 17
AT_ONCE = 12_000_000
"""Readings that 2 GB hold while they are reduced: of more, subjects are taken some at a time, so that nothing goes by the disk."""


class DuckDbWords:
    def instant(self, at: datetime) -> str:
        return f"timestamptz '{at.astimezone(UTC).isoformat(sep=' ')}'"

    def instant_of_us(self, microseconds: str) -> str:
        return f"make_timestamp({microseconds}) at time zone 'UTC'"

    def epoch_us(self, instant: str) -> str:
        return f"epoch_us({instant})"

    def local_date(self, instant: str, zone: ZoneInfo) -> str:
        return f"cast({instant} at time zone '{zone.key}' as date)"

    def whole_division(self, of: str, by: str) -> str:
        return f"(({of}) // ({by}))"

    def nearest(self, number: str) -> str:
        return f"round_even({number}, 0)"


class DuckDb:
    words = DuckDbWords()

    def run(self, works: Sequence[Work]) -> Generator[pa.RecordBatchReader, None, None]:
        for work in works:
            with engine() as database:
                for name, table in work.given.items():
                    database.register(name, table)
                slices = _slices(database, work)
                first = next(slices)
                yield pa.RecordBatchReader.from_batches(first.schema, _one_after_the_other(first, slices))


def _one_after_the_other(first: pa.RecordBatchReader, others: Iterator[pa.RecordBatchReader]) -> Iterator[pa.RecordBatch]:
    yield from first
    for reader in others:
        yield from reader


def _slices(database: duckdb.DuckDBPyConnection, work: Work) -> Iterator[pa.RecordBatchReader]:
    """The rows of some subjects after those of others: a series is reduced by itself alone."""
    lake, subject = Lake(), work.entity.natural_key[0]
    for since, until in pairwise([None, *_edges(database, work, lake, subject), None]):
        bounds = [f"{subject} {sign} {quoted(edge)}" for sign, edge in ((">=", since), ("<", until)) if edge is not None]
        show(database, work.entity, work.files, lake, " and ".join(bounds) or "true")
        yield database.sql(work.text).to_arrow_reader(ROWS_A_BATCH)


def _edges(database: duckdb.DuckDBPyConnection, work: Work, lake: Lake, subject: str) -> list[str]:
    """Subjects between which the readings make parts of AT_ONCE, by the first subject of each group of rows the files have."""
    parts = -(-work.readings // AT_ONCE)
    if parts < 2:
        return []
    groups = database.execute(
        f"select stats_min_value, sum(row_group_num_rows) from parquet_metadata({addresses(database, lake, work.files)})"
        f" where path_in_schema = '{subject}' group by 1 order by 1"
    ).fetchall()
    edges: list[str] = []
    passed, whole = 0, sum(rows for _, rows in groups)
    for least, rows in groups:
        if passed * parts >= whole * (len(edges) + 1):
            edges.append(least)
        passed += rows
    return edges
