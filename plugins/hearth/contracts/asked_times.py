"""How a source is told the interval it is asked for: as instants, numbers or the wall clock of a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hearth.contracts.interval import Interval

SECOND = timedelta(seconds=1)


def epoch(instant: datetime, form: str) -> int:
    """Seconds (epoch_s) or milliseconds (epoch_ms) since 1970."""
    return round(instant.timestamp() * (1000 if form == "epoch_ms" else 1))


def on_the_wall(interval: Interval, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The least [start, end) of naive times of `zone` that holds all clock times of the interval.

    They are those of its ends, but where clocks go back within it: an hour comes twice then, and half of a doubled hour is asked
    for with the whole. Rows that come beside those of the interval wait in quarantine and are another interval's.
    """
    utc = Interval(interval.start.astimezone(UTC), interval.end.astimezone(UTC))
    clocks = [_clock(utc.start, zone), _clock(utc.end, zone)]
    for turned in _turned_back(utc, zone):
        clocks += [_clock(turned - SECOND, zone) + SECOND, _clock(turned, zone)]
    return min(clocks), max(clocks)


def _clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _turned_back(utc: Interval, zone: ZoneInfo) -> list[datetime]:
    """The instants within at which the clocks of `zone` are put back, to the second."""

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    found, before = [], utc.start
    while before < utc.end:
        after = min(before + timedelta(days=1), utc.end)
        if offset(after) < offset(before):
            low, high = before, after
            while high - low > SECOND:
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle) == offset(before) else (low, middle)
            found.append(high.replace(microsecond=0))
        before = after
    return found


def days_of(interval: Interval, zone: ZoneInfo, at_most: int | None) -> list[Interval]:
    """The interval cut at the midnights of `zone`, so that no part is of more than so many days there."""
    if at_most is None:
        return [interval]
    parts, start = [], interval.start
    while start < interval.end:
        day: date = start.astimezone(zone).date() + timedelta(days=at_most)
        end = min(datetime.combine(day, time(), zone), interval.end)
        parts.append(Interval(start, end))
        start = end
    return parts
