"""Tickets of one winter day, two exports of a pipe register, and the dirt: counted independently, exactly."""

from __future__ import annotations

from typing import Any

import pytest

from local.instance import Instance
from local.real import INTERVALS
from tests.support.world import Warehouse, World

BOROUGHS = {"BRONX": 433, "BROOKLYN": 348, "MANHATTAN": 280, "QUEENS": 134, "STATEN ISLAND": 6}
ROWS_READ = {"rooms": 3569, "outdoor": 1978, "tickets_311": 2386, "pipe_register": 15865 + 15903, "pipe_breaks": 2766}


def by_borough(figures: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["borough"]: row for row in figures["tickets"] if not row["is_total"]}


def total(figures: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in figures["tickets"] if row["is_total"])


def test_heating_tickets_by_borough(figures: dict[str, Any]) -> None:
    assert {name: row["tickets"] for name, row in by_borough(figures).items()} == BOROUGHS
    assert total(figures)["tickets"] == sum(BOROUGHS.values()) == 1201


def test_cases_stand_apart_from_tickets_and_addresses(figures: dict[str, Any]) -> None:
    """No ticket names a household, so each is a case of its own; an address is a building and joins nothing."""
    assert {name: row["cases"] for name, row in by_borough(figures).items()} == BOROUGHS
    assert total(figures)["cases"] == 1201
    assert total(figures)["addresses"] == 871
    assert total(figures)["open_tickets"] == 10


def test_a_rate_where_a_household_number_is_given_and_null_where_not(figures: dict[str, Any]) -> None:
    rates = {name: row["per_10000_households"] for name, row in by_borough(figures).items()}
    assert rates.pop("STATEN ISLAND") is None
    given = {"BRONX": 518_000, "BROOKLYN": 1_008_000, "MANHATTAN": 854_000, "QUEENS": 842_000}
    assert rates == pytest.approx({name: 1e4 * BOROUGHS[name] / homes for name, homes in given.items()}, abs=1e-9)
    assert total(figures)["per_10000_households"] == pytest.approx(1e4 * 1201 / 3_400_093, abs=1e-9)


def test_two_exports_of_the_register(figures: dict[str, Any]) -> None:
    exports = [(export["segments"], round(export["km"], 4)) for export in figures["pipes"]["exports"]]
    assert exports == [(15865, 927.9527), (15903, 928.9408)]
    (change,) = figures["pipes"]["changes"]
    assert (change["added"], round(change["added_km"], 4)) == (59, 2.4954)
    assert (change["gone"], round(change["gone_km"], 4)) == (21, 0.8815)
    assert (change["changed"], round(change["changed_km"], 4)) == (60, -0.6257)


def test_the_newest_export_by_material(figures: dict[str, Any]) -> None:
    materials = {name: round(km, 4) for name, km in figures["pipes"]["materials_km"].items()}
    assert {name: materials[name] for name in ("PVC", "DI", "CI")} == {"PVC": 365.5656, "DI": 321.0568, "CI": 163.7144}


def test_nothing_renewed_and_no_percent_without_a_plan(figures: dict[str, Any], loaded: Warehouse) -> None:
    assert figures["pipes"]["renewal"] == {"renewed_km": None, "percent": None}
    values = loaded.rows("select distinct value from marts.season_kpi where kpi = 'renewal_progress_percent'")
    assert values in ([], [(None,)])


def test_the_dirt_is_found_and_told(figures: dict[str, Any]) -> None:
    dirt = figures["dirt"]
    assert dirt["impossible_outdoor_days"] == 43
    assert dirt["tickets_closed_before_created"] == 1
    assert dirt["heating_tickets_stamped_midnight"] == 1201
    assert dirt["tickets_stamped_midnight"] == 1466
    assert dirt["keys_that_change"] == {"GlobalID": 15844, "OBJECTID": 7}


def test_every_row_is_loaded_or_waits_with_its_reason(loaded: Warehouse) -> None:
    counts = loaded.rows(
        "select feed, rows_read, rows_loaded + rows_quarantined + rows_duplicate from ledger.batch_current order by 1"
    )
    assert {feed: read for feed, read, _ in counts} == ROWS_READ
    assert all(read == settled for _, read, settled in counts)
    reasons = loaded.rows("select feed, first_reason, count(*)::int from quarantine.row_open group by 1, 2 order by 1")
    assert reasons == [("outdoor", "out_of_range", 43), ("tickets_311", "closed_before_created", 1)]


def test_addresses_stay_out_of_what_the_reader_may_see(loaded: Warehouse) -> None:
    """They stand in the restricted schema and nowhere else, not even in the quarantined record."""
    assert loaded.rows("select count(*) from restricted.personal_value where kind = 'caller_address'") > [(871,)]
    (record,) = loaded.rows("select record from quarantine.row_open where feed = 'tickets_311'")
    assert "AVENUE" not in str(record)


def test_loading_again_changes_nothing(loaded: Warehouse, instance: Instance) -> None:
    query = "select count(*), sum(length_m), count(distinct arrived_at) from raw.pipe_segment"
    before = loaded.rows(query)
    with World(instance).warehouse("real") as warehouse:
        warehouse.load("pipe_register", *INTERVALS["pipe_register"], run_id="again")
    assert loaded.rows(query) == before
