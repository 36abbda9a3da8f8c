"""dlt beside Hearth: the same landing files of room readings, by dlt into PostgreSQL and into a folder of Parquet files.

dlt does less for it: packets become readings with their times in UTC, and a load is recorded. Nothing is judged, so error codes and
rooms of 55 degrees come in as they are; no row is held against the register of points, looked for twice or kept with its reason; no
digest, no count that has to add up. What it does and with which settings stands in `dlt/load.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from local import environment
from local.bench.ground import Ground, Loaded, load, printed_by
from local.bench.loading import TIMES, land_all, readings
from local.bench.measured import Measured

POSTGRES_GOAL, PARQUET_GOAL = 3.0, 1.0
FEED = "remote_points"


def measured(ground: Ground, rows: int) -> Iterator[Measured]:
    """The best of three of each, one after the other; with Python objects once, for it takes minutes."""
    if environment.make(environment.DLT):
        sys.exit("dlt's environment could not be made; the message stands above")
    made = readings(rows)
    path = made.write_packets(ground.folder / "packets.ndjson.gz")
    ours, postgres, parquet = [], [], []
    for nth in range(TIMES):
        ground.warehouse(name := f"beside_dlt_{nth}", made.points)
        ours.append(load(FEED, land_all(FEED, path, made)))
        ground.drop(name)
        postgres.append(_into_postgres(ground, "arrow", path))
        parquet.append(_by_dlt("arrow", "filesystem", str(ground.folder / f"dlt-{nth}"), path))
    objects = _into_postgres(ground, "objects", path)
    best = min(ours, key=_seconds)
    for name, goal, theirs in (
        ("loading against dlt into PostgreSQL, Arrow by ADBC", POSTGRES_GOAL, min(postgres, key=_seconds)),
        ("loading against dlt into a folder of Parquet files, Arrow", PARQUET_GOAL, min(parquet, key=_seconds)),
        ("loading against dlt into PostgreSQL, its own reader of JSON lines", None, objects),
    ):
        if theirs.rows != best.rows:
            raise AssertionError(f"dlt loaded {theirs.rows:,} rows of {best.rows:,}")
        yield Measured(name, theirs.seconds / best.seconds, goal, f"Hearth {_told(best)}; dlt {_told(theirs)}")


def _into_postgres(ground: Ground, way: str, path: Path) -> Loaded:
    try:
        return _by_dlt(way, "postgres", ground.server.create_database("dlt"), path)
    finally:
        ground.drop("dlt")


def _by_dlt(way: str, destination: str, address: str, path: Path) -> Loaded:
    script = Path(__file__).parent / "dlt" / "load.py"
    command = [str(environment.DLT.python), str(script), way, destination, address, str(path)]
    return Loaded(**printed_by(command, RUNTIME__DLTHUB_TELEMETRY="false"))


def _seconds(loaded: Loaded) -> float:
    return loaded.seconds


def _told(loaded: Loaded) -> str:
    return f"{loaded.seconds:.1f} s ({loaded.rows / loaded.seconds:,.0f} rows/s, {loaded.peak_mib} MiB)"
