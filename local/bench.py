"""`make bench`: how fast readings get from landing files to where they live, as a ratio against `psql \\copy` in the same run.

`python -m local.bench [--days 40]`. Prints each measurement with its goal and writes build/bench.json, a list of
name, ratio, goal, met. Timed against the same server in the same minutes, so a slow machine slows both sides.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import psycopg

from local.binaries import find_programs, server_account
from local.instance import REPOSITORY
from local.postgres import LARGE, Server

POINTS, HOURS_A_PACKET = 696, 4
LOAD_GOAL = 1.5
"""Share of the speed of psql \\copy that landing to files has to reach."""
DAGBAG_GOAL_SECONDS = 2.0


@click.command()
@click.option("--days", default=40, show_default=True, help="days of hourly readings of 696 points")
def main(days: int) -> None:
    """Measure loading against psql \\copy, and how long Airflow takes to read the DAG files."""
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        Path(folder).chmod(0o711)
        found = [*_measure_load(Path(folder), days), _measure_dagbag(Path(folder))]
    target = REPOSITORY / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    for line in found:
        click.echo(
            f"{'met   ' if line['met'] else 'MISSED'} {line['name']}: {line['ratio']:.2f} (goal {line['goal']:g}) {line['detail']}"
        )
    sys.exit(0 if all(line["met"] for line in found) else 1)


def packets(days: int, seed: int = 7) -> Iterator[bytes]:
    """Packets of the remote points as the dispatch centre exports them, one a line; 1 reading in 500 is broken."""
    rng, start = random.Random(seed), datetime(2016, 1, 1)
    for hour in range(HOURS_A_PACKET - 1, 24 * days, HOURS_A_PACKET):
        for point in range(1, POINTS + 1):
            received = start + timedelta(hours=hour, seconds=point)
            temps = [
                round(20 + rng.random() * 3, 1) if rng.random() > 0.002 else rng.choice([-1010, 85.0, 0, 55])
                for _ in range(HOURS_A_PACKET)
            ]
            yield json.dumps(
                {"devId": f"R{point:05d}", "recvTime": f"{received:%Y-%m-%d %H:%M:%S}", "packTime": "0" * 14, "interval": 60,
                 "temps": temps, "bat": 3.6, "hist": 0}
            ).encode() + b"\n"  # fmt: skip


def _measure_load(folder: Path, days: int) -> list[dict[str, Any]]:
    with Server(folder / "pg", settings=LARGE) as server:
        url = server.create_database("bench")
        _environment(url, folder)
        export = folder / "export.ndjson.gz"
        with gzip.open(export, "wb", compresslevel=1) as stream:
            stream.writelines(packets(days))
        seconds, rows = _load(url, export, days)
        bare, size = _copy(server.administrator_url("bench"), folder), _bytes(folder / "lake")
    server.remove()
    detail = f"{rows:,} rows: {seconds:.1f} s ({rows / seconds:,.0f} rows/s), \\copy {bare:.1f} s, {size / rows:.1f} bytes a row"
    return [_line("landing to files against psql \\copy into a bare heap", bare / seconds, LOAD_GOAL, detail)]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _line(name: str, ratio: float, goal: float, detail: str) -> dict[str, Any]:
    return {"name": name, "ratio": round(ratio, 3), "goal": goal, "met": ratio >= goal, "detail": detail}


def _environment(url: str, folder: Path) -> None:
    from hearth.warehouse.migrate import ROLES

    parts = urlsplit(url)
    os.environ.update(
        HEARTH_LANDING=str(folder / "landing"),
        HEARTH_LAKE=str(folder / "lake"),
        HEARTH_PSEUDONYM_KEY="x" * 32,
        HEARTH_WAREHOUSE_URL_OWNER=url,
    )
    for role in ROLES:
        address = f"postgresql://hearth_{role}:{role}@{parts.hostname}:{parts.port}{parts.path}"
        os.environ[f"HEARTH_WAREHOUSE_URL_{role.upper()}"] = address


def _load(url: str, export: Path, days: int) -> tuple[float, int]:
    """(seconds, rows read) of clean + validate + load of the export."""
    from hearth.contracts.interval import Interval
    from hearth.contracts.loading import find_contract
    from hearth.intake import take_in
    from hearth.landing.landing import LandedPull
    from hearth.landing.store import LandingStore, StoredFile
    from hearth.warehouse import ledger
    from hearth.warehouse.migrate import migrate, role_urls

    migrate(url, role_urls())
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into raw.measuring_point (feed, batch_id, file_id, position, sub_position, arrived_at, source_version,"
            " point_id, valid_from, point_kind, household_id, room_type, expected_interval_minutes, resolution_degc)"
            " select 'register_points', 0, 0, i, 0, '2015-01-01', 0, 'R' || lpad(i::text, 5, '0'), '2015-01-01', 'remote',"
            " 'H' || i, 'bedroom', 60, 0.1 from generate_series(1, %s) i",
            (POINTS,),
        )
    store, contract = LandingStore(), find_contract("remote_points")
    with export.open("rb") as stream:
        sha256, stored_as, size = store.store(contract.feed, iter(lambda: stream.read(1 << 20), b""), ".ndjson.gz")
    files = [StoredFile(1, "export", sha256, size, None, stored_as, "ndjson", "gzip")]
    interval = Interval(datetime(2015, 12, 31, tzinfo=UTC), datetime(2016, 1, 2, tzinfo=UTC) + timedelta(days=days))
    manifest, manifest_sha256 = store.write_manifest(contract.feed, interval.start, interval.end, {}, files)
    pull_id = ledger.record_pull(LandedPull(contract.feed, interval, "bench", "bench", manifest, manifest_sha256, files))
    begun = time.monotonic()
    counts = take_in.clean_validate_load(contract, pull_id, "bench")
    return time.monotonic() - begun, counts["rows_read"]


def _copy(url: str, folder: Path) -> float:
    """Seconds of psql \\copy of the accepted rows from CSV into a heap without any index."""
    from hearth.contracts.entities import ENTITIES
    from hearth.lake import catalogue
    from hearth.lake.engine import engine, show
    from hearth.lake.files import Lake
    from hearth.warehouse.raw_tables import column_definitions

    entity, rows = ENTITIES["room_reading"], folder / "rows.csv"
    with psycopg.connect(url, autocommit=True) as connection, engine() as database:
        show(database, entity, catalogue.current(connection, entity.name), Lake())
        database.execute(f"copy (select * from {entity.name}) to '{rows}' (format csv, header false)")
        columns = ", ".join(f"{name} {kind}" for name, kind in column_definitions(entity))
        connection.execute(f"create table public.copied ({columns})")
        connection.execute("checkpoint")
    psql = find_programs(server_account()).path("psql")
    begun = time.monotonic()
    subprocess.run([psql, url, "-qc", f"\\copy public.copied from '{rows}' csv"], check=True)
    return time.monotonic() - begun


def _measure_dagbag(folder: Path) -> dict[str, Any]:
    """Seconds to fill the DagBag once Airflow itself is imported; the ratio is goal / seconds."""
    code = (
        "import os, time, airflow.sdk\nfrom airflow.dag_processing.dagbag import DagBag\n"
        "begun = time.monotonic(); bag = DagBag(os.environ['AIRFLOW__CORE__DAGS_FOLDER'])\n"
        "assert not bag.import_errors, bag.import_errors\nprint('SECONDS', time.monotonic() - begun)"
    )
    variables = {
        "AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }  # fmt: skip
    out = subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    seconds = float(out.stdout.split("SECONDS")[1])
    return _line("filling the DagBag: goal seconds / seconds", DAGBAG_GOAL_SECONDS / seconds, 1.0, f"{seconds:.2f} s of 2")


if __name__ == "__main__":
    main()
