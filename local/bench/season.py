"""A season of a hundred million readings: a day's build early and late in it, a late correction, and all of it made anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.bench.city import MeasuredCity
from local.bench.ground import load, run_apart
from local.bench.made import Readings
from local.bench.measured import Measured
from tests.support.world import START

SEASON = datetime(2016, 10, 20)
EARLY, LATE = 10, 160
"""Days of the season whose build is measured."""
CORRECTED = 25
MINUTES = 12
SCALE = 0.02
DAILY_GOAL, CORRECTION_GOAL, REBUILD_GOAL = 1.1, 1.3, 1.3


def season(folder: Path, size: float) -> Iterator[Measured]:
    """5,422 homes, a reading every 12 minutes: 104 million in 160 days."""
    with MeasuredCity.made(folder / "season", SCALE * size) as city:
        city.tell(START, _day(1))
        homes = city.measure_homes(SEASON, MINUTES)
        early = _build_of_day(city, homes, EARLY, since=1)
        late = _build_of_day(city, homes, LATE, since=EARLY + 1)
        # A day in November comes again, in March.
        again = Readings(homes, 24, 60 // MINUTES, MINUTES, since=_day(CORRECTED), sent=_day(LATE + 1) + timedelta(hours=2))
        load("remote_csv", city.land_late(again, _day(LATE + 1), _day(LATE + 2)))
        correction = run_apart("one_build")
        told = f"day {EARLY}: {_told(early)}; day {LATE}: {_told(late)}"
        yield Measured(
            "daily build late in a season against early", late["seconds"] / early["seconds"], DAILY_GOAL, told, at_most=True
        )
        share = correction["seconds"] / late["seconds"]
        yield Measured("a late correction against a normal day", share, CORRECTION_GOAL, _told(correction), at_most=True)
        rows = homes * LATE * 24 * 60 // MINUTES
        anew, bare = _anew()
        detail = f"{rows:,} readings: {anew:.0f} s into PostgreSQL, {bare:.0f} s the same text by DuckDB alone"
        yield Measured("a season's readings made days anew, against bare DuckDB", anew / bare, REBUILD_GOAL, detail, at_most=True)


def _build_of_day(city: MeasuredCity, homes: int, day: int, since: int) -> dict[str, Any]:
    """The days up to it are built together, then it alone; what its build took."""
    if since < day:
        _load(city, homes, since, day - 1)
        city.tell(_day(since), _day(day))
        run_apart("one_build")
    _load(city, homes, day, day)
    city.tell(_day(day), _day(day + 1))
    return run_apart("one_build")


def _load(city: MeasuredCity, homes: int, first: int, last: int) -> None:
    """Readings of these days of the season, one pull."""
    readings = Readings(homes, packets=24 * (last - first + 1), a_packet=60 // MINUTES, minutes=MINUTES, since=_day(first))
    load("remote_points", city.land(readings, _day(first) + timedelta(hours=1), _day(last + 1) + timedelta(hours=1)))


def _day(number: int) -> datetime:
    """The first is 1."""
    return SEASON + timedelta(days=number - 1)


def _told(built: dict[str, Any]) -> str:
    slow = ", ".join(f"{node.rpartition('.')[2]} {taken:.1f} s" for taken, node in built["slow"][:3])
    return f"{built['seconds']:.0f} s ({slow})"


def _anew() -> tuple[float, float]:
    """(seconds of the reduction of all rooms' readings into PostgreSQL, seconds of its text by DuckDB, its rows counted)."""
    from hearth.transform import reduction
    from hearth.transform.engines.on_duckdb import DuckDb
    from hearth.transform.reduced_rows import put

    (rooms,) = (each for each in reduction.reductions() if each.name == "point_day")
    seconds = []
    for into_postgres in (True, False):
        task = reduction._task(rooms, DuckDb.words, True, (), "")
        begun = time.monotonic()
        with closing(DuckDb().run([task.work])) as made:
            for rows in made:
                if into_postgres:
                    put("reduced", task.work.name, rows, None)
                else:
                    sum(len(batch) for batch in rows)
        seconds.append(time.monotonic() - begun)
    return seconds[0], seconds[1]
