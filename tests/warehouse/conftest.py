"""A small warehouse with publications: a kept installation, upgraded and built once by today's models; each test has a copy."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.warehouse import logins
from local.postgres import Server
from tests.support.kept_installation import VERSIONS, bring_back, upgrade
from tests.support.weather import Source
from tests.support.world import PERSON, Warehouse


@pytest.fixture(scope="session")
def _kept(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = bring_back(postgres, VERSIONS[-1], "kept", tmp_path_factory.mktemp("kept"))
    upgrade(made)
    with made.active():
        made.variables["HEARTH_WAREHOUSE_URL_ENGINEER"] = logins.add(PERSON, "engineer")
        # Its contract says what no file means: without a load by it, nothing is known of calls after the last one of that line.
        ((pull_id,),) = made.rows("select max(pull_id) from ledger.pull where feed = 'city_line_12319'")
        take_in.clean_validate_load(find_contract("city_line_12319"), pull_id, "after the upgrade")
        assert made.build("after the upgrade") is not None
    yield made
    postgres.drop_database("kept")


@pytest.fixture
def installed(
    postgres: Server, _kept: Warehouse, tmp_path_factory: pytest.TempPathFactory, bucket: str | None
) -> Iterator[Warehouse]:
    """The environment points at it for the time of the test; its files are its own, too, in a bucket where there is one."""
    made = _kept.copied(postgres, "installed", tmp_path_factory.getbasetemp(), bucket)
    with made.active():
        yield made
    made.discard(postgres)


@pytest.fixture
def source(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    made = Source()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": made.server.server_port, "schema": "http"}
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_DISPATCH", json.dumps(connection))
    yield made
    made.server.shutdown()
    made.server.server_close()
