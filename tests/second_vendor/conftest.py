"""A vendor's SFTP server with a few files, and a warehouse that knows the vendor by one contract more."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from city.serve import Keys, start_sftp
from local.instance import REPOSITORY, Instance
from local.postgres import HOST, SMALL, Server
from tests.integration.world import Warehouse, World

CONTRACT = Path(__file__).with_name("vendor_rooms.yml")
HEADER = "Sensor;Flat;House;District;Local time;Temp F;Battery mV;Firmware"
AUTUMN, SPRING = datetime(2014, 11, 3, 6, tzinfo=UTC), datetime(2015, 3, 9, 6, tzinfo=UTC)
"""Delivery of the two files, each the morning after the clocks changed."""


def line(sensor: str, time: str, temperature: str) -> str:
    flat, house, district = {"S1": ("A1", "HOUSE-1", "N"), "S2": ("A2", "HOUSE-2", "S")}[sensor]
    return f"{sensor};{flat};{house};{district};{time};{temperature};3600;1.7"


def autumn_night() -> list[str]:
    """Two sensors, every 30 minutes from 00:30 to 02:30; 01:00 and 01:30 come twice, as the clock showed them."""
    times = ["12:30 AM", "01:00 AM", "01:30 AM", "01:00 AM", "01:30 AM", "02:00 AM", "02:30 AM"]
    return [line(s, f"11/02/2014 {t}", str(64 + n)) for n, t in enumerate(times) for s in ("S1", "S2")]


def spring_night() -> list[str]:
    """02:30 did not exist; an error code stands for a value once; 19 ordinary readings follow."""
    times = [("01:30 AM", "68.0"), ("02:30 AM", "68.2"), ("03:30 AM", "-999")]
    moments = [datetime(2015, 3, 8, 3) + n * timedelta(minutes=30) for n in range(20)]
    times += [(moment.strftime("%I:%M %p"), "64.4") for moment in moments if moment.strftime("%H:%M") != "03:30"]
    return [line("S1", f"03/08/2015 {time}", value) for time, value in times]


def deliver(folder: Path, name: str, lines: list[str], at: datetime) -> None:
    path = folder / name
    path.write_text("\ufeff" + "\r\n".join([HEADER, *lines]) + "\r\n", encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's contracts and one file more."""
    folder = tmp_path_factory.mktemp("vendor") / "feeds"
    shutil.copytree(REPOSITORY / "feeds", folder)
    shutil.copy(CONTRACT, folder)
    return folder


@pytest.fixture(scope="module")
def instance(feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    home = tmp_path_factory.mktemp("instance")
    made = Instance(home=home, feeds=feeds)
    made.prepare()
    made.server = Server(home / "pg", settings={**SMALL, "max_connections": "50"}).start()
    for port in ("city_http", "city_sftp"):
        made.choose_port(port)
    yield made
    made.server.remove()


@pytest.fixture(scope="module")
def vendor(instance: Instance) -> Iterator[Path]:
    """The folder behind /vendor of a running SFTP server."""
    folder = instance.city / "files" / "vendor"
    folder.mkdir(parents=True)
    deliver(folder, "rooms_20141102.csv", autumn_night(), AUTUMN)
    deliver(folder, "rooms_20150308.csv", spring_night(), SPRING)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    keys = Keys("unused", instance.host_key, instance.client_key.with_suffix(".pub"))
    serving = start_sftp(instance.city, HOST, instance.port("city_sftp"), keys)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(20)
    yield folder
    loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def warehouse(instance: Instance, vendor: Path, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """An empty warehouse; the environment names it, the feeds folder and the vendor's server."""
    name = "w_" + str(abs(hash(request.node.name)) % 10**8)
    with World(instance).warehouse(name) as made:
        yield made
