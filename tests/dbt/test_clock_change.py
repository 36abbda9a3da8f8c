"""Days of 23 and 25 hours: a whole day's readings are complete, and the value is weighted over the hours there were."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

WINTER, SUMMER = date(2015, 10, 25), date(2016, 3, 27)


@pytest.fixture(scope="module")
def days(berlin):
    """A point that sends every hour around both changes, in full, and 20 degC but for the day's last hour."""
    berlin.load("measuring_point", [{
        "point_id": "R00001", "valid_from": date(2015, 5, 1), "point_kind": "remote", "household_id": "H0000001",
        "room_type": "living_room", "expected_interval_minutes": 60, "resolution_degc": 0.1,
    }])  # fmt: skip
    berlin.load("household", [{"household_id": "H0000001", "valid_from": date(2015, 5, 1), "customer_kind": "resident"}])
    readings = []
    for change in (WINTER, SUMMER):
        instant, end = berlin.at(change - timedelta(days=1)), berlin.at(change + timedelta(days=2))
        while instant < end:
            last = (instant + timedelta(hours=1)).astimezone(berlin.zone).hour == 0
            readings.append({"point_id": "R00001", "read_at": instant, "temperature_degc": 20.0 + 2.0 * last})
            instant += timedelta(hours=1)
    berlin.load("room_reading", readings)
    berlin.dbt("build", "--select", "resource_type:seed", full=True)
    berlin.dbt("run", full=True, around=("+int_point_day",))
    return {
        row[0]: row[1:]
        for row in berlin.rows(
            "select heating_date, readings, completeness, held_seconds, value_degc, judged_reason"
            " from intermediate.int_point_day where readings > 0"
        )
    }


@pytest.mark.parametrize(("day", "hours"), [(WINTER, 25), (SUMMER, 23), (WINTER + timedelta(days=1), 24)])
@pytest.mark.fault("F24")
def test_a_day_has_the_hours_it_has(days, day, hours):
    readings, completeness, held, value, reason = days[day]
    assert (readings, held, reason) == (hours, hours * 3600, "judged")
    assert completeness == pytest.approx(1.0)
    assert value == pytest.approx((20.0 * (hours - 1) + 22.0) / hours, abs=1e-12)


def test_season_days_begin_and_end_at_local_midnight(berlin, days):
    lengths = dict(berlin.rows("select heating_date, day_end_at - day_start_at from intermediate.int_season_day"))
    assert lengths[WINTER] == timedelta(hours=25)
    assert lengths[SUMMER] == timedelta(hours=23)
    assert set(lengths.values()) == {timedelta(hours=h) for h in (23, 24, 25)}
