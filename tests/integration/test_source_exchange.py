"""Heat lent between the plants, from their readings to the mart: equal to what the city knows."""

from __future__ import annotations

from tests.support.comparing import differences, truth_rows
from tests.support.world import Warehouse, World

KEY = ("heating_date", "lender_plant_id", "borrower_plant_id")
VALUES = (
    "season", "lent_gj", "lending_hours", "supply_return_degc", "lender_output_gj", "borrower_delivered_gj",
    "borrower_planned_outage_hours", "borrower_unplanned_outage_hours", "lent_in_outage_gj", "borrower_households",
)  # fmt: skip


def test_exchange_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    assert len(truth_rows(world, "source_exchange")) > 30
    missing, extra, wrong = differences(world, published, "source_exchange", KEY, VALUES)
    assert (missing[:3], extra[:3], wrong[:3]) == ([], [], [])


def test_an_outage_without_a_plan_would_have_cost_most_of_the_heat(published: Warehouse) -> None:
    worst = published.rows(
        "select max(missing_without_share) from marts.source_exchange where borrower_unplanned_outage_hours >= 6"
    )
    assert worst[0][0] > 0.2
