"""DuckDB, in this process: what one machine does."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.transform.engines.engine import Work

ROWS_A_BATCH = 1 << 17


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
                show(database, work.entity, work.files, Lake())
                for name, table in work.given.items():
                    database.register(name, table)
                yield database.sql(work.text).to_arrow_reader(ROWS_A_BATCH)
