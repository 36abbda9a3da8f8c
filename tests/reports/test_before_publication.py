"""An installation on its first morning: feeds may have loaded, nothing is published. The clock starts the reports all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from click.testing import CliRunner

from hearth.cli import main
from hearth.tasks import brief, reconcile, reports
from hearth.warehouse.migrate import ROLES, migrate
from local.postgres import Server

PASSWORD = "for-tests-only"  # pragma: allowlist secret
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def warehouse(postgres: Server, module_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A migrated warehouse without marts."""
    url = module_database()
    urls = {role: postgres.url(url.rsplit("/", 1)[1], f"hearth_{role}", PASSWORD) for role in ROLES}
    migrate(url, urls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_LANDING", str(tmp_path_factory.mktemp("landing")))
        patch.setenv("HEARTH_LAKE", str(tmp_path_factory.mktemp("lake")))
        for role, address in urls.items():
            patch.setenv(f"HEARTH_WAREHOUSE_URL_{role.upper()}", address)
        yield


@pytest.fixture
def context() -> dict[str, Any]:
    run = SimpleNamespace(run_after=MORNING, run_type="scheduled")
    return {"run_id": "scheduled__morning", "dag_run": run, "data_interval_end": MORNING, "params": {}}


@pytest.mark.parametrize(
    "write",
    [
        brief.write_brief,
        lambda context: reports.write_season_page("summer-works", context),
        lambda context: reports.write_season_page("season-readiness", context),
        reports.write_reports,
        lambda context: reports.trace_headline(),
    ],
    ids=["brief", "summer-works", "season-readiness", "reports", "trace"],
)
def test_a_page_of_the_marts_is_skipped_and_says_why(warehouse: None, context: dict[str, Any], write: Any) -> None:
    with pytest.raises(AirflowSkipException, match="nothing is published yet; the DAG build_marts does it"):
        write(context)


def test_the_weekly_comparison_finds_nothing_and_is_not_red(warehouse: None, context: dict[str, Any]) -> None:
    assert reconcile.compare_stages(context)["differ"] == 0


@pytest.mark.parametrize(
    "line",
    [
        "brief",
        "trace kpi --season 2016-17 --date 2017-01-15",
        "evidence --season 2016-17 --out {folder}/evidence.zip",
    ],
)
def test_a_command_says_so_without_a_traceback(warehouse: None, tmp_path: Path, line: str) -> None:
    answer = CliRunner().invoke(main, line.format(folder=tmp_path).split())
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: nothing is published yet; the DAG build_marts does it"), answer.output


def test_the_doctor_says_what_is_missing_without_a_traceback(warehouse: None) -> None:
    answer = CliRunner().invoke(main, ["doctor", "--now", MORNING.isoformat()])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), repr(answer.exception)
    assert "stale source" in answer.output and "rows in no mart" not in answer.output
