"""The real files behind real servers, loaded and built once; skipped where HEARTH_REAL_DATA does not name them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import real_figures, real_sources
from local.instance import Instance
from local.postgres import Server
from local.real import FEEDS, INTERVALS, SEEDS, as_json
from local.stack import ensure
from tests.support.servers import QUICK
from tests.support.world import Warehouse, World


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get("HEARTH_REAL_DATA")
    if not folder:
        pytest.skip("HEARTH_REAL_DATA names no folder: the real files may not be kept in the repository")
    return Path(folder)


@pytest.fixture(scope="session")
def instance(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Servers of the real files and a PostgreSQL, without Airflow."""
    home = tmp_path_factory.mktemp("real")
    made = Instance(home=home, feeds=FEEDS, seeds=SEEDS)
    made.prepare()
    made.server = Server(home / "pg", settings={**QUICK, "max_connections": "100"}).start()
    for port in ("city_http", "city_sftp"):
        made.choose_port(port)
    made.extra.update(real_sources.connections(made))
    real_sources.arrange(data, made.city)
    ensure(made, [real_sources.service(made)])
    yield made
    made.supervisor.stop()
    made.server.remove()


@pytest.fixture(scope="session")
def published(instance: Instance) -> tuple[Warehouse, dict[str, Any]]:
    """Every feed pulled, landed, cleaned, validated and loaded over its one interval, then the marts, published.

    The environment names this place only while that happens.
    """
    with World(instance).warehouse("real") as warehouse:
        for feed, (start, end) in INTERVALS.items():
            warehouse.load(feed, start, end)
        assert warehouse.build(tested=True) is not None
        reader, transformer = (os.environ[f"HEARTH_WAREHOUSE_URL_{role}"] for role in ("READER", "TRANSFORMER"))
        return warehouse, as_json(real_figures.read(reader, transformer, Path(os.environ["HEARTH_LANDING"])))


@pytest.fixture(scope="session")
def loaded(published: tuple[Warehouse, dict[str, Any]]) -> Warehouse:
    return published[0]


@pytest.fixture(scope="session")
def figures(published: tuple[Warehouse, dict[str, Any]]) -> dict[str, Any]:
    """What `make real` prints and writes."""
    return published[1]
