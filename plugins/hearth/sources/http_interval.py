"""An interval as the parameters of a request."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hearth.contracts.asked_times import SECOND, epoch, on_the_wall
from hearth.contracts.http_source import HttpInterval
from hearth.contracts.interval import Interval
from hearth.sources.delivery import SourceError

MILLISECOND = timedelta(milliseconds=1)


def bounds(asked: HttpInterval, interval: Interval, zone: ZoneInfo) -> dict[str, Any]:
    """The parameters of the interval. Raises SourceError where a source that is asked for days is asked for parts of one."""
    start, end = _edges(asked, interval, zone)
    if asked.to is None:
        return {asked.from_: start}
    return {asked.from_: start, asked.to: end}


def told_window(asked: HttpInterval, interval: Interval, zone: ZoneInfo) -> str:
    """The part of an interval that a request is for, in a delivery's name."""
    return str(_edges(asked, interval, zone)[0])


def _edges(asked: HttpInterval, interval: Interval, zone: ZoneInfo) -> tuple[Any, Any]:
    before = (MILLISECOND if asked.as_ == "epoch_ms" else SECOND) if asked.closed else timedelta()
    if asked.as_ == "iso":
        return interval.start.isoformat(), (interval.end - before).isoformat()
    if asked.as_ in ("epoch_s", "epoch_ms"):
        return epoch(interval.start, asked.as_), epoch(interval.end - before, asked.as_)
    start, end = on_the_wall(interval, zone)
    if asked.asks_days:
        _refuse_part_of_a_day(start, end, interval)
    return start.strftime(asked.as_), (end - before).strftime(asked.as_)


def _refuse_part_of_a_day(start: datetime, end: datetime, interval: Interval) -> None:
    if (start.time(), end.time()) != (time(), time()):
        raise SourceError(
            f"expected whole days, for the source is asked for dates (source.interval.as); came {interval}, which begins or ends"
            f" within one ({start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}). Pull whole days: a schedule at midnight."
        )
