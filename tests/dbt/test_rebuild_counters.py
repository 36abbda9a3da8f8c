"""Heat counters that begin anew, fall, leap and fall silent, in any order: built in parts they say what a full build says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.company import differing

FIRST = date(2015, 11, 2)
PARCELS = 2
# Half a day, a day and both sides of it, two days: where a step changes the day it lies in, or tells nothing.
GAPS = (20, 60, 420, 719, 721, 1439, 1440, 1441, 2000, 2879, 4400)
KINDS = ("rise", "rise", "rise", "reset", "fall", "leap", "broken")
BROKEN_HALF_DAYS = 13
MODELS = "+heat_balance"
Event = tuple[int, str, int, int]
"""Minutes since the reading before, what the counter does, by how many tenths of a GJ, and the parcel that brings it."""

events = st.tuples(st.sampled_from(GAPS), st.sampled_from(KINDS), st.integers(0, 60), st.integers(0, PARCELS - 1))
series = st.lists(st.lists(events, min_size=8, max_size=14), min_size=10, max_size=10)
# The counter is broken for days on which the system goes on sending; then it stands lower, which comes with a later parcel.
LOWER_AFTER_DAYS: list[list[Event]] = [
    [
        (60, "rise", 50, 0),
        (60, "rise", 50, 0),
        (60, "broken", 0, 0),
        (60, "reset", 3, 1),
        (60, "rise", 20, 1),
        (1440, "fall", 9, 1),
    ],
]


@pytest.fixture(scope="module")
def seeded(company):
    company.dbt("build", "--select", "resource_type:seed", full=True)
    return company


def readings(company, drawn: list[list[Event]]) -> list[list[dict[str, Any]]]:
    """Rows of each parcel. A counter that falls has lied once; one that is reset counts from there."""
    parcels: list[list[dict[str, Any]]] = [[] for _ in range(PARCELS)]
    for number, mine in enumerate(drawn):
        instant, gj = company.at(FIRST), 500.0
        for minutes, kind, tenths, parcel in mine:
            gj = tenths / 10 if kind == "reset" else gj + tenths / 10
            for _ in range(BROKEN_HALF_DAYS if kind == "broken" else 1):
                instant += timedelta(hours=12) if kind == "broken" else timedelta(minutes=minutes)
                parcels[parcel].append({
                    "system_id": f"SYSTEM-{number}", "station_id": f"STATION-{number // 2}", "read_at": instant,
                    "secondary_supply_degc": 45.0 + tenths / 10, "secondary_return_degc": 35.0,
                    "heat_counter_gj": {"fall": gj / 2, "leap": gj + 90_000, "broken": None}.get(kind, gj),
                })  # fmt: skip
    return parcels


@pytest.mark.servers
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(drawn=LOWER_AFTER_DAYS)
@given(drawn=series)
def test_counters_built_in_parts_say_what_a_full_build_says(seeded, drawn):
    company = seeded
    company.empty()
    for number, rows in enumerate(readings(company, drawn)):
        company.load("station_reading", rows, feed=f"station_reading_{number}")
        company.dbt("run", full=number == 0, around=(MODELS,))
    parts = company.marts()
    company.dbt("run", full=True, around=(MODELS,))
    whole = company.marts()
    assert whole["reduced.system_day"]
    assert differing(parts, whole) == {}
