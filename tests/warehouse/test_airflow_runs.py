"""What Airflow itself keeps of runs: no personal value and no secret; and an act in its form needs somebody who is logged in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import sql

from hearth.contracts.loading import REPOSITORY
from hearth.warehouse.acting import NobodyActs, logged_in
from local.postgres import Server
from tests.support.airflow_runs import Airflow
from tests.support.planted import PLANTED, planted_items
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

pytestmark = pytest.mark.servers

TOKEN = "canary-of-the-token"  # pragma: allowlist secret
INTERVAL = (DAY, DAY + timedelta(days=1))
TICKETS = "city_line_12345"


@pytest.fixture(scope="module")
def airflow(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    yield Airflow(postgres, tmp_path_factory.mktemp("airflow"))
    postgres.drop_database("airflow")


@pytest.fixture
def tickets(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """One that gives tickets with personal values. Airflow reads its contract alone, not all of them for every run."""
    (tmp_path / "feeds").mkdir()
    shutil.copy(REPOSITORY / "feeds" / f"{TICKETS}.yml", tmp_path / "feeds")
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path / "feeds"))
    address = {"conn_type": "http", "host": "127.0.0.1", "port": source.server.server_port, "schema": "http", "password": TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_12345", json.dumps(address))
    source.items = planted_items(TICKETS, DAY)
    return source


@pytest.mark.slow
@pytest.mark.fault("F37")
def test_planted_values_and_secrets_reach_no_table_and_no_log_of_airflow(
    installed: Warehouse, tickets: Source, airflow: Airflow
) -> None:
    """Of a run that ends well, one of the form for rejected rows, and one whose source refuses."""
    ended = [airflow.run(f"feed_{TICKETS}", None, interval=INTERVAL)]
    ended.append(airflow.run("quarantine", "engineer", {"feed": TICKETS, "act": "try", "why": "tried in a test"}))
    tickets.status = 401
    ended.append(airflow.run(f"feed_{TICKETS}", None, interval=(INTERVAL[1], INTERVAL[1] + timedelta(days=1))))
    assert [run.state for run in ended] == ["success", "success", "failed"], [run.said[-2000:] for run in ended]
    came = {what: value for what, value in PLANTED.items() if value in json.dumps(tickets.items, ensure_ascii=False)}
    kept = " ".join(value for (value,) in installed.rows("select value from restricted.personal_value"))
    assert len(came) > 8 and [what for what, value in came.items() if value not in kept] == []
    tables = airflow.tables()
    assert "rows_quarantined" in " ".join(tables["xcom"]) and TICKETS in " ".join(tables["rendered_task_instance_fields"])
    places = {**{name: "\n".join(rows) for name, rows in tables.items()}, "log": "".join(run.said for run in ended)}
    secrets = {"token": TOKEN, "key": installed.variables["HEARTH_PSEUDONYM_KEY"]}
    hidden = {**came, **secrets, "password": "for-tests-only"}  # pragma: allowlist secret
    assert [(place, what) for place, text in places.items() for what, value in hidden.items() if value in text] == []


def state_of(warehouse: Warehouse) -> dict[str, tuple]:
    """Every table of the warehouse with a digest of its rows."""
    names = warehouse.rows(
        "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    )
    digest = sql.SQL("select count(*), sum(hash_record_extended(t, 0)) from {} t")
    return {".".join(name): warehouse.rows(digest.format(sql.Identifier(*name)).as_string())[0] for name in names}


@pytest.mark.slow
@pytest.mark.fault("F67")
def test_a_run_that_nobody_started_decides_nothing(installed: Warehouse, tickets: Source, airflow: Airflow) -> None:
    assert installed.load(TICKETS, *INTERVAL)["rows_quarantined"] == 2
    form = {"feed": TICKETS, "act": "waive", "reason": "unknown_code", "why": "waived in a test"}
    before = state_of(installed)
    ended = airflow.run("quarantine", None, form)
    assert ended.state == "failed"
    with pytest.raises(NobodyActs) as refused:
        logged_in(object())
    assert str(refused.value) in ended.said
    assert state_of(installed) == before
    assert airflow.run("quarantine", "chen.gang", form).state == "success"
    assert installed.rows("select distinct who from quarantine.act where why = 'waived in a test'") == [("chen.gang",)]
