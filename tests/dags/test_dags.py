"""The DAGs as Airflow sees them: by name and number, serialisable, fast to read, each with an owner and an alert."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.airflow_runs import settings

REPOSITORY = Path(__file__).resolve().parents[2]
FEEDS = {path.stem for path in (REPOSITORY / "feeds").glob("*.yml")}
"""A contract and nothing else makes a DAG."""
OTHERS = {
    "build_marts",
    "merge_readings",
    "morning_brief",
    "pull_missing",
    "quarantine",
    "reconcile",
    "replay_quarantine",
    "season_readiness",
    "summer_works",
    "write_reports",
}
DOC_SAYS = ("*For whom*:", "*When*:", "*Run again*:", "*When red*:")


def in_airflow(code: str, home: Path, **variables: str) -> str:
    """Run code in a process of its own with an empty Airflow home and our plugins; returns what it printed."""
    environment = {**os.environ, **settings(home, f"sqlite:///{home}/none.db"), **variables}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DagBag read once in a fresh process: ids, errors, seconds, and every DAG through serialisation and back."""
    import json

    code = """
        import json, os, time
        import airflow.sdk, airflow.models.dagbag
        from airflow.dag_processing.dagbag import DagBag
        from airflow.serialization.serialized_objects import DagSerialization
        begun = time.monotonic()
        bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        seconds = time.monotonic() - begun
        back = {i: DagSerialization.from_dict(DagSerialization.to_dict(d)) for i, d in bag.dags.items()}
        print("FACTS" + json.dumps({
            "errors": {k: str(v) for k, v in bag.import_errors.items()}, "seconds": seconds,
            "dags": {i: {
                "tasks": sorted(d.task_ids), "owners": sorted({t.owner for t in d.tasks}), "doc": d.doc_md or "",
                "alert": all(t.on_failure_callback for t in d.tasks),
                "timetable": back[i].timetable.summary, "max_active_runs": d.max_active_runs,
            } for i, d in bag.dags.items()}}))
    """
    out = in_airflow(code, tmp_path_factory.mktemp("airflow"))
    return json.loads(out.split("FACTS", 1)[1])


def test_every_dag_by_name(facts: dict) -> None:
    assert facts["errors"] == {}
    assert set(facts["dags"]) == {f"feed_{feed}" for feed in FEEDS} | OTHERS
    assert len(facts["dags"]) == len(FEEDS) + len(OTHERS)


def test_feed_dags_have_two_tasks_and_the_season_timetable(facts: dict) -> None:
    for feed in FEEDS:
        dag = facts["dags"][f"feed_{feed}"]
        assert dag["tasks"] == ["clean_validate_load", "pull_and_land"]
        assert "in season" in dag["timetable"], f"{feed}: {dag['timetable']}"
        assert dag["max_active_runs"] == 1


def test_every_dag_has_documentation_owner_and_alert(facts: dict) -> None:
    for name, dag in facts["dags"].items():
        assert len(dag["doc"].strip().split("\n\n")[0]) > 30, f"{name} does not say what it is"
        missing = [part for part in DOC_SAYS if part not in dag["doc"]]
        assert not missing, f"{name} does not say {missing}"
        assert "docs/" in dag["doc"] or "message" in dag["doc"] or "stays" in dag["doc"], f"{name}: red, and then?"
        assert dag["alert"], f"{name}: a task without failure callback"
        assert "airflow" not in dag["owners"], f"{name}: a task without owner"


def test_dags_are_read_without_database_network_or_heavy_import(tmp_path: Path) -> None:
    code = """
        import os, sys, socket
        import airflow.sdk, airflow.models.dagbag
        from airflow.dag_processing.dagbag import DagBag
        def refuse(*a, **k): raise AssertionError("network while a DAG file is read")
        socket.socket.connect = refuse
        bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        assert not bag.import_errors, bag.import_errors
        heavy = [m for m in ("great_expectations", "adbc_driver_postgresql", "psycopg", "dbt", "pyarrow") if m in sys.modules]
        print("HEAVY", heavy)
    """
    assert "HEAVY []" in in_airflow(code, tmp_path)


def test_a_broken_contract_leaves_the_other_feeds_alone(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    good = (REPOSITORY / "feeds" / "weather.yml").read_text(encoding="utf-8")
    (feeds / "weather.yml").write_text(good, encoding="utf-8")
    (feeds / "bad.yml").write_text(good.replace("feed: weather", "feed: bad").replace("degC", "degX"), encoding="utf-8")
    code = """
        import os, airflow.sdk
        from airflow.dag_processing.dagbag import DagBag
        bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        assert not bag.import_errors, bag.import_errors
        print(sorted(i for i in bag.dags if i.startswith("feed_")), bag.dags["feed_bad"].task_ids)
        print(bag.dags["feed_bad"].doc_md)
    """
    out = in_airflow(code, tmp_path, HEARTH_FEEDS=str(feeds))
    assert "['feed_bad', 'feed_weather'] ['read_contract']" in out
    assert "bad.yml:" in out and "degX" in out


def test_the_dag_catalogue_says_what_the_dags_say(tmp_path: Path) -> None:
    """Make it again with `hearth catalogue` after a change of a DAG or a contract."""
    code = """
        import os, sys
        from pathlib import Path
        from hearth.reports.dag_catalogue import read_dags, render
        sys.stdout.write("PAGE" + render(read_dags(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]))))
    """
    written = (REPOSITORY / "docs" / "dag-catalogue.md").read_text(encoding="utf-8")
    assert in_airflow(code, tmp_path).split("PAGE", 1)[1] == written


def test_every_task_leads_to_a_paragraph_of_the_runbook(facts: dict) -> None:
    """In both languages; and no paragraph is kept for a task that is gone."""
    from hearth.reports.alerts import RUNBOOK
    from hearth.reports.documents import slug

    tasks = {task for dag in facts["dags"].values() for task in dag["tasks"]} | {"read_contract"}
    assert set(RUNBOOK) == tasks
    english = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
    chinese = (REPOSITORY / "docs" / "runbook.zh-CN.md").read_text(encoding="utf-8")
    headings = {slug(line.removeprefix("## ")) for line in english.splitlines() if line.startswith("## ")}
    anchors = re.findall(r'^<a id="([^"]+)"></a>$', chinese, re.MULTILINE)
    assert set(RUNBOOK.values()) <= headings
    assert set(anchors) == headings and len(anchors) == len(set(anchors)), "the twin has the same paragraphs"


def test_the_menu_has_an_entry_for_every_page_with_an_address(tmp_path: Path) -> None:
    code = """
        import json, sys
        from airflow import plugins_manager
        plugins, errors = plugins_manager._get_plugins()
        assert not errors, errors
        plugin = next(p for p in plugins if p.name == "hearth")
        heavy = [m for m in ("reportlab", "apprise", "psycopg", "great_expectations", "jinja2.ext") if m in sys.modules]
        print("VIEWS" + json.dumps([plugin.external_views, heavy]))
    """
    import json

    def views(**variables: str) -> list[dict[str, str]]:
        clean = {"HEARTH_PAGES_URL": "", "HEARTH_DASHBOARDS_URL": "", **variables}
        found, heavy = json.loads(in_airflow(code, tmp_path, **clean).split("VIEWS", 1)[1])
        assert "reportlab" not in heavy and "apprise" not in heavy and "psycopg" not in heavy and "great_expectations" not in heavy
        return found

    assert views() == [], "an entry that leads nowhere is none"
    found = {view["href"]: view for view in views(HEARTH_PAGES_URL="https://pages.example/")}
    assert len(found) == 9 and all(view["category"] == "Hearth" and view["destination"] == "nav" for view in found.values())
    assert found["https://pages.example/brief/index.html"]["name"] == "Morning brief 供热晨报"
    assert len({view.get("url_route", view["name"]) for view in found.values()}) == 9
    both = views(HEARTH_PAGES_URL="https://pages.example", HEARTH_DASHBOARDS_URL="https://boards.example/")
    assert {view["href"] for view in both} - found.keys() == {"https://boards.example/"}
