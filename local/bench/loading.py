"""Landing files to the store of readings against `psql \\copy` of the accepted rows; and what memory a load takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from local.bench.ground import Ground, Loaded, land, load
from local.bench.made import Readings
from local.bench.measured import Measured
from local.binaries import find_programs, server_account
from local.postgres import Server

SPEED_GOAL, MEMORY_GOAL, PEAK_GOAL_MIB = 1.5, 1.1, 1024
TIMES = 3
SINCE = datetime(2016, 1, 1)
FORMATS = {"remote_points": ("gzip JSON lines", "ndjson", "gzip"), "remote_csv": ("CSV", "csv", "none")}


def speed(ground: Ground, rows: int) -> Iterator[Measured]:
    """The best of three of each, the formats and \\copy one after the other."""
    made = readings(rows)
    files = {
        "remote_points": made.write_packets(ground.folder / "packets.ndjson.gz"),
        "remote_csv": made.write_csv(ground.folder / "readings.csv"),
    }
    loads: dict[str, list[Loaded]] = {feed: [] for feed in files}
    copies, size = [], 0
    for nth in range(TIMES):
        for feed, path in files.items():
            name = f"{feed}_{nth}"
            ground.warehouse(name, made.points)
            loads[feed].append(load(feed, land_all(feed, path, made)))
            if feed == "remote_points":
                copies.append(copy(ground.server, name, ground.folder)[0])
                size = _bytes(ground.folder / name / "lake")
            ground.drop(name)
    bare = min(copies)
    for feed, (title, _, _) in FORMATS.items():
        best = min(loads[feed], key=lambda each: each.seconds)
        detail = (
            f"{best.rows:,} rows in {best.seconds:.1f} s ({best.rows / best.seconds:,.0f} rows/s), {best.peak_mib} MiB;"
            f" \\copy {bare:.1f} s ({best.rows / bare:,.0f} rows/s); {size / best.rows:.1f} bytes a row"
        )
        yield Measured(f"{title} to files against psql \\copy into a bare heap", bare / best.seconds, SPEED_GOAL, detail)


def memory(ground: Ground, few: int, many: int) -> Iterator[Measured]:
    """Ten times the rows in the same memory."""
    found = []
    for rows in (few, many):
        made = readings(rows)
        name = f"memory_{rows}"
        ground.warehouse(name, made.points)
        path = made.write_packets(ground.folder / "packets.ndjson.gz")
        found.append(load("remote_points", land_all("remote_points", path, made)))
        ground.drop(name)
    less, more = found
    detail = f"{less.rows:,} rows {less.peak_mib} MiB, {more.rows:,} rows {more.peak_mib} MiB in {more.seconds:.0f} s"
    yield Measured("memory of a load of ten times the rows", more.peak_mib / less.peak_mib, MEMORY_GOAL, detail, at_most=True)
    yield Measured("memory of a load, GiB", more.peak_mib / 1024, PEAK_GOAL_MIB / 1024, detail, at_most=True)


def readings(rows: int) -> Readings:
    """About so many, of 5,300 points."""
    return Readings(points=5300, packets=max(1, rows // (5300 * 6)), a_packet=6, minutes=10, since=SINCE)


def land_all(feed: str, path: Path, made: Readings) -> int:
    """The file as one pull of its feed; returns the pull_id."""
    _, kind, compression = FORMATS[feed]
    start = made.since.replace(tzinfo=UTC) - timedelta(days=1)
    return land(feed, path, kind, compression, start, start + timedelta(days=400))


def copy(server: Server, name: str, folder: Path, limit: int = 5_000_000) -> tuple[float, int]:
    """(seconds, rows) of psql \\copy of accepted rows of the warehouse the environment names, into a heap without an index."""
    from hearth.contracts.entities import ENTITIES
    from hearth.lake import catalogue
    from hearth.lake.engine import engine, show
    from hearth.lake.files import Lake
    from hearth.warehouse.raw_tables import column_definitions

    entity, file, url = ENTITIES["room_reading"], folder / "rows.csv", server.administrator_url(name)
    with psycopg.connect(url, autocommit=True) as connection, engine() as database:
        show(database, entity, catalogue.current(connection, entity.name), Lake())
        database.execute(f"copy (select * from {entity.name} limit {limit}) to '{file}' (format csv, header false)")
        connection.execute(f"create table public.copied ({', '.join(f'{n} {kind}' for n, kind in column_definitions(entity))})")
        connection.execute("checkpoint")
        psql = find_programs(server_account()).path("psql")
        begun = time.monotonic()
        subprocess.run([psql, url, "-qc", f"\\copy public.copied from '{file}' csv"], check=True)
        seconds = time.monotonic() - begun
        row = connection.execute("select count(*) from public.copied").fetchone()
        connection.execute("drop table public.copied")
    file.unlink()
    assert row is not None
    return seconds, int(row[0])


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))
