"""Intervals a feed's timetable owes and nobody pulled: found, remembered, asked for.

A hole is an owed interval, wholly past, that is neither loaded nor held nor given up, and either lies before something newer of its
feed or was tried and failed. What the scheduler has not come to yet is no hole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.dated.gaps import owed_within
from hearth.dated.timetable import SeasonTimetable
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


@dataclass(frozen=True)
class Hole:
    feed: str
    interval: Interval

    def __str__(self) -> str:
        return f"{self.feed} {self.interval}"


def find(connection: psycopg.Connection, contract: Contract, until: datetime) -> Iterator[Hole]:
    """Holes of a feed in the time before `until`, the oldest first."""
    timetable = SeasonTimetable.of(contract.schedule)
    zone = ZoneInfo(timetable.time_zone)
    begin, end = _setting("HEARTH_SCHEDULE_START", zone), _setting("HEARTH_SCHEDULE_END", zone)
    last = min(until, end) if end else until
    if contract.in_service and contract.in_service.from_:  # before it there was nothing to ask for
        first = datetime.combine(contract.in_service.from_, time(), zone)
        begin = max(begin, first) if begin else first
    if contract.in_service and contract.in_service.to:
        last = min(last, datetime.combine(contract.in_service.to + timedelta(days=1), time(), zone))
    gaps = connection.execute(SQL["gaps"], {"feed": contract.feed, "begin": begin, "until": last}).fetchall()
    for start, stop in gaps:
        for interval in owed_within(timetable, start, stop, end_is_now=stop == last):
            yield Hole(contract.feed, interval)


def _setting(name: str, zone: ZoneInfo) -> datetime | None:
    """A day of the environment as the instant it begins in a feed's own zone."""
    text = os.environ.get(name)
    moment = datetime.fromisoformat(text) if text else None
    return moment.replace(tzinfo=zone) if moment and moment.tzinfo is None else moment


def remember(holes: Iterable[Hole], run_id: str) -> int:
    """Note holes in the ledger, each once; returns how many are new."""
    with connect("loader") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.hole (feed, interval_start, interval_end, run_id) values (%s, %s, %s, %s) on conflict do nothing",
            [(hole.feed, hole.interval.start, hole.interval.end, run_id) for hole in holes],
        )
        return max(cursor.rowcount, 0)


def listed(connection: psycopg.Connection, feed: str | None = None) -> list[tuple[str, datetime, datetime, datetime]]:
    """(feed, start, end, found at) of the holes that are open, as the last look found them."""
    return connection.execute(
        "select feed, interval_start, interval_end, found_at from ledger.hole_open"
        " where (%(feed)s::text is null or feed = %(feed)s) order by 1, 2",
        {"feed": feed},
    ).fetchall()
