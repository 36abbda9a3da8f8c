"""One small city for whoever has none of their own: real HTTP, SFTP and SQL servers, a real PostgreSQL; made once a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.world import Warehouse, World, feeds_in_order


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A city of 2,700 households, two seasons."""
    city = World.start(tmp_path_factory.mktemp("city"), scale=0.01, seed=11)
    yield city
    city.stop()


@pytest.fixture(scope="session")
def reference(world: World) -> Warehouse:
    """The whole city loaded in one long interval a feed, in the ordinary order. Look, do not touch."""
    made = world.open("reference")
    with made.active():
        for feed in feeds_in_order():
            made.load(feed)
    return made


@pytest.fixture(scope="session")
def _published(reference: Warehouse) -> Warehouse:
    with reference.active():
        assert reference.build(tested=True) is not None
    return reference


@pytest.fixture
def published(_published: Warehouse) -> Iterator[Warehouse]:
    """The reference warehouse with its publications; the environment points at it for the time of the test."""
    with _published.active():
        yield _published
