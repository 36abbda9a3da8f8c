"""A build waits for the feeds that come together, and not for ever."""

from __future__ import annotations

import pytest

from hearth.transform.quiet import wait_for_quiet
from hearth.warehouse.ledger import write_step
from tests.support.world import Warehouse, World


@pytest.fixture(scope="module")
def empty(world: World) -> Warehouse:
    return world.open("quiet")


def test_a_build_waits_until_the_feeds_are_quiet(empty: Warehouse) -> None:
    slept: list[float] = []
    with empty.active():
        assert wait_for_quiet(60, 5, slept.append) == 0  # nothing ever came
        write_step("run", "weather", "pull_and_land", "started")
        assert wait_for_quiet(60, 5, slept.append) == 5  # at most
        assert wait_for_quiet(0, 5, slept.append) == 0
        assert slept == [1.0] * 5
        waited = wait_for_quiet(2, 30)  # really waits, from the last step on
        assert 0 < waited <= 2
        write_step("run", "marts", "transform", "started", role="publisher")
        assert wait_for_quiet(2, 30) == 0  # only feeds count
