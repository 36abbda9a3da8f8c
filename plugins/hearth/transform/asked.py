"""Which days of a reduction are made anew, and which readings are read for them.

A reading may reach far: a run of identical readings is stuck or not by its whole length. But few series stand still where changed
days begin or end; for all others the days beside the changed ones are enough, and hours around those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

FIRST, LAST = date(1000, 1, 1), date(9000, 1, 1)
"""Nothing lies further off than a date can say."""

Days = list[tuple[date, date]]
Span = tuple[datetime, datetime]
"""[since, until)."""


@dataclass(frozen=True)
class Asked:
    """`days`: those to make anew, None for all; `spans`: the times that are read for them, none for all."""

    days: Days | None
    spans: tuple[Span, ...] = ()
    standing: Standing | None = None
    """More of some points, where they are told apart."""

    @property
    def is_nothing(self) -> bool:
        return self.days == []

    @property
    def all_spans(self) -> tuple[Span, ...]:
        return self.spans + (self.standing.spans if self.standing else ())


@dataclass(frozen=True)
class Standing:
    """What is made and read more of points whose readings are all the same in one of the `edges`, and of those that send so seldom
    that `hours` say nothing of them."""

    days: Days
    spans: tuple[Span, ...]
    edges: tuple[Span, ...]
    hours: int


ALL = Asked(None)


def of_days(days: Days, reach_days: int, zone: ZoneInfo) -> Asked:
    """Changed days of all points, and so many days read around them."""
    return Asked(days, tuple(_instants(days, reach_days, zone)))


def of_moving(days: Days, hours: int, far: Asked, zone: ZoneInfo) -> Asked:
    """`days` of points whose readings move, `far` of those that stand still.

    `hours`: how long a change is felt by a point that moves. Each stretch of `days` holds, before and after what changed, whole
    days that make up twice as much. A run that goes on from a change beyond its stretch stands still in the last hours of the days
    before, or in the last of those after. A run that reaches into the stretch from what is not read stands still in the hours
    before it, or in the second of the two times `hours` after it: so much before and after a stretch is read.
    """
    assert far.days is not None
    felt, beside = timedelta(hours=hours), timedelta(days=-(-2 * hours // 24))
    spans, edges = [], []
    for (first, last), (since, until) in zip(days, _instants(days, 0, zone), strict=True):
        spans.append((since - felt, until + 2 * felt))
        if first > FIRST:
            changed = _begin(first + beside, zone)
            edges += [(since - felt, since), (changed - felt, changed)]
        if last < LAST:
            edges += [(until - felt, until), (until + felt, until + 2 * felt)]
    standing = Standing(far.days, far.spans, tuple(edges), hours) if edges else None
    return Asked(days, tuple(spans), standing)


def _instants(days: Days, around: int, zone: ZoneInfo) -> Iterator[Span]:
    """The times of these local days and of so many around them."""
    for first, last in days:
        yield _begin(_shifted(first, -around), zone), _begin(_shifted(last, around) + timedelta(1), zone)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock(), zone)


def _shifted(day: date, by: int) -> date:
    return min(max(day, FIRST), LAST) + timedelta(by)
