"""A change of a dated row, suite or contract is seen before it is made, and approved by somebody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hearth.cli import main
from local.instance import REPOSITORY
from tests.support.world import PERSON, Warehouse


@pytest.fixture
def seeds(tmp_path: Path, published: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dated rows in force, to be changed."""
    folder = tmp_path / "seeds"
    shutil.copytree(REPOSITORY / "dbt_project" / "seeds" / "changchun", folder)
    monkeypatch.setenv("HEARTH_SEEDS", str(folder))
    return folder


def hearth(*arguments: str) -> str:
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 0, (told.output, told.exception)
    return told.output


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_without_a_change_there_is_nothing_to_try_or_approve(published: Warehouse) -> None:
    assert "nothing has changed" in hearth("impact")
    assert "nothing to approve" in hearth("approve", "--why", "nothing", "--from", "2017-01-01")


def test_another_standard_is_tried_beside_the_marts_and_approved(published: Warehouse, seeds: Path, tmp_path: Path) -> None:
    before = published.rows("select md5(string_agg(t::text, ',' order by t::text)) from marts.season_kpi t")
    change(seeds / "temperature_standard.csv", "changchun,living_room,18,", "changchun,living_room,20,")
    told = hearth("impact", "--out", str(tmp_path / "impact.json"))
    assert "+changchun,living_room,20," in told
    found = json.loads((tmp_path / "impact.json").read_text(encoding="utf-8"))["kpis"]
    assert {row["kpi"] for row in found["changed"]} == {"room_compliance_percent"}
    season = next(r for r in found["headline"] if (r["season"], r["kpi"]) == ("2016-17", "room_compliance_percent"))
    assert season["with_the_change"] < season["published"] - 5
    assert published.rows("select md5(string_agg(t::text, ',' order by t::text)) from marts.season_kpi t") == before
    assert published.rows(
        "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname like 'impact%'"
    ) == [(0,)]

    from hearth.approvals.changes import UnapprovedChange
    from hearth.transform.plan import plan_build

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_APPROVALS", "required")
        with pytest.raises(UnapprovedChange, match=r"seeds/temperature_standard\.csv"):
            plan_build("test")
        assert "NOT APPROVED      seeds/temperature_standard.csv" in hearth("approvals")
        hearth("approve", "--why", "new rule", "--from", "2017-11-01", "--impact", str(tmp_path / "impact.json"))
        assert f"{PERSON}: new rule" in hearth("approvals")
        kept = published.rows(
            "select who, login, acting_for, why, valid_from::text, impact -> 'kpis' is not null from ledger.approval"
        )
        assert kept == [(PERSON, PERSON, None, "new rule", "2017-11-01", True)]
        assert plan_build("test") is not None  # approved: it may be built now
    with psycopg.connect(published.url) as owner, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        owner.execute("update ledger.approval set why = 'something else'")


def test_another_limit_is_tried_on_the_landing_files(published: Warehouse, seeds: Path) -> None:
    change(seeds / "validation_limit.csv", "room_max_degc,room_reading,40,", "room_max_degc,room_reading,24,")
    told = hearth("impact", "--no-kpis")
    assert "mobile_visits: refused as out_of_range:" in told
    assert "household_visits: " in told and "landing files of weather" not in told  # those whose suites name the limit


def test_another_contract_is_tried_on_its_own_feed(published: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(REPOSITORY / "feeds", feeds)
    monkeypatch.setenv("HEARTH_FEEDS", str(feeds))
    change(feeds / "weather.yml", "unit: degC", "unit: degF")
    told = hearth("impact")
    assert "feeds/weather.yml" in told and "building the KPIs" not in told
    assert "weather: refused as" in told
