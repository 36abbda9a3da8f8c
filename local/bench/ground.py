"""A server and warehouses to measure in, landing files without a source, and loads in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from local.instance import REPOSITORY
from local.postgres import LARGE, Server

CSV_FEED = """\
feed: remote_csv
title: Remote points as CSV
title_zh: 远传测温点（CSV）
entity: room_reading
owner: {team: bench}
source: {kind: sftp, connection: bench, folder: /, pattern: "*.csv"}
schedule: {season: "0 0 * * *", off_season: "0 0 * * *"}
format: {kind: csv, encoding: utf-8}
time_zone: Asia/Shanghai
arrival: {from: sent_at}
columns:
  point_id: point
  read_at: read_at
  temperature_degc: {from: temperature, unit: degC, error_codes: [-1010, -9999, 85.0, 127.9], zero_is_missing: true}
  battery_v: {from: battery, unit: V}
"""
PSEUDONYM_KEY = "x" * 32


@dataclass
class Loaded:
    """What one load took: seconds without its start-up, rows read, MiB at its highest."""

    seconds: float
    rows: int
    peak_mib: int


class Ground:
    """One server; `warehouse(name)` gives a fresh migrated one with landing and lake of its own."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.feeds = folder / "feeds"
        self.feeds.mkdir()
        (self.feeds / "remote_points.yml").write_bytes((REPOSITORY / "feeds" / "remote_points.yml").read_bytes())
        (self.feeds / "remote_csv.yml").write_text(CSV_FEED)

    @classmethod
    @contextmanager
    def made(cls, folder: Path) -> Iterator[Ground]:
        folder.chmod(0o711)
        with Server(folder / "pg", settings=LARGE) as server:
            yield cls(folder, server)
        server.remove()

    def warehouse(self, name: str, points: int) -> None:
        """A fresh one with a register of this many points; the environment names it."""
        from hearth.warehouse.migrate import ROLES, migrate, role_urls

        url = self.server.create_database(name)
        parts, home = urlsplit(url), self.folder / name
        os.environ.update(
            HEARTH_LANDING=str(home / "landing"), HEARTH_LAKE=str(home / "lake"), HEARTH_FEEDS=str(self.feeds),
            HEARTH_PSEUDONYM_KEY=PSEUDONYM_KEY, HEARTH_WAREHOUSE_URL_OWNER=url,
        )  # fmt: skip
        for role in ROLES:
            address = f"postgresql://hearth_{role}:{role}@{parts.hostname}:{parts.port}{parts.path}"
            os.environ[f"HEARTH_WAREHOUSE_URL_{role.upper()}"] = address
        migrate(url, role_urls())
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into raw.measuring_point (feed, batch_id, file_id, position, sub_position, arrived_at, source_version,"
                " point_id, valid_from, point_kind, household_id, room_type, expected_interval_minutes, resolution_degc)"
                " select 'register_points', 0, 0, i, 0, '2015-01-01', 0, 'P' || lpad(i::text, 6, '0'), '2015-01-01', 'remote',"
                " 'H' || i, 'bedroom', 10, 0.1 from generate_series(0, %s - 1) i",
                (points,),
            )

    def drop(self, name: str) -> None:
        self.server.drop_database(name)


def land(feed: str, path: Path, kind: str, compression: str, start: datetime, end: datetime) -> int:
    """A file as a pull of [start, end) that landed it; returns the pull_id."""
    from hearth.contracts.interval import Interval
    from hearth.landing.landing import LandedPull
    from hearth.landing.store import LandingStore, StoredFile
    from hearth.warehouse import ledger

    store = LandingStore()
    with path.open("rb") as stream:
        sha256, stored_as, size = store.store(feed, iter(lambda: stream.read(1 << 20), b""), f".{kind}")
    files = [StoredFile(1, path.name, sha256, size, None, stored_as, kind, compression)]
    manifest, manifest_sha256 = store.write_manifest(feed, start, end, {}, files)
    return ledger.record_pull(LandedPull(feed, Interval(start, end), "bench", "bench", manifest, manifest_sha256, files))


def load(feed: str, pull_id: int) -> Loaded:
    """Clean, validate and load a pull in a process of its own."""
    return Loaded(**run_apart("one_load", feed, str(pull_id)))


def run_apart(module: str, *arguments: str) -> dict[str, Any]:
    """What a module of the bench prints last, run in a process of its own. Raises RuntimeError."""
    return printed_by([sys.executable, "-m", f"local.bench.{module}", *arguments])


def printed_by(command: list[str], **variables: str) -> dict[str, Any]:
    """The facts a command prints last. Raises RuntimeError."""
    answer = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins"), **variables}, cwd=REPOSITORY,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{answer.stdout[-2000:]}{answer.stderr[-3000:]}")
    facts: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return facts
