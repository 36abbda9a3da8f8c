"""What a source that knows only its own wall clock is asked for holds the interval, whatever the clocks do in it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hearth.contracts.asked_times import days_of, on_the_wall
from hearth.contracts.interval import Interval

NEW_YORK = ZoneInfo("America/New_York")
BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)
"""02:00 EDT, when it is 01:00 EST again."""
NEAR = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda minutes: BACK + timedelta(minutes=minutes))


def clock(instant: datetime) -> datetime:
    return instant.astimezone(NEW_YORK).replace(tzinfo=None)


def test_half_of_a_doubled_hour_is_asked_for_with_the_whole() -> None:
    first = Interval(BACK - timedelta(minutes=30), BACK + timedelta(minutes=15))  # 01:30 EDT to 01:15 EST
    assert on_the_wall(first, NEW_YORK) == (datetime(2026, 11, 1, 1), datetime(2026, 11, 1, 2))
    day = Interval(datetime(2026, 11, 1, tzinfo=NEW_YORK), datetime(2026, 11, 2, tzinfo=NEW_YORK))
    assert on_the_wall(day, NEW_YORK) == (datetime(2026, 11, 1), datetime(2026, 11, 2))


@given(NEAR, NEAR, st.floats(0, 1, exclude_max=True))
def test_no_clock_time_of_an_interval_is_left_out(one: datetime, other: datetime, share: float) -> None:
    if one == other:
        return
    interval = Interval(min(one, other), max(one, other))
    start, end = on_the_wall(interval, NEW_YORK)
    inside = min(interval.start + share * (interval.end - interval.start), interval.end - timedelta(microseconds=1))
    assert start <= clock(inside) < end


@given(NEAR, st.integers(1, 5 * 24 * 60), st.integers(1, 3))
def test_parts_of_days_are_the_interval_and_begin_at_midnights(start: datetime, minutes: int, at_most: int) -> None:
    interval = Interval(start, start + timedelta(minutes=minutes))
    parts = days_of(interval, NEW_YORK, at_most)
    assert (parts[0].start, parts[-1].end) == (interval.start, interval.end)
    for before, after in itertools.pairwise(parts):
        assert before.end == after.start and clock(after.start).time() == datetime.min.time()
    for part in parts:
        last = clock(part.end - timedelta(microseconds=1))
        assert (last.date() - clock(part.start).date()).days < at_most
