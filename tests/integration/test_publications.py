"""What was published stays known, a changed value is restated with its reason, and landing files alone give it all again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cleaning.errors import UnreadableFile
from hearth.cli import main
from hearth.intake.take_in import BatchHeld
from tests.support.cases import START as DAY
from tests.support.cases import Case
from tests.support.world import Warehouse, World, feeds_in_order


def test_every_published_value_stands_in_the_ledger(published: Warehouse) -> None:
    names = "season, heating_date, unit_kind, unit_id, kpi"
    wrong = published.rows(
        f"select {names}, m.value, r.known_today_value from marts.season_kpi m full join ledger.kpi_reported r using ({names})"
        " where m.value is distinct from r.known_today_value limit 3"
    )
    assert wrong == []
    assert published.rows("select count(*) from ledger.published_value where is_restatement") == [(0,)]
    paths = {p for (p,) in published.rows("select path from ledger.definition join ledger.publication using (definition_hash)")}
    assert {"seeds/heating_season.csv", "expectations/room_reading.json", "dbt_project/models/marts/season_kpi.sql"} <= paths


def test_a_late_feed_restates_what_was_final_and_the_old_value_stays_known(world: World) -> None:
    """Mobile visits come after everything was published: their days change, and are told as restated."""
    with world.warehouse("late_feed") as warehouse:
        for feed in (f for f in feeds_in_order() if f.startswith("register_") or f in ("weather", "fixed_rounds_xlsx")):
            warehouse.load(feed)
        assert warehouse.build() is not None
        first = warehouse.rows("select published_at from ledger.publication")[0][0]
        before = dict(kpi_of_company(warehouse))
        warehouse.load("mobile_visits")
        assert warehouse.build() is not None
        after = dict(kpi_of_company(warehouse))
        assert before != after
        reported = warehouse.rows(
            "select heating_date, reported_value, known_today_value from ledger.kpi_as_of(%s) where unit_kind = 'company'"
            " and kpi = 'room_compliance_percent'",
            first + timedelta(milliseconds=1),
        )
        assert {d: r for d, r, _ in reported if d in before} == before
        assert {d: k for d, _, k in reported if d in after} == after
        reasons = warehouse.rows("select distinct reason from ledger.published_value where is_restatement")
        assert reasons == [("late or corrected deliveries: mobile_visits",)]
        largest = warehouse.rows(
            "select min(abs(value - before_value)) from ledger.published_value where is_restatement and before_value is not null"
            " and value is not null"
        )
        assert largest[0][0] > 0.05  # the dated tolerance: smaller changes are kept, and are no restatement


def kpi_of_company(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows(
        "select heating_date, value from marts.season_kpi where unit_kind = 'company' and kpi = 'room_compliance_percent'"
    )


def test_pulls_that_cannot_be_loaded_do_not_stop_a_restore_and_a_missing_file_does(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted by rule, unreadable, held and good, a day each; then restored from the same landing store."""
    case, landing, acts = Case(world, tmp_path, "restored"), tmp_path / "landing", tmp_path / "acts.jsonl"
    case.write_contract(base="calibrations")
    header, row = "器具编号,器具类型,检定日期,修正值(℃),有效期至,检定单位\n", "{},测温仪,{},0.1,2017-01-01,所\n"

    @contextmanager
    def warehouse_of(name: str) -> Iterator[Warehouse]:
        with world.warehouse(name, landing) as made, monkeypatch.context() as patch:
            patch.setenv("HEARTH_FEEDS", str(tmp_path))
            yield made

    def delivered(day: int, content: str) -> tuple[datetime, datetime]:
        case.deliver(f"{day}.csv", content, minutes=day * 24 * 60)
        return DAY + timedelta(days=day), DAY + timedelta(days=day + 1)

    with warehouse_of("restore_before") as warehouse:
        warehouse.load(case.name, *delivered(0, header + row.format("old", "2016-01-01")))
        told = hearth("retention", "apply", "--now", "2046-01-01T00:00:00+00:00", "--why", "its time is over")
        assert told.exit_code == 0, told.output
        with pytest.raises(UnreadableFile):
            warehouse.load(case.name, *delivered(1, header.replace("修正值", "修正") + row.format("other", "2016-01-01")))
        with pytest.raises(BatchHeld):
            warehouse.load(case.name, *delivered(2, header + 40 * row.format("held", "no date")))
        warehouse.load(case.name, *delivered(3, header + row.format("new", "2016-01-01")))
        assert hearth("acts", "export", str(acts)).output.split()[0] == "1"
        deletions = warehouse.rows("select sha256, rule, why, who, at from ledger.retention_act")
    with warehouse_of("restore_after") as warehouse:
        told = hearth("restore")
        assert (told.exit_code, "is missing, and no act of retention says why" in told.output) == (1, True)
        assert warehouse.rows("select count(*) from ledger.pull") == [(0,)]
        told = hearth("restore", "--acts", str(acts))
        assert told.exit_code == 0, told.output
        assert "2 pulls loaded, 1 of them held; 1 acts put back" in told.output
        assert "2 passed over: 1 were refused, 1 were deleted by rule" in told.output
        assert "'修正值(℃)'" in told.output, "what is wrong with the file is told"
        assert warehouse.rows("select serial_no from raw.calibration") == [("new",)]
        assert warehouse.rows("select sha256, rule, why, who, at from ledger.retention_act") == deletions
        assert hearth("verify").exit_code == 0
    with warehouse_of("restore_stopped") as warehouse:
        changed = landing_file(landing, "new")
        changed.chmod(0o600)
        changed.write_bytes(changed.read_bytes() + b" ")
        stopped = hearth("restore", "--acts", str(acts))
        assert (stopped.exit_code, "was changed" in str(stopped.exception)) == (1, True)
        told = hearth("restore", "--acts", str(acts))
        assert told.exit_code == 1
        assert "4 pulls already, 4 of them by a restore of 4; a restore does not go on where it stopped" in told.output


def landing_file(landing: Path, serial_no: str) -> Path:
    """The landing file that names an instrument."""
    return next(path for path in landing.rglob("*.csv") if serial_no.encode() in path.read_bytes())


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run(warehouse: Warehouse, statement: str, *values: object) -> None:
    import psycopg

    with psycopg.connect(warehouse.url) as owner:
        owner.execute(statement, values)


def test_the_manifest_tells_when_a_pull_was_landed(world: World, published: Warehouse) -> None:
    from hearth.landing.store import LandingStore

    manifest = published.rows("select manifest from ledger.pull order by pull_id limit 1")[0][0]
    with (LandingStore().root / manifest).open("rb") as file:
        assert datetime.fromisoformat(json.load(file)["landed_at"]).tzinfo is not None
