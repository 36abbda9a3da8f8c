"""Spark beside DuckDB on one machine: a day of rooms, the same files, the same text, the same rows.

`python -m local.bench.beside_spark [points]` prints what was measured. Sensors send every 10 minutes, in steps as rooms have them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from hearth.contracts.entities import ENTITIES
from hearth.lake.catalogue import ReadingFile
from hearth.lake.files import PART_ROWS, Lake, write_sorted
from hearth.lake.schema import arrow_schema
from hearth.transform.engines.engine import Engine, Words, Work
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.engines.on_spark import Spark
from hearth.transform.reduction import FOREVER, standing_limits
from hearth.transform.texts import statement
from local.bench.measured import Measured
from local.environment import SPARK
from local.spark_cluster import Cluster

ROOM = ENTITIES["room_reading"]
ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = datetime(2016, 1, 11, 16, tzinfo=UTC)
A_DAY = 144
LIMITS = {
    "stuck_min_hours": 24.0,
    "stuck_min_readings": 12.0,
    "jump_flag_degc_per_h": 5.0,
    "jump_exclude_degc_per_h": 10.0,
    "window_drop_degc": 2.0,
    "window_drop_hours": 1.0,
    "window_recovery_hours": 3.0,
    "window_recovery_degc": 0.5,
    "hold_factor": 2.0,
}


def spark_beside_duckdb(points: int, workers: int = 2) -> dict[str, Any]:
    """Seconds of both for a day of so many points, Spark with a master and workers here; raises where they make other rows."""
    with TemporaryDirectory(prefix="hearth-bench-") as name, mock.patch.dict(os.environ, _places(Path(name))):
        files, given = day_of_rooms(points), settings(points)
        begun = time.monotonic()
        rows = _counted(DuckDb(), [work(DuckDb.words, files, given)])
        facts = {"readings": points * A_DAY, "point_days": rows, "duckdb_seconds": round(time.monotonic() - begun, 1)}
        with closing(Cluster(SPARK.python, Path(name), workers)) as cluster, _secret(cluster):
            facts |= _on_spark(Spark(cluster.url), files, given, rows)
    return facts | {"spark_beside_duckdb": round(facts["spark_seconds"] / facts["duckdb_seconds"], 2)}


def measured(points: int) -> Iterator[Measured]:
    facts = spark_beside_duckdb(points)
    detail = (
        f"{facts['readings']:,} readings, {facts['point_days']:,} point-days: DuckDB {facts['duckdb_seconds']} s, Spark"
        f" {facts['spark_seconds']} s on a master and two workers here, after {facts['spark_begin_seconds']} s to begin"
    )
    yield Measured("Spark against DuckDB on the same readings", facts["spark_beside_duckdb"], None, detail)


def _on_spark(spark: Spark, files: tuple[ReadingFile, ...], given: dict[str, pa.Table], rows: int) -> dict[str, Any]:
    begun = time.monotonic()
    none, all_of_them = work(spark.words, (), given, "begin"), work(spark.words, files, given)
    with closing(spark.run([none, all_of_them])) as made:
        next(made).read_all()
        began = time.monotonic()
        found = sum(len(batch) for batch in next(made))
        seconds = time.monotonic() - began
        for _ in made:
            pass
    if found != rows:
        raise AssertionError(f"Spark made {found} point-days, DuckDB {rows}")
    return {"spark_seconds": round(seconds, 1), "spark_begin_seconds": round(began - begun, 1)}


def day_of_rooms(points: int) -> tuple[ReadingFile, ...]:
    """A day of readings in files of the lake, as a load makes them: sorted by point and time, a million or so each."""
    random, lake = np.random.default_rng(7), Lake()
    written: list[ReadingFile] = []
    each = PART_ROWS // A_DAY
    for first in range(0, points, each):
        number = min(each, points - first)
        walk = np.cumsum(random.normal(0, 0.15, (number, A_DAY)), axis=1) + random.normal(20, 1.5, (number, 1))
        walk[random.random(walk.shape) < 0.0005] -= 8
        at = [BEGINS + timedelta(minutes=10 * step) for step in range(A_DAY)]
        rows = number * A_DAY
        columns = {
            "point_id": np.repeat([f"P{point:08d}" for point in range(first, first + number)], A_DAY),
            "read_at": pa.array(at * number, pa.timestamp("us", tz="UTC")),
            "temperature_degc": np.round(walk, 1).ravel(),
            "arrived_at": pa.array([moment + timedelta(minutes=5) for moment in at] * number, pa.timestamp("us", tz="UTC")),
            "feed": pa.array(["rooms"] * rows),
            "position": np.arange(rows),
            "source_version": np.zeros(rows, np.int64),
        }
        schema = arrow_schema(ROOM)
        table = pa.table({field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in schema}, schema=schema)
        name = f"room_reading/rooms/1-{first}.parquet"
        Path(lake.address(name)).parent.mkdir(parents=True, exist_ok=True)
        write_sorted(table, Path(lake.address(name)), ROOM.raw_key[1:])
        written.append(ReadingFile(name, "", rows))
    return tuple(written)


def settings(points: int) -> dict[str, pa.Table]:
    """What the text is given beside readings."""
    always = {"valid_from": BEGINS.date().replace(year=1900), "valid_to": FOREVER}
    each = {
        "set_from_at": BEGINS - timedelta(365),
        "set_before_at": datetime(9999, 12, 31, tzinfo=UTC),
        "hold_seconds": 1200,
        "silence_seconds": 43200,
        "resolution_degc": 0.1,
        "pass_degc": 18.0,
        "room_watch_low_degc": 5.0,
        "room_watch_high_degc": 35.0,
        "low_battery_v": 2.8,
        "windows_closed_min_minutes": 120.0,
    }
    same = {name: pa.repeat(pa.scalar(value), points) for name, value in each.items()}
    named = pa.array([f"P{point:08d}" for point in range(points)])
    return {"limit_period": pa.Table.from_pylist([always | LIMITS]), "point_setting": pa.table({"point_id": named, **same})}


def work(words: Words, files: tuple[ReadingFile, ...], given: dict[str, pa.Table], name: str = "point_day") -> Work:
    return Work(
        name, statement("point_day", words, ZONE, (), standing_limits(given)), ROOM, files, given, sum(file.rows for file in files)
    )


def _counted(engine: Engine, works: list[Work]) -> int:
    with closing(engine.run(works)) as made:
        return sum(len(batch) for reader in made for batch in reader)


def _places(folder: Path) -> dict[str, str]:
    spark = {"HEARTH_SPARK_PYTHON": str(SPARK.python), "SPARK_LOCAL_IP": "127.0.0.1"}
    return {"HEARTH_LAKE": str(folder / "lake"), "HEARTH_SPARK_SCRATCH": str(folder / "scratch"), **spark}


@contextmanager
def _secret(cluster: Cluster) -> Iterator[None]:
    with mock.patch.dict(os.environ, {"HEARTH_SPARK_SECRET": cluster.secret}):
        yield


if __name__ == "__main__":
    print(spark_beside_duckdb(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
