"""Heat balance from raw readings of rooms and systems to the mart: equal to what the city knows."""

from __future__ import annotations

from tests.support.comparing import differences, truth_rows
from tests.support.world import Warehouse, World

KEY = ("heating_date", "unit_kind", "unit_id")
VALUES = (
    "season", "measured_households", "near_households", "far_households", "p10_degc", "p50_degc", "p90_degc", "near_far_degc",
    "balance_state", "below_standard_households", "overheated_households", "below_standard_share", "overheated_share",
    "below_standard_share_low", "overheated_share_low", "visited_households", "visited_below_standard_households", "variation",
    "secondary_supply_degc", "secondary_return_degc", "supply_off_curve_degc", "energy_gj", "missing_heat_meters",
    "valve_advice",
)  # fmt: skip


def test_heat_balance_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    assert len(truth_rows(world, "heat_balance")) > 3000
    missing, extra, wrong = differences(world, published, "heat_balance", KEY, VALUES)
    assert (missing[:3], extra[:3], wrong[:3]) == ([], [], [])
    whole = "select count(*) from marts.heat_balance where unit_kind = 'station' and missing_heat_meters is"
    assert published.rows(f"{whole} null")[0][0] > published.rows(f"{whole} not null and secondary_supply_degc > 0")[0][0] > 3


def test_a_valve_is_turned_for_several_homes_and_for_no_visit(published: Warehouse) -> None:
    """The city has what used to turn one: a single cold home, a visit to a cold one, and an end of one home."""
    counted = dict(
        published.rows(
            "select coalesce(valve_advice, '-'), array[min(below_standard_households),"
            " count(*) filter (where visited_below_standard_households > 0), count(*) filter (where below_standard_share >= 0.1)]"
            " from marts.heat_balance group by 1"
        )
    )
    assert {"open", "leave", "-"} <= set(counted)
    assert counted["open"][0] >= 2
    assert counted["leave"][2] > 0 and counted["-"][1] > 0
    ends = published.rows(
        "select balance_state, min(least(near_households, far_households)), max(near_far_degc) from marts.heat_balance"
        " where balance_state in ('act', 'watch') group by 1 order by 1"
    )
    assert [(state, fewest) for state, fewest, _ in ends] == [("act", 2), ("watch", 1)]
    assert ends[1][2] > 3
