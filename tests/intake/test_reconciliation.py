"""Rows removed, repeated and altered at every stage, and the reconciliation names the stage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract, load_contracts
from hearth.proof import stages
from hearth.sources.ask import ask_source
from tests.support.world import END, START, Warehouse, World

FEED, ENTITY = "maintenance_orders", "maintenance_order"
INTERVAL = Interval(START, END)


@pytest.fixture(scope="module")
def loaded(world: World) -> Iterator[Warehouse]:
    """Points and stations, a feed of each kind of source, published marts."""
    with world.warehouse("reconciled") as warehouse:
        for feed in ("register_points", "register_stations", FEED, "weather", "fixed_rounds_csv"):
            warehouse.load(feed)
        assert warehouse.build() is not None
        yield warehouse


def look(feed: str | None = FEED, ask: bool = False) -> list[stages.Check]:
    contracts = load_contracts() if ask else {}
    return stages.reconcile("test", stages.standing_pulls(feed), contracts)


def differing(found: list[stages.Check]) -> set[tuple[str, str]]:
    return {(check.subject.split()[0], check.stage) for check in found if check.outcome == "differs"}


def owner(loaded: Warehouse) -> psycopg.Connection:
    """As somebody who gets round every rule of the database."""
    connection = psycopg.connect(loaded.administrator)
    connection.execute("set session_replication_role = replica")
    return connection


def test_what_was_loaded_is_equal_at_every_stage(loaded: Warehouse) -> None:
    found = look(None, ask=True)
    assert differing(found) == set()
    assert {check.stage for check in found} == {"source", "landing", "raw", "quarantine", "staging", "marts"}
    answers = dict(loaded.rows("select feed, (outcome, unit) from ledger.source_answer join ledger.pull using (pull_id)"))
    assert answers[FEED] == ("answered", "records") == answers["weather"]
    assert answers["fixed_rounds_csv"] == ("answered", "files")
    states = loaded.rows("select stage, outcome, number_expected = number_found from ledger.stage_state where feed = %s", FEED)
    assert sorted(states) == sorted((s, "equal", True) for s in ("source", "landing", "read", "raw", "quarantine"))
    sums = loaded.rows("select sums_expected, sums_found from ledger.stage_state where feed = %s and stage = 'source'", FEED)[0]
    assert set(sums[0]) == {"version", "households_without_heat"} and sums[0] == pytest.approx(sums[1])
    stages.refuse_differences(found)


CHANGES = {
    "raw removed": ("delete from raw.{e} where ctid = (select max(ctid) from raw.{e})", {("pull", "raw")}),
    "raw repeated": (
        "insert into raw.{e} select (jsonb_populate_record(r, jsonb_build_object('order_no', r.order_no || '-2'))).*"
        " from raw.{e} r limit 1",
        {("pull", "raw")},
    ),
    "raw altered": (
        "update raw.{e} set work_summary = work_summary || '.' where ctid = (select max(ctid) from raw.{e})",
        {("pull", "raw")},
    ),
    "raw, a row that staging would see": (
        "insert into raw.{e} select (jsonb_populate_record(r, jsonb_build_object('batch_id', 999999, 'source_version', 99))).*"
        " from raw.{e} r limit 1",
        {("entity", "raw")},
    ),
    "quarantine removed": ("delete from quarantine.row where ctid = (select max(ctid) from quarantine.row where feed = '{f}')",
        {("pull", "quarantine")}),
    "quarantine altered": (
        "update quarantine.row set record = record || '{{\"version\": 77}}' where feed = '{f}'",
        {("pull", "quarantine")},
    ),
    "quarantine repeated": (
        "insert into quarantine.row select (jsonb_populate_record(r, jsonb_build_object('sub_position', 77))).*"
        " from quarantine.row r where feed = '{f}' limit 1",
        {("pull", "quarantine")},
    ),
    "marts removed": ("delete from marts.season_kpi where ctid = (select max(ctid) from marts.season_kpi)", {("mart", "marts")}),
    "marts altered": (
        "update marts.season_kpi set denominator = coalesce(denominator, 0) + 1"
        " where ctid = (select max(ctid) from marts.season_kpi)",
        {("mart", "marts")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_database_is_named_by_its_stage(loaded: Warehouse, change: str) -> None:
    """Each change is made for good, looked at, and put back from a copy of the table."""
    statement, expected = CHANGES[change]
    feed, entity = (FEED, ENTITY) if "quarantine" not in change else ("fixed_rounds_csv", "room_reading")
    table = {"raw": f"raw.{entity}", "quarantine": "quarantine.row", "marts": "marts.season_kpi"}[change.split()[0].strip(",")]
    with owner(loaded) as connection:
        connection.execute(f"create table public.kept as select * from {table}")
        changed = connection.execute(statement.format(e=entity, f=feed)).rowcount
        assert changed > 0
    try:
        found = look(feed)
        assert differing(found) == expected
        with pytest.raises(stages.Differs, match="nothing was repaired"):
            stages.refuse_differences(found)
    finally:
        with owner(loaded) as connection:
            connection.execute(f"truncate {table}")
            connection.execute(f"insert into {table} select * from public.kept")
            connection.execute("drop table public.kept")
    assert differing(look(feed)) == set()


@pytest.mark.parametrize("act", ["removed", "repeated", "altered"])
def test_a_landing_file_that_changed_is_named(loaded: Warehouse, act: str) -> None:
    name = loaded.rows(
        "select stored_as from ledger.landing_file where feed = 'fixed_rounds_csv'"
        " group by 1 having count(*) = 1 order by 1 limit 1"
    )[0][0]
    path = Path(os.environ["HEARTH_LANDING"]) / name
    before = path.read_bytes()
    path.unlink()
    if act != "removed":
        lines = before.splitlines(keepends=True)
        lines = [*lines, lines[-1]] if act == "repeated" else [*lines[:-1], lines[-1].replace(b"1", b"2")]
        path.write_bytes(b"".join(lines))
    try:
        found = [check for check in look("fixed_rounds_csv") if check.outcome == "differs"]
        assert [(check.stage, check.expected - check.found) for check in found] == [("landing", 1)]  # type: ignore[operator]
        assert name in str(found[0])
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(before)
        path.chmod(0o400)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from maintenance.work_order_log where ctid = (select min(ctid) from maintenance.work_order_log)",
        "insert into maintenance.work_order_log select * from maintenance.work_order_log limit 1",
        "update maintenance.work_order_log set version = version + 40 where"
        " ctid = (select min(ctid) from maintenance.work_order_log)",
    ],
    ids=["removed", "repeated", "altered"],
)
def test_a_source_that_changed_after_the_pull_is_named(world: World, loaded: Warehouse, statement: str) -> None:
    with psycopg.connect(world.instance.server.url("city_sources")) as source:
        source.execute("create table public.kept as select * from maintenance.work_order_log")
        assert source.execute(statement).rowcount == 1
    try:
        found = look(ask=True)
        assert differing(found) == {("pull", "source")}
    finally:
        with psycopg.connect(world.instance.server.url("city_sources")) as source:
            source.execute("truncate maintenance.work_order_log")
            source.execute("insert into maintenance.work_order_log select * from public.kept")
            source.execute("drop table public.kept")
    assert differing(look(ask=True)) == set()


def test_staging_that_hides_rows_is_named(loaded: Warehouse) -> None:
    with psycopg.connect(loaded.url) as connection:
        definition = connection.execute("select pg_get_viewdef('staging.stg_maintenance_order')").fetchone()[0]
        connection.execute(
            f"create or replace view staging.stg_maintenance_order as select * from ({definition.rstrip(';')}) v limit 5"
        )
    try:
        assert differing(look()) == {("entity", "staging")}
    finally:
        with psycopg.connect(loaded.url) as connection:
            connection.execute(f"create or replace view staging.stg_maintenance_order as {definition}")


def test_a_source_that_cannot_count_does_not_fail_the_pull(loaded: Warehouse) -> None:
    contract = find_contract(FEED)
    for query in ("select 'many' as number", "select -1 as number", "select 1 / 0 as number", "select 'NaN'::float8 as number"):
        broken = contract.model_copy(update={"reconcile": contract.reconcile.model_copy(update={"query": query, "sums": []})})
        answer = ask_source(broken, INTERVAL)
        assert answer.outcome == "not_answered" and answer.message, query
    silent = contract.model_copy(update={"reconcile": None})
    assert ask_source(silent, INTERVAL).outcome == "not_asked"
