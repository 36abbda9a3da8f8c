"""A day of ten times the volume that a contract expects goes all the way under a limit of memory, and comes whole to the marts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from hearth.contracts.loading import find_contract
from tests.support.disturbed import ended, start_day
from tests.support.publishing import marts, run
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

FEED = "remote_points"
GIBIBYTE = 1 << 30
SECONDS = 86_400
POINTS = 174
"""So many instruments that measure every quarter of an hour are a day as the contract expects it."""

INSTALLED_POINTS = """
insert into raw.measuring_point
select (jsonb_populate_record(p, jsonb_build_object('point_id', added))).*
from raw.measuring_point p, unnest(%s::text[]) added
where p.point_id = (select min(point_id) from raw.measuring_point where point_kind = 'remote')
"""


def packets(points: list[str], readings: int) -> list[dict[str, Any]]:
    """Packets of one reading each, spread over the day; no point measures twice in a second."""
    made = []
    for number in range(readings):
        at = DAY + timedelta(seconds=number * SECONDS // readings)
        made.append(
            {"devId": points[number % len(points)], "recvTime": f"{at:%Y-%m-%d %H:%M:%S}", "packTime": "0" * 14, "interval": 10,
             "temps": [19 + number % 40 / 10], "bat": 3.6, "hist": 0}
        )  # fmt: skip
    return made


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.fault("F12")
def test_a_day_of_ten_times_the_usual_volume(installed: Warehouse, source: Source) -> None:
    points = [f"REMOTE-{number}" for number in range(POINTS)]
    run(installed, INSTALLED_POINTS, points)
    expected = find_contract(FEED).expected
    assert expected is not None and expected.rows_per_day is not None
    source.items = packets(points, 10 * expected.rows_per_day)
    before = marts(installed)
    assert ended(start_day(FEED, DAY, DAY + timedelta(days=1), 2 * GIBIBYTE), 480) == 0
    counts = (
        "select rows_read, rows_loaded, rows_quarantined, rows_duplicate from ledger.batch_current where feed = %s and pull_id ="
    )
    newest = "(select max(pull_id) from ledger.pull)"
    assert installed.rows(f"{counts} {newest}", FEED) == [(len(source.items), len(source.items), 0, 0)]
    stand = Counter(row["point_id"] for row in installed.accepted("room_reading", FEED) if row["arrived_at"] >= DAY)
    assert stand == Counter(packet["devId"] for packet in source.items)
    after = marts(installed)
    assert after["room_compliance"] != before["room_compliance"]
    assert installed.rows("select count(*) from marts.room_compliance where heating_date = %s", DAY.date())[0][0] > 0
