"""A vendor's SFTP server with a few files, and a warehouse that knows the vendor by one contract more."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from city.serve import Keys, start_sftp
from local.instance import REPOSITORY, Instance
from local.postgres import HOST, Server
from tests.support.servers import QUICK
from tests.support.vendor import AUTUMN, CONTRACT, SPRING, autumn_night, deliver, spring_night
from tests.support.world import Warehouse, World


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
    made.server = Server(home / "pg", settings={**QUICK, "max_connections": "50"}).start()
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
