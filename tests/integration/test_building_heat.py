"""Heat of metered buildings, from the readings of their meters to the mart: equal to what the city knows."""

from __future__ import annotations

from tests.support.comparing import differences, truth_rows
from tests.support.world import Warehouse, World

VALUES = (
    "community_id", "station_id", "branch_id", "told_by", "meters", "told_share", "area_m2", "heat_gj", "heat_gj_m2", "heat_w_m2",
    "supply_degc", "return_degc", "temperatures_by", "new_beginnings", "steps_not_counted", "heat_rank", "return_rank",
)  # fmt: skip


def test_heat_of_buildings_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    truth = truth_rows(world, "building_heat")
    assert {row["temperatures_by"] for row in truth} == {"counter", "flow"}
    assert sum(int(row["steps_not_counted"]) for row in truth) >= 2 and sum(int(row["new_beginnings"]) for row in truth) >= 1
    missing, extra, wrong = differences(world, published, "building_heat", ("season", "building_id"), VALUES)
    assert (missing[:3], extra[:3], wrong[:3]) == ([], [], [])
