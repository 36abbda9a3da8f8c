"""What the city planted is what the pipeline counts, whatever the order and length of the pulls."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from hearth.contracts.loading import find_contract
from tests.support.world import END, START, Warehouse, World


def planted(world: World) -> dict:
    return json.loads((world.instance.city / "planted.json").read_text(encoding="utf-8"))["feeds"]


def test_every_feed_counts_what_was_planted(world: World, reference: Warehouse) -> None:
    for feed, facts in planted(world).items():
        counts = reference.rows(
            "select rows_read, rows_duplicate, rows_read - rows_loaded - rows_quarantined - rows_duplicate"
            " from ledger.batch_current where feed = %s",
            feed,
        )
        assert counts == [(facts["rows_read"], facts["rows_duplicate"], 0)], feed
        reasons = reference.rows("select first_reason, count(*) from quarantine.row_open where feed = %s group by 1", feed)
        assert dict(reasons) == facts["quarantined_by_reason"], feed
        left_out = reference.rows(
            "select column_name || ':' || reason, sum(number)::int from ledger.batch_left_out"
            " join ledger.batch_current using (batch_id) where feed = %s group by 1",
            feed,
        )
        assert dict(left_out) == facts.get("left_out", {}), feed


def test_the_database_refuses_counts_that_do_not_add_up(reference: Warehouse) -> None:
    import psycopg

    with (
        psycopg.connect(reference.url) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="nothing_lost"),
    ):
        connection.execute(
            "insert into ledger.batch select 999999, feed, entity, kind, status, interval_start, interval_end, pull_id, run_id,"
            " contract_hash, suite_hash, rows_read + 1, rows_loaded, rows_quarantined, rows_duplicate from ledger.batch limit 1"
        )
    with (
        psycopg.connect(reference.url) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("update ledger.batch set rows_read = 0")


@pytest.mark.parametrize("feed", ["weather", "hotline_963963", "calibrations"])
@pytest.mark.fault("F14")
def test_intervals_in_any_order_and_twice_give_the_same_rows(world: World, reference: Warehouse, feed: str) -> None:
    """One feed of each way in; all feeds, with builds between, in the second ring."""
    entity = find_contract(feed).entity_definition
    columns = ", ".join(["arrived_at", "source_version", *entity.content_columns])
    rows = f"select {columns} from raw.{entity.name} where feed = '{feed}'"
    first, second = (START + timedelta(days=day) for day in (190, 350))
    with world.warehouse(f"order_{feed}") as warehouse:
        for start, end in ((second, END), (START, first), (first, second), (START, first)):
            warehouse.load(feed, start, end)
        assert Counter(warehouse.rows(rows)) == Counter(reference.rows(rows))
        warehouse.load(feed)
        assert Counter(warehouse.rows(rows)) == Counter(reference.rows(rows))
        assert warehouse.rows("select count(*) from ledger.batch_current") == [(1,)], "the long interval replaces the short ones"


def test_a_partial_overlap_is_refused(world: World) -> None:
    from hearth.warehouse.ledger import PartialOverlap

    with world.warehouse("overlap") as warehouse:
        warehouse.load("weather", START, START + timedelta(days=10))
        with pytest.raises(PartialOverlap, match="contains it"):
            warehouse.load("weather", START + timedelta(days=5), START + timedelta(days=15))
        failed = warehouse.rows("select outcome, message from ledger.step where outcome = 'failed'")
        assert len(failed) == 1 and "cuts through" in failed[0][1]


def test_a_source_that_counts_the_end_of_an_interval_in_loads_each_row_once(world: World, reference: Warehouse) -> None:
    """What arrived just then comes in two pulls: it stands in raw by the one it belongs to, and waits, told, by the other."""
    from hearth.contracts.interval import Interval
    from hearth.intake import take_in

    contract = find_contract("hotline_963963")
    query = contract.source.query.replace("updated_at < cast(:interval_end", "updated_at <= cast(:interval_end")  # type: ignore[union-attr]
    assert query != contract.source.query  # type: ignore[union-attr]
    contract = contract.model_copy(update={"source": contract.source.model_copy(update={"query": query})})
    of_feed = "from raw.service_ticket where feed = 'hotline_963963'"
    ((edge,),) = reference.rows(f"select arrived_at {of_feed} order by arrived_at offset 20 limit 1")
    ((at_edge,),) = reference.rows(f"select count(*) {of_feed} and arrived_at = %s", edge)
    with world.warehouse("edges") as warehouse:
        for interval in (Interval(START, edge), Interval(edge, END)):
            take_in.clean_validate_load(contract, take_in.pull_and_land(contract, interval, "test"), "test")
        tickets = f"select arrived_at, ticket_no, source_version {of_feed} order by 1, 2, 3"
        assert warehouse.rows(tickets) == reference.rows(tickets)
        outside = "select count(*) from quarantine.row_open where first_reason = 'arrived_outside_interval' and arrived_at = %s"
        assert warehouse.rows(outside, edge) == [(at_edge,)]


def in_order(warehouse: Warehouse) -> list[tuple]:
    rows = warehouse.accepted("room_reading", "fixed_rounds_csv")
    return sorted((row["point_id"], row["read_at"], row["arrived_at"], row["temperature_degc"]) for row in rows)


def test_rows_of_a_point_the_register_learns_later_are_replayed(world: World, reference: Warehouse) -> None:
    """Readings first, register second: after the replay raw is the same as in the ordinary order."""
    from hearth.quarantine.replay import points_now_known, replay

    with world.warehouse("late_register") as warehouse:
        contract = find_contract("fixed_rounds_csv")
        with pytest.raises(RuntimeError, match="held"):
            warehouse.load("fixed_rounds_csv")
        assert warehouse.accepted("room_reading") == []
        warehouse.load("register_points")
        assert points_now_known(contract) > 0
        replay(contract, "test", "the register is here", "unknown_point")
        assert points_now_known(contract) == 0, "tried; the register has learned nothing since"
        mine = in_order(warehouse)
        assert mine == in_order(reference)
        before = warehouse.rows("select count(*) from ledger.batch")
        replay(contract, "test", "again", "unknown_point")
        assert warehouse.rows("select count(*) from ledger.batch") == before, "a replay that accepts nothing changes nothing"
        assert mine == in_order(warehouse)


@pytest.mark.fault("F37")
def test_personal_values_stand_only_in_the_restricted_schema(world: World, reference: Warehouse) -> None:
    """Telephone numbers of the city start with a prefix of their own: search every table for it, digits of fractions apart."""
    prefix = json.loads((world.instance.city / "city.json").read_text())["personal_phone_prefix"]
    tables = reference.rows(
        "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    )
    holders = set()
    for schema, table in tables:
        found = reference.rows(f'select count(*) from {schema}."{table}" t where t::text ~ %s', f"(^|[^0-9.]){prefix}[0-9]+")
        if found[0][0]:
            holders.add(f"{schema}.{table}")
    assert holders == {"restricted.personal_value"}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("loader", "update raw.station set feed = 'x'"),
        ("loader", "create table raw.mine (x int)"),
        ("transformer", "select * from restricted.personal_value"),
        ("transformer", "insert into raw.station select * from raw.station"),
        ("publisher", "select * from raw.outdoor_reading"),
        ("publisher", "select * from restricted.personal_value"),
        ("reader", "select * from restricted.personal_value"),
        ("reader", "select * from raw.household"),
        ("reader", "delete from ledger.batch"),
    ],
)
@pytest.mark.fault("F40")
def test_each_role_is_refused_what_it_does_not_need(world: World, reference: Warehouse, role: str, statement: str) -> None:
    import psycopg

    url = world.instance.warehouse_url(role).replace("/warehouse", "/reference")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
