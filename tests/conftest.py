"""One PostgreSQL for the whole test session, and a fresh database for whoever asks."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

REPOSITORY = Path(__file__).resolve().parents[1]
for folder in (REPOSITORY, REPOSITORY / "plugins"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

pytest_plugins = [
    "tests.support.fault_record",
    "tests.support.mariadb",
    "tests.support.mosquitto",
    "tests.support.object_store",
    "tests.support.small_city",
]

from local.instance import PREFERRED_PORTS  # needs the path above
from local.postgres import Server
from tests.support.servers import QUICK

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
for service in PREFERRED_PORTS:  # two processes that look for a free port at once must not find the same one
    PREFERRED_PORTS[service] += 100 * (1 + int(WORKER.removeprefix("gw")))


for sink in ("DBT_LOG_LEVEL", "DBT_LOG_LEVEL_FILE"):
    os.environ.setdefault(sink, "none")  # a fifth of dbt's time; what fails is in the error it ends with

LONGEST_FIRST = ("evidence", "intake", "integration", "dbt", "warehouse", "dashboards", "house")
"""Folders that take minutes: begun last, they would keep one process waiting for the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def begins(item: pytest.Item) -> int:
        folder = folder_of(item.nodeid)
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=begins)


OF_THE_SMALL_CITY = ("evidence", "intake", "integration")


class ByFolder(LoadScopeScheduling):
    """A folder of tests stays in one process, and so do those of the small city: cities and warehouses are made once."""

    def _split_scope(self, nodeid: str) -> str:
        folder = folder_of(nodeid)
        return OF_THE_SMALL_CITY[0] if folder in OF_THE_SMALL_CITY else folder


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)


def folder_of(nodeid: str) -> str:
    """`integration` of `tests/intake/test_city.py::test_...`."""
    return nodeid.split("/")[1]


@pytest.fixture(scope="module", autouse=True)
def _environment_left_as_found() -> Iterator[None]:
    """A module whose variables stay behind decides what those after it see."""
    before = {name: value for name, value in os.environ.items() if name.startswith("HEARTH_")}
    yield
    assert {name: value for name, value in os.environ.items() if name.startswith("HEARTH_")} == before


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium without a window. Where there is none the tests fail in CI and are skipped elsewhere."""
    if CHROMIUM is None:
        cannot("no chromium (Debian: apt-get install chromium fonts-noto-cjk)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def cannot_run() -> Callable[[str], None]:
    """Ends a test for whose part this machine lacks something."""
    return cannot


def cannot(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL with an empty data folder, gone after the session."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    server = Server(folder / "pg", settings={**QUICK, "deadlock_timeout": "200ms"})
    try:
        yield server.start()
    finally:
        server.remove()
        folder.rmdir()


class DatabaseFactory:
    """Makes databases: `database()` an empty one, `database(template="migrated")` a copy of a prepared one."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._templates: set[str] = set()
        self._made: list[str] = []

    def __call__(self, template: str | None = None) -> str:
        """Owner's URL of a new database; `template` names one made by `prepare`."""
        name = f"test_{next(self._numbers)}"
        self._made.append(name)
        return self.server.create_database(name, template=f"template_{template}" if template else None)

    def prepare(self, template: str, build: Callable[[str], object]) -> None:
        """Once a session: make the template by calling `build(url)`, which has to close its connections."""
        if template in self._templates:
            return
        build(self.server.create_database(f"template_{template}"))
        self._templates.add(template)

    def drop_made(self) -> None:
        while self._made:
            self.server.drop_database(self._made.pop())


@pytest.fixture(scope="session")
def _databases(postgres: Server) -> DatabaseFactory:
    return DatabaseFactory(postgres)


@pytest.fixture
def database(_databases: DatabaseFactory) -> Iterator[DatabaseFactory]:
    """Factory of databases that are dropped after the test; templates stay for the session."""
    yield _databases
    _databases.drop_made()


@pytest.fixture(scope="module")
def module_database(postgres: Server, request: pytest.FixtureRequest) -> Iterator[DatabaseFactory]:
    """The same for a test module whose tests share one costly state; dropped after the module."""
    factory = request.getfixturevalue("_databases")
    before = list(factory._made)
    yield factory
    mine = [name for name in factory._made if name not in before]
    for name in mine:
        postgres.drop_database(name)
        factory._made.remove(name)
