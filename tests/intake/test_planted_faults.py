"""Faults of instruments and of the network in a city with enough of both: what is planted is found, and hardly anything else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.scoring import Spell, planted_spells, score
from tests.support.world import Warehouse, World, feeds_in_order

SENSOR_FAULTS = {
    ("point", "silent"): "silent", ("point", "stuck"): "stuck", ("point", "error_coded"): "error_coded",
    ("point", "drift"): "drifting", ("point", "fahrenheit"): "drifting", ("point", "biased"): "biased",
    ("point", "low_battery"): "low_battery", ("system", "silent"): "silent", ("system", "stuck"): "stuck",
    ("system", "sentinel"): "error_coded", ("system", "swapped"): "swapped",
}  # fmt: skip
NETWORK_FAULTS = {("system", "leak"): "leak", ("system", "blocked"): "flow_blocked"}
pytestmark = pytest.mark.servers

_FEEDS = {"remote_points", "fixed_rounds_csv", "fixed_rounds_xlsx", "station_readings", "weather"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Warehouse]]:
    """13,500 households, 35 remote points and 13 heating systems, with the feeds that tell of them."""
    from hearth.transform.dbt import of_build, run_around_reductions, run_dbt
    from hearth.transform.plan import plan_build

    world = World.start(tmp_path_factory.mktemp("faulty_city"), scale=0.05, seed=17)
    with world.warehouse("faulty") as warehouse:
        for feed in (f for f in feeds_in_order() if f.startswith("register_") or f in _FEEDS):
            warehouse.load(feed)
        plan = plan_build("test")
        assert plan is not None
        chosen = ("+sensor_worklist", "+early_warning")
        run_dbt(["seed", "--full-refresh"])
        run_around_reductions(["run", "--full-refresh"], True, build=of_build(plan.build_id), selected=chosen)
        yield world, warehouse
    world.stop()


def test_faults_of_instruments_are_found(faulty: tuple[World, Warehouse]) -> None:
    world, warehouse = faulty
    cards = warehouse.rows(
        "select subject_kind || ':' || subject_id, finding, first_date, last_date from intermediate.int_sensor_card"
    )
    scores = score([Spell(*card) for card in cards], planted_spells(world, SENSOR_FAULTS))
    assert set(scores) == {f"{subject} {finding}" for (subject, _), finding in SENSOR_FAULTS.items()}
    for kind, (recall, precision, planted, found) in scores.items():
        assert recall >= 0.9 and precision >= 0.8, (kind, recall, precision, planted, found)


def test_faults_of_the_network_are_warned_of(faulty: tuple[World, Warehouse]) -> None:
    world, warehouse = faulty
    warned = warehouse.rows(
        "select 'system:' || system_id, warning, heating_date, heating_date from intermediate.int_network_warning_day"
    )
    scores = score([Spell(*day) for day in warned], planted_spells(world, NETWORK_FAULTS))
    assert set(scores) == {"system leak", "system flow_blocked"}
    for kind, (recall, precision, planted, found) in scores.items():
        assert recall >= 0.9 and precision >= 0.8, (kind, recall, precision, planted, found)


def test_a_leak_that_lasts_stands_first_on_the_last_day(faulty: tuple[World, Warehouse]) -> None:
    world, warehouse = faulty
    lasting = {s.subject for s in planted_spells(world, NETWORK_FAULTS) if s.kind == "leak" and str(s.last) >= "2017-04-06"}
    first = warehouse.rows("select 'system:' || system_id, as_of_date::text from candidate.early_warning where priority = 1")
    assert len(lasting) == 1 and first == [(*lasting, "2017-04-06")]


def test_open_cards_are_those_of_the_last_day(faulty: tuple[World, Warehouse]) -> None:
    world, warehouse = faulty
    shown = {
        row[0]
        for row in warehouse.rows("select subject_kind || ':' || subject_id || ' ' || finding from candidate.sensor_worklist")
    }
    lasting = {f"{s.subject} {s.kind}" for s in planted_spells(world, SENSOR_FAULTS) if str(s.last) >= "2017-04-06"}
    assert lasting and lasting <= shown
    assert warehouse.rows("select distinct as_of_date::text from candidate.sensor_worklist") == [("2017-04-06",)]


def test_dbt_reads_counts_of_rejected_rows_and_never_the_rows(faulty: tuple[World, Warehouse]) -> None:
    world, _ = faulty
    url = world.instance.warehouse_url("transformer").replace("/warehouse", "/faulty")
    with psycopg.connect(url) as transformer:
        assert transformer.execute("select sum(rows) from quarantine.rejected_day").fetchone()[0] > 100
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            transformer.execute("select record from quarantine.row")
