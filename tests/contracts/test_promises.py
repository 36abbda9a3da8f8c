"""What contracts promise a day is what the city of full size sends."""

from __future__ import annotations

from datetime import date, timedelta

from city.calendar import SPAN
from city.size import size_of
from city.telemetry.feed import DENSE_DAYS
from hearth.contracts.loading import find_contract


def test_heating_systems_owe_what_they_send_hourly_and_then_every_five_minutes() -> None:
    expected = find_contract("station_readings").expected
    systems = size_of(1.0).systems
    assert expected.rows_per_day == systems * 24 * 12
    assert [(p.until, p.rows_per_day) for p in expected.rows_per_day_before] == [
        (SPAN.end - timedelta(days=DENSE_DAYS + 1), systems * 24)
    ]
    assert expected.rows_per_day_before[0].until == date(2017, 3, 23)


def test_a_contract_that_never_changed_its_rhythm_means_what_it_meant() -> None:
    assert "rows_per_day_before" not in find_contract("weather").content_text
