"""Hour by hour through Airflow's own scheduler, which is killed on the way: three intervals, each pulled for itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import psycopg
import pytest

from local import airflow, sources, stack
from local.airflow_api import Client, Run, wait_for
from local.history import BUILD_DAG, Driver, Feed
from local.instance import REPOSITORY, Instance

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(900)]
DAG = "feed_weather"
FIRST = datetime(2016, 12, 1, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
HOURS = 3


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An Airflow that knows the weather alone, every hour of the season, for three hours."""
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    contract = (REPOSITORY / "feeds" / "weather.yml").read_text(encoding="utf-8")
    daily = 'schedule: {season: "0 0 * * *"'
    assert daily in contract
    (feeds / "weather.yml").write_text(contract.replace(daily, 'schedule: {season: "0 * * * *"'), encoding="utf-8")
    made = Instance(home=tmp_path / "instance", feeds=feeds)
    made.extra.update(
        HEARTH_SCHEDULE_START=f"{FIRST:%Y-%m-%dT%H:%M:%S}",
        HEARTH_SCHEDULE_END=f"{FIRST + timedelta(hours=HOURS):%Y-%m-%dT%H:%M:%S}",
    )
    yield made
    stack.remove(made)


def variables_of(instance: Instance) -> dict[str, str]:
    """As everywhere, but a dead scheduler's tasks are taken over after seconds, not minutes."""
    soon = {"AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15", "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5"}
    return {**stack.variables_of(instance), **soon}


def bring_up(instance: Instance) -> Client:
    instance.prepare()
    instance.server.start()
    instance.server.create_database("warehouse")
    stack.choose_ports(instance)
    variables = variables_of(instance)
    sources.build(instance, scale=0.01, seed=3)
    sources.load_databases(instance)
    sources.run_module(instance, "hearth.cli", ["migrate"], log="warehouse-migrate", variables=variables)
    airflow.prepare(instance, variables)
    stack.ensure(instance, [sources.service(instance), *airflow.services(instance, variables)])
    return airflow.client(instance)


def kill_scheduler(instance: Instance) -> None:
    """The scheduler and its workers at once, as on a machine that loses power."""
    leader = psutil.Process(json.loads((instance.home / "run" / "airflow-scheduler.pid").read_text())["pid"])
    everybody = [leader, *leader.children(recursive=True)]
    for process in everybody:
        process.kill()
    psutil.wait_procs(everybody, timeout=10)


@pytest.mark.fault("F2", "F3")
def test_every_hour_is_pulled_once_although_the_scheduler_dies(instance: Instance) -> None:
    client = bring_up(instance)
    driver = Driver(client, [Feed("weather", "outdoor_reading")])
    driver.wait_for_dags(lambda *_: None)

    def hourly() -> list[Run]:
        return client.runs(DAG, run_type="scheduled")

    client.set_paused(DAG, False)
    wait_for(lambda: any(run.state == "running" for run in hourly()), 120, "the first hourly run", every=0.2)
    kill_scheduler(instance)
    stack.ensure(instance, airflow.services(instance, variables_of(instance)))
    wait_for(lambda: [run.state for run in hourly()].count("success") == HOURS, 400, "three hourly runs")
    assert client.next_interval_start(DAG) is None, "the schedule has ended"
    assert client.dags()[BUILD_DAG]["is_paused"] is True
    client.close()

    with psycopg.connect(instance.warehouse_url("owner")) as connection:
        pulled = connection.execute(
            "select interval_start, interval_end, rows_read, rows_loaded from ledger.batch_current order by 1"
        ).fetchall()
        doubled = connection.execute(
            "select weather_station_id, observed_at, arrived_at from raw.outdoor_reading group by 1, 2, 3 having count(*) > 1"
        ).fetchall()
    edges = [FIRST + timedelta(hours=n) for n in range(HOURS + 1)]
    assert [(start, end) for start, end, *_ in pulled] == list(pairwise(edges))
    assert all(read == loaded > 0 for _, _, read, loaded in pulled), pulled
    assert doubled == []
    assert os.path.isdir(instance.landing)
