"""Which intervals of a timetable lie in a stretch of time nobody pulled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hearth.contracts.interval import Interval
from hearth.dated.calendar import Season, load_seasons
from hearth.dated.timetable import SeasonTimetable

LOOK_BACK = (timedelta(days=2), timedelta(days=40), timedelta(days=400))
"""Far enough to find the interval an instant lies in: hourly and daily ones, monthly ones, then any."""


def owed_within(timetable: SeasonTimetable, start: datetime, end: datetime, *, end_is_now: bool) -> Iterator[Interval]:
    """Intervals the timetable has in [start, end), in order, cut to it; stretches it does not pull in are passed over.

    `end_is_now`: an interval that goes on beyond the end is not over yet, and left out.
    """
    seasons = load_seasons()
    at: datetime | None = _begin(timetable, start, end, seasons)
    while at is not None and at < end:
        interval = timetable.interval_from(at, seasons)
        if interval is None or interval.start >= end or (end_is_now and interval.end > end):
            return
        if interval.end > start:
            yield Interval(max(interval.start, start), min(interval.end, end))
        at = interval.end


def _begin(timetable: SeasonTimetable, start: datetime, end: datetime, seasons: list[Season]) -> datetime:
    """The start of the interval that holds `start`, or `start` itself where an interval begins there or none holds it."""
    after = timetable.interval_from(start, seasons)
    if after is not None and after.start == start:
        return start
    for back in LOOK_BACK:
        interval = timetable.interval_from(start - back, seasons)
        if interval is None or interval.start >= start:
            continue
        while interval is not None and interval.end <= start:
            interval = timetable.interval_from(interval.end, seasons)
        return interval.start if interval is not None and interval.start < start else start
    return start
