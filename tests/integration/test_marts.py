"""From raw to published marts: equal to the city's truth, whatever the order; a red gate publishes nothing."""

from __future__ import annotations

import csv
import os
import signal
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from unittest import mock

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.support.agreed_marts import MARTS, OF_HEATING
from tests.support.comparing import differences
from tests.support.disturbed import ended, start_build
from tests.support.world import END, START, ZONE, Warehouse, World, feeds_in_order, short_build


def number(text: str) -> float | None:
    return float(text) if text else None


def assert_equal_to_truth(world: World, warehouse: Warehouse) -> None:
    """Every KPI of every unit and day: counts exactly, values to 1e-9; and nothing published that the city does not know."""
    with (world.instance.city / "truth" / "season_kpi.csv").open(encoding="utf-8") as file:
        truth = {
            (r["season"], r["heating_date"], r["unit_kind"], r["unit_id"], r["kpi"]): [
                number(r[n]) for n in ("value", "numerator", "denominator")
            ]
            for r in csv.DictReader(file)
        }
    found = {
        (season, str(day), kind, unit, kpi): [None if x is None else float(x) for x in figures]
        for season, day, kind, unit, kpi, *figures in warehouse.rows(
            "select season, heating_date, unit_kind, unit_id, kpi, value, numerator, denominator from marts.season_kpi"
            " where unit_kind <> 'community'"
        )
    }
    truth = {key: figures for key, figures in truth.items() if key[2] != "community"}
    assert len(truth) > 3000
    missing = [key for key, figures in truth.items() if key not in found and figures[0] is not None]
    extra = [key for key, figures in found.items() if key not in truth and figures[0] is not None]
    assert (missing[:3], extra[:3]) == ([], [])
    for key in truth.keys() & found.keys():
        for mine, theirs in zip(found[key], truth[key], strict=True):
            assert (mine is None) == (theirs is None), (key, found[key], truth[key])
            assert mine is None or abs(mine - theirs) <= 1e-9 * max(1.0, abs(theirs)), (key, found[key], truth[key])


def test_kpis_equal_the_citys_truth(world: World, published: Warehouse) -> None:
    assert_equal_to_truth(world, published)


def test_intervals_to_date_equal_the_citys_truth(world: World, published: Warehouse) -> None:
    key = ("season", "heating_date", "period", "unit_kind", "unit_id", "point_kind")
    values = ("judged_household_days", "complying_household_days", "interval_low_percent", "interval_high_percent")
    lacking, extra, wrong = differences(world, published, "room_compliance", key, values, "period = 'to_date'", within=1e-5)
    assert {row[2] for row in lacking} == {"day"} and {row[3] for row in extra} <= {"community"}
    assert wrong[:3] == []
    ((known, none),) = published.rows(
        "select count(interval_low_percent), count(*) - count(interval_low_percent) from marts.room_compliance"
        " where period = 'to_date'"
    )
    assert known > 100 and none > 100, "both with enough homes and with too few"


def test_the_weighted_estimate_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    """By instruments alone; homes in whose stratum only visits were made are said apart."""
    key = ("season", "heating_date", "period", "unit_kind", "unit_id")
    values = ("weighted_percent", "weighted_fallback_share", "weighted_visits_only_share")
    among = "point_kind = 'all' and weighted_percent is not null"
    found = differences(world, published, "room_compliance", key, values, among, within=1e-9, truth_of="weighted_rooms")
    assert [part[:3] for part in found] == [[], [], []]
    ((visited, nothing),) = published.rows(
        "select count(*) filter (where weighted_visits_only_share > 0), count(*) filter (where weighted_fallback_share = 1)"
        " from marts.room_compliance where point_kind = 'all'"
    )
    assert visited > 100 and nothing > 0


# One line is asked from a month after the first season's beginning only, left out for three days, and ends before the others.
ASKED = {"city_line_12345": (("2015-11-20", "2016-12-10"), ("2016-12-13", "2017-03-20"))}
UNASKED = (("2015-05-01", "2015-11-20"), ("2016-12-10", "2016-12-13"), ("2017-03-20", "2017-04-07"))


@pytest.mark.servers
def test_kpis_of_another_city_equal_its_truth_where_a_line_is_not_known_on_every_day(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Another seed and another scale. The warehouse is left at once: the environment names one at a time."""
    unasked = [f"--unasked=city_line_12345:{start}..{end}" for start, end in UNASKED]
    world = World.start(tmp_path_factory.mktemp("other_city"), 0.015, 23, *unasked)
    try:
        with world.warehouse("other_city") as warehouse:
            for feed in feeds_in_order():
                for start, end in ASKED.get(feed, ((START.isoformat(), END.isoformat()),)):
                    warehouse.load(feed, *(datetime.fromisoformat(day).replace(tzinfo=ZONE) for day in (start, end)))
            assert warehouse.build(tested=True) is not None
            assert_equal_to_truth(world, warehouse)
            key = ("season", "heating_date", "unit_kind", "unit_id")
            figures = ("cases", "enterprise_cases", "served_households", "per_10000_households", "days_known", "compared_days")
            compared = ("compared_per_10000_households", "previous_cases", "previous_per_10000_households")
            among = "period = 'to_date' and line = 'all' and category = 'all'"
            lacking, extra, wrong = differences(world, warehouse, "complaint_rate", key, (*figures, *compared), among, 1e-9)
            assert wrong[:5] == [] and lacking == [] and {row[2] for row in extra} <= {"community"}
            known = "select season, max(days_known) from marts.complaint_rate where line = 'all' group by season order by season"
            assert warehouse.rows(known) == [("2015-16", 170 - 31), ("2016-17", 169 - 3 - 18)]
            verdicts = (
                "select distinct verdict from marts.season_kpi where kpi = 'complaints_per_10000_households' and season_day > 165"
            )
            assert warehouse.rows(verdicts) == [("partly_known",)]
    finally:
        world.stop()


def test_a_build_without_news_does_nothing(published: Warehouse) -> None:
    from hearth.transform.plan import plan_build

    before = published.rows("select count(*) from ledger.build")
    assert plan_build("test") is None
    assert published.rows("select count(*) from ledger.build") == before


def contents(warehouse: Warehouse) -> dict[str, list[tuple]]:
    tables = {r[0] for r in warehouse.rows("select tablename from pg_tables where schemaname = 'marts'")}
    assert tables == MARTS
    return {name: warehouse.rows(f"select t.*::text from marts.{name} t order by 1") for name in OF_HEATING}


def test_a_red_gate_leaves_the_published_marts_and_heals(world: World, published: Warehouse) -> None:
    """Candidates that contradict themselves are not published; readers keep the last publication."""
    from hearth.tasks.build import transform
    from hearth.transform import dbt, publish
    from hearth.transform.plan import plan_build

    published.load("weather")
    plan = plan_build("test")
    assert plan is not None
    with mock.patch.dict(os.environ, HEARTH_READINGS_ENGINE="yarn"), pytest.raises(AirflowFailException, match=r"yarn.* expected"):
        transform(asdict(plan), {"run_id": "test"})
    with short_build():
        dbt.build(plan.build_id, plan.full_refresh)
    before = contents(published)
    with psycopg.connect(published.url) as owner:
        owner.execute(
            "update candidate.room_compliance set judged_household_days = judged_household_days + 1"
            " where unit_kind = 'company' and period = 'day' and point_kind = 'all' and heating_date = '2017-01-15'"
        )
    with pytest.raises(publish.GateRed, match=r"stations add up.*1 of"):
        publish.check_candidates(plan.build_id, "test")
    assert contents(published) == before
    outcome = published.rows("select stage, outcome from ledger.build_outcome where build_id = %s", plan.build_id)
    assert outcome == [("dbt", "failed"), ("gate", "failed")]
    assert published.rows("select count(*) from ledger.publication where build_id = %s", plan.build_id) == [(0,)]
    with psycopg.connect(published.url) as owner:
        owner.execute(
            "update candidate.room_compliance set judged_household_days = judged_household_days - 1"
            " where unit_kind = 'company' and period = 'day' and point_kind = 'all' and heating_date = '2017-01-15'"
        )
    assert published.build() is not None, "the next build takes up what was not published"
    assert contents(published) == before


@pytest.mark.servers
@pytest.mark.fault("F1", "F13")
def test_builds_killed_in_dbt_and_in_publishing_change_nothing_and_the_next_one_is_whole(published: Warehouse) -> None:
    before = contents(published)
    published.load("weather")
    in_dbt = start_build()
    running = "select count(*) from pg_stat_activity where state = 'active' and query like '%\"model.hearth.int\\_%'"
    deadline = time.monotonic() + 120
    while not published.rows(running)[0][0]:
        assert in_dbt.is_alive() and time.monotonic() < deadline, "dbt was never seen at work"
        time.sleep(0.02)
    in_dbt.kill()
    assert ended(in_dbt) == -signal.SIGKILL
    assert contents(published) == before
    assert ended(start_build(dies_in_publish=True)) == -signal.SIGKILL
    assert contents(published) == before
    assert published.build() is not None, "the next build takes up what two others left"
    assert contents(published) == before
    assert published.build() is None


def test_readers_read_marts_and_nothing_personal(world: World, published: Warehouse) -> None:
    url = world.instance.warehouse_url("reader").replace("/warehouse", "/reference")
    with psycopg.connect(url) as reader:
        assert reader.execute("select count(*) from marts.season_kpi").fetchone()[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select * from candidate.season_kpi")


def test_data_docs_and_dbt_docs_are_written(published: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hearth.reports.dbt_docs import build_dbt_docs
    from hearth.reports.quality import build_quality_report

    monkeypatch.setenv("HEARTH_PAGES", str(tmp_path))
    index = build_quality_report()
    assert "remote_points" in index.read_text(encoding="utf-8")
    assert len(list(index.parent.glob("validations/**/*.html"))) >= 20
    assert "season_kpi" in build_dbt_docs().read_text(encoding="utf-8")
