"""Where changes have to be approved: a changed contract waits, its feed goes on by the one before; models are approved as one."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hearth import tasks
from hearth.approvals.changes import UnapprovedChange, approve, changed_files, refuse_unapproved
from hearth.approvals.in_force import in_force
from hearth.brief.light import light_of
from hearth.cli import main
from hearth.contracts.loading import REPOSITORY, find_contract
from hearth.transform.plan import definition_files
from tests.integration.world import Warehouse
from tests.warehouse.weather import DAY, Source, hours

FEED = "weather"
WARMER = ("temp, unit: degC", "temp, unit: degF")


@pytest.fixture
def contract(installed: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the feed's contract, to be changed, where approvals are required."""
    folder = tmp_path / "feeds"
    shutil.copytree(REPOSITORY / "feeds", folder)
    monkeypatch.setenv("HEARTH_FEEDS", str(folder))
    monkeypatch.setenv("HEARTH_APPROVALS", "required")
    return folder / f"{FEED}.yml"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(number: int) -> None:
    """One run of the feed's two tasks for a day."""
    start = DAY + timedelta(days=number)
    context = {"data_interval_start": start, "data_interval_end": start + timedelta(days=1), "run_id": f"run {number}"}
    tasks.clean_validate_load(FEED, tasks.pull_and_land(FEED, context), context)


def loaded(warehouse: Warehouse, number: int) -> list[tuple]:
    start = DAY + timedelta(days=number)
    return warehouse.rows(
        "select distinct temperature_degc from raw.outdoor_reading where arrived_at >= %s and arrived_at < %s",
        start,
        start + timedelta(days=1),
    )


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
    approved = CliRunner().invoke(main, ["approve", "feeds/weather.yml", "--why", "a new instrument", "--from", "2015-11-06"])
    assert approved.exit_code == 0, approved.output
    source.items = hours(24, DAY + timedelta(days=2))
    run(2)
    ((degrees,),) = loaded(installed, 2)
    assert degrees == pytest.approx((-3.5 - 32) / 1.8)
    assert in_force(FEED).waiting is None


def test_limits_count_at_once_and_a_new_feed_loads_by_its_first_contract(
    installed: Warehouse, source: Source, contract: Path
) -> None:
    change(contract, *WARMER)
    change(contract, "  pages: {", "  limits: {pages: 7}\n  pages: {")
    used = in_force(FEED).contract
    assert used.columns["temperature_degc"].unit == "degC" and used.source.limits.pages == 7  # type: ignore[union-attr]
    text = contract.read_text(encoding="utf-8").replace("feed: weather", "feed: weather_of_the_airport")
    (contract.parent / "weather_of_the_airport.yml").write_text(text, encoding="utf-8")
    assert in_force("weather_of_the_airport").contract == find_contract("weather_of_the_airport")


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
