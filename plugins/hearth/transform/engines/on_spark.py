"""Spark, on many machines: texts, files and given tables are told to a job that runs in Spark's own environment (spark/reduce.py).

The job knows no warehouse: it reads files of readings, writes files of rows, and only this process puts them into PostgreSQL.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from hearth.contracts.entity import Entity
from hearth.lake.catalogue import by_gone
from hearth.lake.errors import EngineFailed
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema
from hearth.transform.engines.engine import Work
from hearth.transform.engines.scratch import Run, scratch
from hearth.transform.engines.spark_process import SparkProcess

READINGS_A_TASK = 1_000_000
FEWEST_TASKS = 8
SECONDS_FOR_A_WORKER = 120
"""So long a master may have no worker that takes the job."""
_KINDS = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
}


class SparkWords:
    """The session's time zone is UTC (spark/reduce.py)."""

    def instant(self, at: datetime) -> str:
        return f"timestamp '{at.astimezone(UTC).isoformat(sep=' ')}'"

    def instant_of_us(self, microseconds: str) -> str:
        return f"timestamp_micros({microseconds})"

    def epoch_us(self, instant: str) -> str:
        return f"unix_micros({instant})"

    def local_date(self, instant: str, zone: ZoneInfo) -> str:
        return f"cast(from_utc_timestamp({instant}, '{zone.key}') as date)"

    def whole_division(self, of: str, by: str) -> str:
        return f"(({of}) div ({by}))"

    def nearest(self, number: str) -> str:
        return f"rint({number})"


class Spark:
    words = SparkWords()

    def __init__(self, master: str) -> None:
        self.master = master

    @property
    def is_local(self) -> bool:
        return self.master.startswith("local")

    def run(self, works: Sequence[Work]) -> Generator[pa.RecordBatchReader, None, None]:
        """All texts in one application, which is begun at the first."""
        if not works:
            return
        with scratch(self.is_local) as run:
            run.write("job.json", json.dumps(self._job(works, run)).encode())
            with closing(SparkProcess(self.master, run.local_copy("job.json"))) as process:
                for work in works:
                    process.wait_for(work.name)
                    yield run.rows(f"made/{work.name}")
                process.finish()

    def _job(self, works: Sequence[Work], run: Run) -> dict[str, Any]:
        return {
            "master": self.master,
            "memory": memory(self.is_local),
            "seconds_for_a_worker": SECONDS_FOR_A_WORKER,
            "works": [_told(work, run) for work in works],
        }


def _told(work: Work, run: Run) -> dict[str, Any]:
    lake = Lake()
    given = {name: run.put(f"given/{work.name}-{name}.parquet", table) for name, table in work.given.items()}
    return {
        "name": work.name,
        "text": work.text,
        "entity": work.entity.name,
        "subject": work.entity.natural_key[0],
        "schema": schema_of(work.entity),
        "files": [
            {"gone": list(gone), "addresses": [spark_address(lake.address(file.path)) for file in group]}
            for gone, group in by_gone(work.files).items()
        ],
        "readings": work.readings,
        "tasks": max(FEWEST_TASKS, work.readings // READINGS_A_TASK),
        "given": {name: spark_address(address) for name, address in given.items()},
        "into": spark_address(run.address(f"made/{work.name}")),
    }


def schema_of(entity: Entity) -> str:
    """The columns an entity has today, as Spark declares them; files of before lack the newer ones."""
    return ", ".join(f"`{field.name}` {_KINDS[field.type]}" for field in arrow_schema(entity))


def spark_address(address: str) -> str:
    """Of a file or an object, as Spark opens it."""
    scheme, is_url, rest = address.partition("://")
    if not is_url:
        return f"file://{address}"
    return f"{ {'s3': 's3a'}.get(scheme, scheme) }://{rest}"


def memory(is_local: bool) -> str | None:
    """HEARTH_READINGS_MEMORY as Spark writes it, of each process that computes; DuckDB's 2GB where Spark runs in one process,
    Spark's own setting of its executors elsewhere."""
    told = os.environ.get("HEARTH_READINGS_MEMORY") or ("2GB" if is_local else None)
    if told is None:
        return None
    match = re.fullmatch(r"(\d+)\s*([KMGT])i?B?", told.strip(), re.IGNORECASE)
    if not match:
        raise EngineFailed(f"HEARTH_READINGS_MEMORY is {told!r}; expected a whole number with its unit, such as 2GB")
    return f"{match[1]}{match[2].lower()}"
