"""A small published city, a real Superset with the dashboards of this repository, a headless Chromium: made once for the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hearth.warehouse.branches import make_logins
from local import superset
from local.stack import ensure
from tests.support.viewing import Site
from tests.support.world import Warehouse, World, feeds_in_order

BRANCHES = ["BRANCH-01", "BRANCH-02"]


@pytest.fixture(scope="module", autouse=True)
def _environment_left_as_found() -> None:
    """Here it names the site for the whole folder."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A city of a thousand households, two seasons."""
    city = World.start(tmp_path_factory.mktemp("city"), scale=0.004, seed=11)
    yield city
    city.stop()


@pytest.fixture(scope="session")
def site(world: World, cannot_run: Callable[[str], None]) -> Iterator[Site]:
    """Superset with the dashboards on the published marts; the environment names both for the whole folder."""
    instance = world.instance
    instance.choose_port("dashboards")
    with ThreadPoolExecutor(max_workers=1) as beside:
        prepared = beside.submit(_prepare, world)
        made = world.open("dashboards")
        with made.active():
            for feed in feeds_in_order():
                made.load(feed)
            assert made.build() is not None
            make_logins(made.url, BRANCHES, instance.secret("branch_key"))
        if not prepared.result():
            cannot_run("no Python 3.11 or 3.12 for Superset")
    ensure(instance, [superset.service(instance)])
    made.variables.update(_variables(world, made))
    with made.active():
        superset.import_dashboards(instance, made.variables)
        yield Site(superset.address(instance), instance, made)


def _prepare(world: World) -> bool:
    if not superset.make_environment(world.instance):
        return False
    superset.prepare(world.instance)
    return True


def _variables(world: World, made: Warehouse) -> dict[str, str]:
    addresses = {"HEARTH_DASHBOARDS_URL": superset.address(world.instance), "HEARTH_PAGES_URL": "http://127.0.0.1:8081"}
    return {**addresses, **superset.login(world.instance)}
