"""One small city, loaded, published and sealed, for all tests of evidence; what a test changes it takes back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import Warehouse, World, feeds_in_order


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A city of a thousand households, two seasons."""
    city = World.start(tmp_path_factory.mktemp("city"), scale=0.004, seed=11)
    yield city
    city.stop()


@pytest.fixture(scope="session")
def _sealed(world: World) -> Warehouse:
    from hearth.proof.seal import seal

    made = world.open("evidence")
    with made.active():
        for feed in feeds_in_order():
            made.load(feed)
        assert made.build() is not None
        assert seal("test") is not None
    return made


@pytest.fixture
def warehouse(_sealed: Warehouse) -> Iterator[Warehouse]:
    """The published and sealed warehouse; the environment points at it. Change nothing that stays."""
    with _sealed.active():
        yield _sealed


@pytest.fixture
def copy(world: World, _sealed: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of the warehouse and of its landing files, for tests whose changes stay."""
    url = world.instance.server.create_database("evidence_copy", template="evidence")
    variables = {name: value.replace("/evidence", "/evidence_copy") for name, value in _sealed.variables.items() if "_URL_" in name}
    landing = tmp_path / "landing"
    shutil.copytree(_sealed.variables["HEARTH_LANDING"], landing)
    administrator = world.instance.server.administrator_url("evidence_copy")
    made = Warehouse(url, {**_sealed.variables, **variables, "HEARTH_LANDING": str(landing)}, administrator)
    with made.active():
        yield made
    world.instance.server.drop_database("evidence_copy")
