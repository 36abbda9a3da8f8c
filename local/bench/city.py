"""The simulated city with a sensor in every home: its registers and records come from its own servers, readings are made here."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import yaml

from local.bench.ground import CSV_FEED, land, load
from local.bench.made import Readings
from local.instance import REPOSITORY
from local.postgres import LARGE
from tests.support.world import END, START, ZONE, Warehouse, World, feeds_in_order

OURS = ("register_homes", "remote_csv")
"""Feeds that no server of the city has."""


class MeasuredCity:
    """One warehouse of it; the environment names it while the city is there."""

    def __init__(self, home: Path, world: World, warehouse: Warehouse) -> None:
        self.home, self.world, self.warehouse = home, world, warehouse

    @classmethod
    @contextmanager
    def made(cls, home: Path, size: float) -> Iterator[MeasuredCity]:
        world = World.start(home, size, 7, settings=LARGE)
        try:
            warehouse = world.open("city")
            feeds = home / "feeds-measured"
            shutil.copytree(REPOSITORY / "feeds", feeds)
            told = yaml.safe_load((feeds / "register_points.yml").read_text())
            (feeds / "register_homes.yml").write_text(yaml.safe_dump({**told, "feed": "register_homes"}, allow_unicode=True))
            (feeds / "remote_csv.yml").write_text(CSV_FEED)
            warehouse.variables["HEARTH_FEEDS"] = str(feeds)
            with warehouse.active():
                yield cls(home, world, warehouse)
        finally:
            world.stop()

    @property
    def lake(self) -> Path:
        return Path(self.warehouse.variables["HEARTH_LAKE"])

    def tell(self, start: datetime, end: datetime) -> None:
        """All of the city but its readings of [start, end)."""
        from hearth.contracts.loading import find_contract

        for feed in feeds_in_order():
            if not find_contract(feed).entity_definition.in_files and feed not in OURS:
                self.warehouse.load(feed, _at(start), _at(end))

    def measure_homes(self, since: datetime, minutes: int) -> int:
        """A point in every home from that day on; the number of points."""
        with psycopg.connect(self.warehouse.url) as connection:
            homes = [home for (home,) in connection.execute("select distinct household_id from raw.household order by 1")]
        path, kept = self.home / "homes.ndjson.gz", {"room_type": "bedroom", "resolution_degc": 0.1, "valid_to": None}
        with gzip.open(path, "wt", compresslevel=1) as stream:
            for nth, home in enumerate(homes):
                point = {"point_id": f"P{nth:06d}", "valid_from": f"{since:%Y-%m-%d}", "point_kind": "remote", "household_id": home}
                more = {"expected_interval_minutes": minutes, "recorded_at": f"{since:%Y-%m-%d} 00:00:00"}
                stream.write(json.dumps({**point, **kept, **more}) + "\n")
        load("register_homes", land("register_homes", path, "ndjson", "gzip", START, END))
        return len(homes)

    def land(self, readings: Readings, start: datetime, end: datetime) -> int:
        """Packets of remote points as a pull of this time; returns the pull_id."""
        path = readings.write_packets(self.home / "packets.ndjson.gz")
        return land("remote_points", path, "ndjson", "gzip", _at(start), _at(end))

    def land_late(self, readings: Readings, start: datetime, end: datetime) -> int:
        """Readings as lines of CSV that came in this time, much later than they were made."""
        return land("remote_csv", readings.write_csv(self.home / "late.csv"), "csv", "none", _at(start), _at(end))


def _at(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
