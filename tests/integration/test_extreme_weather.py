"""Days below the design temperature, from readings, tickets and forecasts to the mart: equal to what the city knows."""

from __future__ import annotations

from tests.support.comparing import differences, truth_rows
from tests.support.world import Warehouse, World

KEY = ("heating_date",)
VALUES = (
    "season", "spell_day", "outdoor_degc", "below_degc", "percent", "percent_before", "cases", "cases_per_day_before",
    "recovery_days", "supply_off_curve_degc", "forecast_error_1_degc", "forecast_error_2_degc", "forecast_error_3_degc",
)  # fmt: skip


def test_extreme_weather_equals_the_citys_truth(world: World, published: Warehouse) -> None:
    assert len(truth_rows(world, "extreme_weather")) >= 10
    missing, extra, wrong = differences(world, published, "extreme_weather", KEY, VALUES)
    assert (missing[:3], extra[:3], wrong[:3]) == ([], [], [])
