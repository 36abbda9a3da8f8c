"""Where changes have to be approved: a changed contract waits, its feed goes on by the one before; models are approved as one."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hearth.approvals.changes import UnapprovedChange, approve, changed_files, refuse_unapproved
from hearth.approvals.in_force import in_force, waiting_contracts
from hearth.brief.light import light_of
from hearth.cli import main
from hearth.contracts.loading import REPOSITORY
from hearth.health import keeping
from hearth.health.problem import Surroundings
from hearth.tasks.feed import clean_validate_load, pull_and_land
from hearth.transform import dbt
from hearth.transform.plan import BuildPlan, definition_files, plan_build
from tests.support.publishing import planned
from tests.support.weather import DAY, Source, hours
from tests.support.world import Warehouse

FEED = "weather"
NEW = "weather_of_the_airport"
WARMER = ("temp, unit: degC", "temp, unit: degF")


@pytest.fixture
def contract(installed: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the feed's contract, to be changed, where approvals are required; what this version changed is approved."""
    folder = tmp_path / "feeds"
    shutil.copytree(REPOSITORY / "feeds", folder)
    monkeypatch.setenv("HEARTH_FEEDS", str(folder))
    monkeypatch.setenv("HEARTH_APPROVALS", "required")
    with psycopg.connect(installed.variables["HEARTH_WAREHOUSE_URL_ENGINEER"]) as engineer:
        changed = waiting_contracts(engineer)
    assert "station_readings" in changed, "what was owed before could not be said before: that it is said is a change"
    approved(*(f"feeds/{feed}.yml" for feed in changed))
    return folder / f"{FEED}.yml"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(number: int, feed: str = FEED) -> None:
    """One run of a feed's two tasks for a day."""
    start = DAY + timedelta(days=number)
    context = {"data_interval_start": start, "data_interval_end": start + timedelta(days=1), "run_id": f"run {number}"}
    clean_validate_load(feed, pull_and_land(feed, context), context)


def loaded(warehouse: Warehouse, number: int) -> list[tuple]:
    start = DAY + timedelta(days=number)
    return warehouse.rows(
        "select distinct temperature_degc from raw.outdoor_reading where arrived_at >= %s and arrived_at < %s",
        start,
        start + timedelta(days=1),
    )


def approved(*paths: str) -> None:
    done = CliRunner().invoke(main, ["approve", *paths, "--why", "it was looked at", "--from", "2015-11-04"])
    assert done.exit_code == 0 and f"{len(paths)} change(s) approved" in done.output, done.output


@pytest.mark.fault("F61")
def test_an_unapproved_contract_is_not_used_and_no_feed_stands_still(installed: Warehouse, source: Source, contract: Path) -> None:
    assert in_force(FEED).waiting is None, "the version's own way of writing contracts is no change"
    source.items = hours(24)
    run(0)
    assert loaded(installed, 0) == [(-3.5,)]
    change(contract, *WARMER)
    source.items = hours(24, DAY + timedelta(days=1))
    run(1)
    assert loaded(installed, 1) == [(-3.5,)], "still read as it was approved"
    with psycopg.connect(installed.url) as connection:
        reasons = light_of(connection, DAY.date(), 95).reasons
    assert "weather 契约改动未批准，仍按原契约 contract changed and not approved, the one before is used" in reasons
    approved("feeds/weather.yml")
    source.items = hours(24, DAY + timedelta(days=2))
    run(2)
    ((degrees,),) = loaded(installed, 2)
    assert degrees == pytest.approx((-3.5 - 32) / 1.8)
    assert in_force(FEED).waiting is None


def test_limits_count_at_once(installed: Warehouse, source: Source, contract: Path) -> None:
    change(contract, *WARMER)
    change(contract, "  pages: {", "  limits: {pages: 7}\n  pages: {")
    used = in_force(FEED).contract
    assert used.columns["temperature_degc"].unit == "degC" and used.source.limits.pages == 7  # type: ignore[union-attr]


def picked(build: BuildPlan, warehouse: Warehouse) -> int:
    """Rows of the new feed that the models of a build read."""
    dbt.run_dbt(["run", "--select", "stg_outdoor_reading"], build=dbt.of_build(build.build_id))
    return int(warehouse.rows("select count(*) from staging.stg_outdoor_reading where feed = %s", NEW)[0][0])


@pytest.mark.fault("F61")
def test_a_new_feed_loads_and_enters_the_marts_with_the_approval_of_its_contract(
    installed: Warehouse, source: Source, contract: Path
) -> None:
    file = contract.parent / f"{NEW}.yml"
    file.write_text(contract.read_text(encoding="utf-8").replace("feed: weather", f"feed: {NEW}"), encoding="utf-8")
    source.items = hours(24)
    run(0, NEW)
    assert loaded(installed, 0) == [(-3.5,)]
    assert plan_build("test") is None, "a feed that waits is nothing to build for"
    without = planned(installed)
    assert (without.batches, without.waiting_feeds) == (1, (NEW,))
    assert picked(without, installed) == 0
    with psycopg.connect(installed.variables["HEARTH_WAREHOUSE_URL_ENGINEER"]) as engineer:
        reasons = light_of(engineer, DAY.date(), 95).reasons
        assert [reason for reason in reasons if reason.startswith(f"{NEW} 新数据源契约未批准")]
        assert [p.where for p in keeping.contracts(Surroundings(engineer, DAY, {}))] == [NEW]
    change(file, *WARMER)
    approved(f"feeds/{NEW}.yml")
    assert planned(installed).waiting_feeds == (NEW,), "its rows came by the draft"
    run(0, NEW)
    ((degrees,),) = loaded(installed, 0)
    assert degrees == pytest.approx((-3.5 - 32) / 1.8)
    with_it = planned(installed)
    assert with_it.waiting_feeds == ()
    assert picked(with_it, installed) == 24
    assert installed.rows("select count(*) from ledger.build_batch join ledger.batch using (batch_id) where feed = %s", NEW) == [
        (2,)
    ]


def test_the_models_of_a_version_are_approved_once_and_as_one(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_APPROVALS", "required")
    files = definition_files()
    newer = {**files, "dbt_project/models/marts/season_kpi.sql": b"select 1", "dbt_project/macros/new.sql": b""}
    with psycopg.connect(installed.variables["HEARTH_WAREHOUSE_URL_ENGINEER"]) as engineer:
        refuse_unapproved(engineer, files)
        (change,) = changed_files(engineer, newer)
        assert (change.path, len(change.difference)) == ("dbt_project/", 3)
        with pytest.raises(UnapprovedChange, match="changed and not approved: dbt_project/"):
            refuse_unapproved(engineer, newer)
        approve(engineer, [change], DAY.date(), "version 0.2.0 was tried")
        refuse_unapproved(engineer, newer)
