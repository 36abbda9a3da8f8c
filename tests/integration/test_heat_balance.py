"""Heat balance from raw readings of rooms and systems to the mart: equal to what the city knows."""

from __future__ import annotations

from comparing import differences, truth_rows
from world import Warehouse, World

KEY = ("heating_date", "unit_kind", "unit_id")
VALUES = (
    "season", "measured_households", "p10_degc", "p50_degc", "p90_degc", "near_far_degc", "below_standard_share",
    "overheated_share", "variation", "secondary_supply_degc", "secondary_return_degc", "supply_off_curve_degc",
    "energy_gj", "missing_heat_meters", "valve_advice",
)  # fmt: skip


def test_heat_balance_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    assert len(truth_rows(world, "heat_balance")) > 3000
    missing, extra, wrong = differences(world, published, "heat_balance", KEY, VALUES)
    assert (missing[:3], extra[:3], wrong[:3]) == ([], [], [])
    whole = "select count(*) from marts.heat_balance where unit_kind = 'station' and missing_heat_meters is"
    assert published.rows(f"{whole} null")[0][0] > published.rows(f"{whole} not null and secondary_supply_degc > 0")[0][0] > 3


def test_every_way_to_turn_a_valve_is_advised_somewhere(published: Warehouse) -> None:
    advised = dict(published.rows("select coalesce(valve_advice, '-'), count(*) from marts.heat_balance group by 1"))
    assert {"open", "leave", "-"} <= set(advised)
