"""The demo as a person runs it, on small cities: right to the last count, twice, and stopped to the last process."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg
import pytest

from local.airflow_api import AirflowError, Client, wait_for
from local.instance import REPOSITORY, Instance
from local.stack import remove

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(1200)]
KPIS = {"room_compliance_percent", "complaints_per_10000_households", "renewal_progress_percent"}


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")},
        capture_output=True,
        text=True,
        check=False,
    )


def demo(home: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    target = home.parent / "demo.json"
    target.unlink(missing_ok=True)
    answer = run("local.demo", "--home", str(home), "--json", str(target), *options)
    return answer, json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder the server's account cannot reach when we are root: the hardest case."""
    path = tmp_path / "instance"
    yield path
    remove(Instance(home=path))


def check_facts(facts: dict[str, Any]) -> None:
    """build/demo.json is as documented and agrees with itself."""
    assert set(facts) == {"kpis", "feeds", "seconds", "peak_memory_mib", "pages"}
    company = {(kpi["name"], kpi["season"]): kpi for kpi in facts["kpis"] if kpi["org_unit"] == "company"}
    assert {name for name, _ in company} == KPIS
    assert {season for _, season in company} == {"2015-16", "2016-17"}
    for kpi in facts["kpis"]:
        assert kpi["value"] == pytest.approx(kpi["truth"], rel=1e-9), kpi
    assert len(facts["feeds"]) >= 10
    for feed in facts["feeds"]:
        assert feed["rows_read"] == feed["rows_loaded"] + feed["rows_quarantined"] + feed["rows_duplicate"]
        assert feed["quarantined_by_reason"] == feed["planted_by_reason"]
        assert feed["left_out"] == feed["planted_left_out"]
        assert sum(feed["quarantined_by_reason"].values()) == feed["rows_quarantined"]
        assert 0 not in feed["quarantined_by_reason"].values()
    assert facts["seconds"]["total"] > 0
    assert max(facts["peak_memory_mib"].values()) < 2048


def check_the_front_door(client: Client, facts: dict[str, Any]) -> None:
    """Airflow's menu leads to pages that are there."""
    pages = next(page["url"] for page in facts["pages"] if page["name"] == "All pages").removesuffix("/index.html")
    plugin = next(plugin for plugin in client._all("/api/v2/plugins", "plugins") if plugin["name"] == "hearth")
    views = {view["name"]: view for view in plugin["external_views"]}
    assert {"Morning brief 供热晨报", "Quarantine 隔离区", "Data quality 数据质量", "dbt docs 数据模型文档"} <= views.keys()
    for name, view in views.items():
        assert view["category"] == "Hearth", name
        if name.startswith("Dashboards"):  # another server
            continue
        assert view["href"].startswith(pages), name
        if not re.search(r"summer-works|season-readiness", view["href"]):  # written in their months
            with urllib.request.urlopen(view["href"], timeout=30) as opened:
                assert opened.status == 200, view


def check_the_logins(address: str, logins: dict[str, str]) -> None:
    """Everybody may look; who only looks starts nothing, so no act can be theirs."""
    assert logins.keys() == {"admin", "viewer", "branch-01", "engineer", "auditor"}
    for login, password in logins.items():
        client = Client(address, login, password)
        assert "build_marts" in client.dags(), login
        if login in ("viewer", "branch-01", "auditor"):
            with pytest.raises(AirflowError, match="403"):
                client.trigger("quarantine", f"by-{login}", conf={"feed": "weather", "why": "not mine to do"})
        client.close()


def check_nothing_is_missing(client: Client) -> None:
    """The DAG that asks for missing intervals finds none in a whole city, and ends green."""
    client.set_paused("pull_missing", False)
    client.trigger("pull_missing", "nothing-missing")
    wait_for(lambda: not client.run("pull_missing", "nothing-missing").is_active, 180, "pull_missing")  # type: ignore[union-attr]
    assert client.failures("pull_missing", "nothing-missing") == []
    assert client.run("pull_missing", "nothing-missing").state == "success"  # type: ignore[union-attr]


def check_the_dashboards(facts: dict[str, Any], instance: Instance) -> None:
    """The address and the logins that are printed work, and the six dashboards are there."""
    page = next(page for page in facts["pages"] if page["name"] == "Dashboards")
    password = dict(login.split(" / ") for login in page["login"].split(", "))["director"]
    body = {"username": "director", "password": password, "provider": "db", "refresh": True}
    token = httpx.post(f"{page['url']}/api/v1/security/login", json=body, timeout=60).json()["access_token"]
    found = httpx.get(f"{page['url']}/api/v1/dashboard/", headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
    assert found["count"] == 6
    assert instance.supervisor.is_running("superset")


def check_the_brief(client: Client) -> None:
    """Written after each publication; without a connection it is not sent, and no run is red for that."""
    runs = client.runs("morning_brief")
    assert runs
    assert [client.failures(run.dag_id, run.run_id) or run for run in runs if run.state != "success"] == []
    tasks = client._all(f"/api/v2/dags/morning_brief/dagRuns/{quote(runs[-1].run_id, safe='')}/taskInstances", "task_instances")
    assert {task["task_id"]: task["state"] for task in tasks} == {
        "write_brief": "success", "send_by_mail": "skipped", "send_by_chat": "skipped",
    }  # fmt: skip


def check_the_kpis_stand_without_dashboards(home: Path) -> None:
    """A Superset that lets nobody in: what is missing is said and the exit code tells it, the KPIs are printed all the same."""
    instance = Instance(home=home)
    instance._state["secrets"]["superset_admin"] = "not the password"  # pragma: allowlist secret
    instance.save()
    answer, facts = demo(home, "--scale", "0.01", "--seed", "3")
    assert answer.returncode == 1
    check_facts(facts)
    assert "Every KPI equals the city's truth" in answer.stdout
    assert re.search(r"There are no dashboards: ServiceFailed\n.*could not be brought in", answer.stdout, re.DOTALL), answer.stdout[
        -3000:
    ]
    assert "Dashboards" not in [page["name"] for page in facts["pages"]]


def check_the_quarantine_form(client: Client, instance: Instance) -> None:
    """The form runs inside Airflow: a trial changes nothing, a waiver without a reason is refused, one with a reason counts."""
    form = {"feed": "remote_points", "why": "tried in a test"}
    client.set_paused("quarantine", False)

    def result_of(run_id: str, **more: str) -> str:
        client.trigger("quarantine", run_id, conf={**form, **more})
        wait_for(lambda: not client.run("quarantine", run_id).is_active, 120, f"run {run_id}")  # type: ignore[union-attr]
        return client.run("quarantine", run_id).state  # type: ignore[union-attr]

    assert result_of("form-try", act="try") == "success"
    assert result_of("form-waive-all", act="waive") == "failed"
    assert "name the rows" in str(client.failures("quarantine", "form-waive-all"))
    assert result_of("form-waive", act="waive", reason="missing_value") == "success"
    with psycopg.connect(instance.warehouse_url("reader")) as connection:
        waived = connection.execute("select count(*), max(who), max(why) from quarantine.act where act = 'waived'").fetchone()
        ((open_rows,),) = connection.execute(
            "select count(*) from quarantine.row_open where feed = 'remote_points' and 'missing_value' = any(reasons)"
        ).fetchall()
    assert waived is not None and waived[0] > 0 and waived[1:] == ("engineer", "tried in a test")
    assert open_rows == 0


def test_a_small_city_twice_and_every_process_ends(home: Path) -> None:
    answer, facts = demo(home, "--scale", "0.01", "--seed", "3")
    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-3000:]
    check_facts(facts)
    for page in facts["pages"]:
        with urllib.request.urlopen(page["url"], timeout=30) as opened:
            assert opened.status == 200, page
    address = facts["pages"][0]["url"]
    logins = dict(login.split(" / ") for login in facts["pages"][0]["login"].split(", "))
    client = Client(address, "admin", logins["admin"])
    check_the_front_door(client, facts)
    check_the_logins(address, logins)
    check_nothing_is_missing(client)
    check_the_dashboards(facts, Instance(home=home))
    check_the_brief(client)
    before = {run.run_id for run in client.runs() if run.dag_id.startswith("feed_")}
    assert any(run_id.startswith("scheduled__") for run_id in before), "the last days are the scheduler's own"

    again, facts = demo(home, "--scale", "0.01", "--seed", "3")
    assert again.returncode == 0, again.stdout[-6000:] + again.stderr[-3000:]
    check_facts(facts)
    assert {run.run_id for run in client.runs() if run.dag_id.startswith("feed_")} == before
    check_the_kpis_stand_without_dashboards(home)
    engineer = Client(address, "engineer", logins["engineer"])
    check_the_quarantine_form(engineer, Instance(home=home))  # last: what is waived is no longer what was planted
    engineer.close()
    client.close()

    instance = Instance(home=home)
    everybody = [p for group in instance.supervisor.processes().values() for p in group]
    everybody += instance.server.processes()
    assert len(everybody) > 8
    scheduler = json.loads((home / "run" / "airflow-scheduler.pid").read_text())["pid"]
    psutil.Process(scheduler).kill()  # the hard way for one of them: its children stay behind
    assert run("local.stack", "stop", "--home", str(home)).returncode == 0
    assert [p for p in everybody if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert run("local.stack", "stop", "--home", str(home)).returncode == 0, "stopping what is stopped is no mistake"
