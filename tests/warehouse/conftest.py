"""A small warehouse with publications: a kept installation, upgraded and built once by today's models; each test has a copy."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearth.warehouse import logins
from local.postgres import Server
from tests.integration.world import PERSON, Warehouse
from tests.kept_installation import VERSIONS, bring_back, upgrade


@pytest.fixture(scope="session")
def _kept(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = bring_back(postgres, VERSIONS[-1], "kept", tmp_path_factory.mktemp("kept"))
    upgrade(made)
    with made.active():
        made.variables["HEARTH_WAREHOUSE_URL_ENGINEER"] = logins.add(PERSON, "engineer")
        assert made.build("after the upgrade") is not None
    yield made
    postgres.drop_database("kept")


@pytest.fixture
def installed(postgres: Server, _kept: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """The environment points at it for the time of the test; its landing files are its own, too."""
    url = postgres.create_database("installed", template="kept")
    variables = {name: value.replace("/kept", "/installed") for name, value in _kept.variables.items() if "_URL_" in name}
    landing = tmp_path / "landing"
    shutil.copytree(_kept.variables["HEARTH_LANDING"], landing)
    made = dataclasses.replace(
        _kept,
        url=url,
        variables={**_kept.variables, **variables, "HEARTH_LANDING": str(landing)},
        administrator=postgres.administrator_url("installed"),
    )
    with made.active():
        yield made
    postgres.drop_database("installed")
