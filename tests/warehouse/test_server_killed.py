"""Every process of the database is killed while dbt builds and while a publication is under way: the marts stand as they were."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest

from hearth.transform import candidate, publish
from hearth.transform.publication_record import OF_RUNS
from local.postgres import SMALL, Server
from tests.support.disturbed import ended
from tests.support.kept_installation import VERSIONS, bring_back, upgrade
from tests.support.publishing import DBT_AT_WORK, build_at_work, colder_day, marts
from tests.support.world import Warehouse

LAST_MART = "works_progress"
"""Marts are copied by their name: when this one's turn comes, all others are written and nothing is committed."""

LEDGER = "select (select count(*) from ledger.publication), (select count(*) from ledger.build_outcome), " + ", ".join(
    f"(select count(*) from ledger.{table})" for table in ("publication_part", "published_value")
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One of its own, so that killing it harms nobody else."""
    tmp_path.chmod(0o711)
    made = Server(tmp_path / "pg", settings={**SMALL, "deadlock_timeout": "200ms"}).start()
    yield made
    made.remove()


@pytest.fixture
def warehouse(server: Server, tmp_path: Path) -> Iterator[Warehouse]:
    """Published once, with a day that changed since; the environment points at it."""
    made = bring_back(server, VERSIONS[-1], "own", tmp_path / "kept")
    upgrade(made)
    with made.active():
        assert made.build("undisturbed") is not None
        colder_day(made)
        yield made


def of_data(warehouse: Warehouse) -> dict[str, tuple]:
    """The published marts but those that speak of runs and times."""
    return {name: digest for name, digest in marts(warehouse).items() if name not in OF_RUNS}


def content_hash(warehouse: Warehouse) -> str:
    return str(warehouse.rows("select content_hash from ledger.publication order by publication_id desc limit 1")[0][0])


@pytest.fixture
def undisturbed(server: Server, warehouse: Warehouse) -> tuple[dict[str, tuple], str]:
    """What a build of the same day publishes when nothing happens, in a copy of the warehouse."""
    url = server.create_database("copy", template="own")
    variables = {name: value.replace("/own", "/copy") if "_URL_" in name else value for name, value in warehouse.variables.items()}
    copy = dataclasses.replace(warehouse, url=url, variables=variables)
    with copy.active():
        assert copy.build("undisturbed") is not None
    return of_data(copy), content_hash(copy)


def killed_with_the_server(server: Server, building: BaseProcess) -> None:
    server.kill()
    assert ended(building) == 1, "the task ends with an error"
    server.start()


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.fault("F4")
def test_the_database_is_killed_while_dbt_builds_and_then_while_the_marts_are_exchanged(
    server: Server, warehouse: Warehouse, undisturbed: tuple[dict[str, tuple], str]
) -> None:
    """After each the published marts are the old ones, and the ledger holds no word of what did not happen."""
    before, ledger = of_data(warehouse), warehouse.rows(LEDGER)
    killed_with_the_server(server, build_at_work(warehouse, *DBT_AT_WORK))
    assert (of_data(warehouse), warehouse.rows(LEDGER)) == (before, ledger)
    ((build, state),) = warehouse.rows("select build_id, state from ledger.candidate order by candidate_id desc limit 1")
    assert state == "begun"
    with pytest.raises(candidate.NotItsCandidate, match="did not end"):
        publish.gate_and_publish(build, "again")

    assert max(before) == LAST_MART
    lock = psycopg.connect(warehouse.url)
    lock.execute(f"lock table marts.{LAST_MART} in exclusive mode")
    copying = build_at_work(warehouse, "wait_event_type = 'Lock' and query like %s", f'delete from "marts"."{LAST_MART}"%')
    ((publication, passed, *of_publication),) = warehouse.rows(LEDGER)
    killed_with_the_server(server, copying)
    lock.close()
    assert of_data(warehouse) == before
    assert warehouse.rows(LEDGER) == [(publication, passed, *of_publication)]
    assert (publication, of_publication) == (ledger[0][0], list(ledger[0][2:])), "the gate alone was passed"
    ((next_build,),) = warehouse.rows("select max(build_id) from ledger.build")
    publish.gate_and_publish(next_build, "again")
    assert (of_data(warehouse), content_hash(warehouse)) == undisturbed
    assert undisturbed[0] != before and warehouse.build("again") is None
