"""The small city as it was first published, and sealed, for all tests of evidence; what a test changes it takes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.world import Warehouse, World


@pytest.fixture(scope="session")
def _sealed(world: World, _published: Warehouse) -> Warehouse:
    from hearth.proof.seal import seal

    made = _published.copied(world.instance.server, "evidence", world.instance.home)
    with made.active():
        assert seal("test") is not None
    return made


@pytest.fixture
def warehouse(_sealed: Warehouse) -> Iterator[Warehouse]:
    """The published and sealed warehouse; the environment points at it. Change nothing that stays."""
    with _sealed.active():
        yield _sealed


@pytest.fixture
def copy(world: World, _sealed: Warehouse) -> Iterator[Warehouse]:
    """A copy of the warehouse and of its landing files, for tests whose changes stay."""
    made = _sealed.copied(world.instance.server, "evidence_copy", world.instance.home)
    with made.active():
        yield made
    made.discard(world.instance.server)
