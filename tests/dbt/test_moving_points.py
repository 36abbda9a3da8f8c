"""Series drawn at random: the flags of their days are what the words say, and the days made anew are those of a full build."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.lake import files
from hearth.lake.engine import show
from hearth.transform.asked import ALL, Asked, of_days, of_moving
from hearth.transform.engines import on_duckdb
from hearth.transform.engines.engine import Work
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.reduction import standing_limits
from hearth.transform.texts import statement
from tests.support.reduction_cases import CASES, ZONE, as_read, filed, rows_of

ROOM = ENTITIES["room_reading"]
LIMITS = next(case for case in CASES if case["name"] == "a_correction_beats_a_stale_replay")["given"]["limit_period"]
FIRST, DAYS = date(2016, 1, 4), 16
MOVING_HOURS = 12
Row = dict[str, Any]

KINDS = {"ten minutes": 10, "half hours": 30, "hours": 60, "six hours": 360, "days": 1440}
"""Sensors by their interval in minutes."""


def settings(points: int) -> list[Row]:
    """Sensors of each kind, some of whole degrees, and tests by people."""
    rows = []
    for number in range(points):
        minutes = list(KINDS.values())[number % len(KINDS)]
        is_manual, is_whole = number % 17 == 16, number % 7 == 6
        hold = None if is_manual else 2 * minutes * 60
        silence = None if hold is None or is_whole else max(hold, min(12 * minutes * 60, 24 * 3600))
        rows.append({
            "point_id": f"P{number}", "set_from_at": datetime(2015, 5, 1, tzinfo=UTC),
            "set_before_at": datetime(9999, 1, 1, tzinfo=UTC),
            "hold_seconds": hold, "silence_seconds": silence, "resolution_degc": 1.0 if is_whole else 0.1, "pass_degc": 18.0,
            "room_watch_low_degc": 5.0, "room_watch_high_degc": 35.0, "low_battery_v": 2.8, "windows_closed_min_minutes": 120.0,
        })  # fmt: skip
    return rows


def series(rng: random.Random, number: int) -> list[Row]:
    """A sensor's readings of all days: steady spells of hours and days, spikes, open windows, silences, second sendings."""
    step = timedelta(minutes=list(KINDS.values())[number % len(KINDS)])
    instant = _at(0, 0) + timedelta(minutes=rng.choice([0, 3, 5]))
    rows: list[Row] = []
    value, steady, low = 20.0, instant, instant
    while instant < _at(DAYS, 0):
        per_day = step / timedelta(days=1)
        if rng.random() < 0.3 * per_day:
            instant += timedelta(hours=rng.choice([3, 11, 12, 14, 30]))
        # Runs that are just long enough and begin about midnight are those that reach over it.
        if rng.random() < (2.5 if instant.hour in (0, 12, 22, 23) else 0.1) * per_day and instant > steady:
            steady = instant + timedelta(hours=rng.choice([5, 11, 12, 23, 24, 25, 26, 36, 37, 60, 130, 300]))
        if rng.random() < 0.5 * per_day:
            low = instant + timedelta(minutes=rng.choice([10, 40, 100, 170, 400]))
        value = value if instant < steady else round(min(30.0, max(12.0, value + rng.uniform(-0.3, 0.3))), 1)
        shown = value + (12.0 if rng.random() < 0.3 * per_day else 0.0) - (rng.choice([1.9, 2.0, 3.5]) if instant < low else 0.0)
        row = {"point_id": f"P{number}", "read_at": instant, "temperature_degc": round(shown, 1)}
        rows.append(row)
        if rng.random() < 0.3 * per_day:
            rows.append(
                {**row, "is_replay": True, "temperature_degc": round(shown + 1, 1), "arrived_at": instant + timedelta(days=3)}
            )
        instant += step
    return rows


def changed(rng: random.Random, rows: list[Row], days: set[date]) -> list[Row]:
    """Other readings on these days, and the same on all others."""
    found = []
    fate = {(point, day): rng.choice(["gone", "gone", "some", "other"]) for point in {r["point_id"] for r in rows} for day in days}
    for row in rows:
        become = fate.get((row["point_id"], row["read_at"].astimezone(ZONE).date()), "same")
        if become == "gone" or (become == "some" and rng.random() < 0.3):
            continue
        shift = rng.choice([0.0, 0.0, 1.5]) if become == "other" else 0.0
        found.append({**row, "temperature_degc": row["temperature_degc"] + shift})
    return found


def reach(points: list[Row]) -> tuple[int, int]:
    """Days that a change reaches through a run, and days a value holds, by their words."""
    runs, holds = [], []
    for point in points:
        hold, silence = point["hold_seconds"], point["silence_seconds"]
        holds.append(hold or 0)
        runs.append(max(24 * 3600, 11 * silence) + silence + hold if silence else 0)
    return math.ceil(max(runs) / 86400), 1 + math.ceil(max(holds) / 86400)


def asked_for(days: list[date], points: list[Row]) -> Asked:
    """What a build asks for whose changed days these are; far enough apart to be stretches of their own."""
    run, hold = reach(points)
    far = of_days(_met([(day - timedelta(run), day + timedelta(run + hold)) for day in days]), run + hold, ZONE)
    return of_moving(_met([(day - timedelta(1), day + timedelta(1)) for day in days]), MOVING_HOURS, far, ZONE)


def _met(stretches: list[tuple[date, date]]) -> list[tuple[date, date]]:
    made: list[tuple[date, date]] = []
    for first, last in sorted(stretches):
        if made and first <= made[-1][1] + timedelta(1):
            made[-1] = (made[-1][0], max(last, made[-1][1]))
        else:
            made.append((first, last))
    return made


def reduced(rows: list[Row], points: list[Row], name: str, asked: Asked = ALL) -> dict[tuple[str, date], Row]:
    given = {"limit_period": pa.Table.from_pylist(rows_of(LIMITS)), "point_setting": pa.Table.from_pylist(points)}
    text = statement("point_day", DuckDb.words, ZONE, (), standing_limits(given), asked)
    work = Work(name, text, ROOM, (filed(as_read(ROOM, rows), ROOM, name),), given, len(rows))
    (made,) = (reader.read_all().to_pylist() for reader in DuckDb().run([work]))
    return {(row["point_id"], row["heating_date"]): row for row in made}


@pytest.mark.parametrize("seed", range(3))
def test_days_made_anew_are_those_of_a_full_build(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path))
    rng, points = random.Random(seed), settings(70)
    new = [row for number in range(len(points)) for row in series(rng, number)]
    days = sorted(rng.sample([FIRST + timedelta(n) for n in range(4, DAYS - 1)], rng.choice([1, 2])))
    before = reduced(changed(rng, new, set(days)), points, "before")
    asked = asked_for(days, points)
    assert asked.standing is not None
    anew = reduced(new, points, "anew", asked)
    kept = {key: row for key, row in before.items() if not any(first <= key[1] <= last for first, last in asked.days or [])}
    whole = reduced(new, points, "whole")
    assert kept | anew == whole
    beyond = {point for point, day in anew if not any(first <= day <= last for first, last in asked.days or [])}
    assert 0 < len(beyond) < len(points), "some points are made further than others"


def test_runs_over_an_edge_are_told_by_where_they_stand_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One point for each reason to look further: runs of a bit more than 24 h among readings that move. Day 8 is what comes anew;
    half an hour before and after it there is silence, so that without it no run is long enough.
    """
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path))
    runs = {
        "until soon after the stretch begins": (6, 4.0, 7, 4.5),
        "from before the stretch into the changed day": (6, 23.7, 8, 0.0),
        "from the changed day to beyond the stretch": (8, 23.5, 10, 0.0),
        "of the next accepted reading after the stretch": (10, 0.0, 11, 0.5),
    }
    points = [{**settings(1)[0], "point_id": name} for name in runs]
    rows = [row for name, run in runs.items() for row in steady(name, 10, *run)]
    seldom = "with a silence as long as an edge"
    points.append({**settings(4)[3], "point_id": seldom})
    rows = [row for row in rows if not (_at(7, 23.6) < row["read_at"] < _at(8, 0) or _at(9, 0) <= row["read_at"] < _at(9, 0.4))]
    rows += [row for row in steady(seldom, 360, 3, 0.0, 7, 6.5) if not _at(6, 10) < row["read_at"] < _at(7, 0)]
    before = reduced([row for row in rows if not _at(8, 0) <= row["read_at"] < _at(9, 0)], points, "before")
    asked = asked_for([FIRST + timedelta(8)], points)
    anew, whole = reduced(rows, points, "anew", asked), reduced(rows, points, "whole")
    (stretch,) = asked.days or []
    assert {key: row for key, row in before.items() if not stretch[0] <= key[1] <= stretch[1]} | anew == whole
    assert {point for (point, _), row in whole.items() if row["readings_stuck"]} == {*runs, seldom}


def steady(name: str, minutes: int, day: int, hour: float, until_day: int, until_hour: float) -> list[Row]:
    """Readings of all days that go up and down, but for one run of them."""
    return [
        {
            "point_id": name,
            "read_at": at,
            "temperature_degc": 21.0 if _at(day, hour) <= at <= _at(until_day, until_hour) else 18.0 + nth % 3,
        }
        for nth, at in enumerate(_at(0, 0) + timedelta(minutes=minutes * nth) for nth in range(DAYS * 1440 // minutes))
    ]


def _at(day: int, hour: float) -> datetime:
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE) + timedelta(days=day, hours=hour)


def test_points_taken_some_at_a_time_give_the_same_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path))
    monkeypatch.setattr(files, "ROWS_A_GROUP", 1000)
    rng, points = random.Random(5), settings(40)
    rows = [row for number in range(len(points)) for row in series(rng, number)]
    whole = reduced(rows, points, "whole")
    shown: list[str] = []
    monkeypatch.setattr(on_duckdb, "show", lambda *given: (shown.append(given[-1]), show(*given)))
    monkeypatch.setattr(on_duckdb, "AT_ONCE", len(rows) // 4)
    assert reduced(rows, points, "sliced") == whole and len(whole) > 300
    assert len(shown) == 5 and shown[0].startswith("point_id < 'P") and shown[2].count("point_id") == 2, shown


def test_flags_are_what_the_words_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path))
    rng, points = random.Random(11), settings(40)
    rows = [row for number in range(len(points)) for row in series(rng, number)]
    found = reduced(rows, points, "flags")
    told: dict[tuple[str, date], list[int]] = {}
    for number, point in enumerate(points):
        live = [(r["read_at"], r["temperature_degc"]) for r in rows if r["point_id"] == f"P{number}" and not r.get("is_replay")]
        for (at, _), flags in zip(live, flags_of(live, point), strict=True):
            day = told.setdefault((f"P{number}", at.astimezone(ZONE).date()), [0, 0])
            day[:] = [count + flag for count, flag in zip(day, flags, strict=True)]
    assert {key: [row["readings_window"], row["readings_stuck"]] for key, row in found.items()} == told
    assert sum(windows for windows, _ in told.values()) > 20 and sum(stuck for _, stuck in told.values()) > 20


def flags_of(live: list[tuple[datetime, float]], point: Row) -> list[tuple[bool, bool]]:
    """(beside an open window, stuck) of each reading, by the words of the limits."""
    hour, is_manual, silence = timedelta(hours=1), point["hold_seconds"] is None, point["silence_seconds"]

    def highest(since: datetime, until: datetime) -> float:
        return max((v for at, v in live if since <= at <= until), default=-math.inf)

    fell = [highest(at - hour, at) - v >= 2 - 1e-9 for at, v in live]
    run_of, run = [], 0
    for nth, (at, v) in enumerate(live):
        goes_on = (
            nth > 0
            and silence
            and round(v * 10) == round(live[nth - 1][1] * 10)
            and at - live[nth - 1][0] <= timedelta(seconds=silence)
        )
        run += not goes_on
        run_of.append(run)
    flags = []
    for nth, (at, v) in enumerate(live):
        before = highest(at - 3 * hour, at)
        after = highest(at + timedelta(microseconds=1), at + 3 * hour)
        is_open = (
            not is_manual
            and before - v >= 2 - 1e-9
            and after >= before - 0.5 - 1e-9
            and any(fallen for fallen, (other, _) in zip(fell, live, strict=True) if at - 3 * hour <= other <= at)
        )
        mates = [other for other, (_, _) in enumerate(live) if run_of[other] == run_of[nth]]
        is_stuck = len(mates) >= 12 and live[mates[-1]][0] - live[mates[0]][0] >= 24 * hour
        flags.append((is_open, is_stuck))
    return flags
