"""What was published stays known, a changed value is restated with its reason, and landing files alone give it all again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from click.testing import CliRunner
from world import END, START, Warehouse, World, feeds_in_order

from hearth.cli import main


def newest_hash(warehouse: Warehouse) -> str:
    return warehouse.rows("select content_hash from ledger.publication order by publication_id desc limit 1")[0][0]


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


def test_landing_files_and_acts_of_people_give_the_same_publication(world: World, published: Warehouse, tmp_path: Path) -> None:
    """Pulled in pieces into its own landing store, with a waiver; then all of it again from the store, into an empty warehouse."""
    landing = tmp_path / "landing"
    middle = START + timedelta(days=400)
    with world.warehouse("first_life", landing) as warehouse:
        for start, end in ((START, middle), (middle, END)):
            for feed in feeds_in_order():
                warehouse.load(feed, start, end)
        warehouse.load("weather", START, END)  # one long interval takes the place of two
        feed, sha256, position, sub = warehouse.rows(
            "select feed, file_sha256, position, sub_position from quarantine.row_open order by 1, 2, 3, 4 limit 1"
        )[0]
        with_act = "insert into quarantine.act (feed, file_sha256, position, sub_position, act, who, why) values"
        run(warehouse, f"{with_act} (%s, %s, %s, %s, 'waived', 'auditor', 'looked at')", feed, sha256, position, sub)
        assert warehouse.build() is not None
        first = newest_hash(warehouse)
        told = CliRunner().invoke(main, ["acts", "export", str(tmp_path / "acts.jsonl")])
        assert (told.exit_code, told.output.split()[0]) == (0, "1")
    assert first == newest_hash(published)  # ids, runs, times and the cut of the intervals leave no trace in it
    with world.warehouse("second_life", landing) as warehouse:
        told = CliRunner().invoke(main, ["restore", "--acts", str(tmp_path / "acts.jsonl")])
        assert told.exit_code == 0, told.output
        pulls = 2 * len(feeds_in_order()) + 1
        assert f"{pulls} pulls loaded, 0 of them held; 1 acts put back" in told.output
        assert warehouse.build() is not None
        assert newest_hash(warehouse) == first
        assert warehouse.rows("select feed, state from quarantine.row_state where state = 'waived'") == [(feed, "waived")]
        again = CliRunner().invoke(main, ["restore"])
        assert (again.exit_code, "restore into an empty one" in again.output) == (1, True)


def run(warehouse: Warehouse, statement: str, *values: object) -> None:
    import psycopg

    with psycopg.connect(warehouse.url) as owner:
        owner.execute(statement, values)


def test_the_manifest_tells_when_a_pull_was_landed(world: World, published: Warehouse) -> None:
    from hearth.landing.store import LandingStore

    manifest = published.rows("select manifest from ledger.pull order by pull_id limit 1")[0][0]
    with (LandingStore().root / manifest).open("rb") as file:
        assert datetime.fromisoformat(json.load(file)["landed_at"]).tzinfo is not None
