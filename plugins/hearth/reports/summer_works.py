"""The summer work programme: what the winter showed, turned into tasks with a place, a reason and a day ("冬病夏治")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from hearth.dated.calendar import Season
from hearth.reports.page import Page
from hearth.reports.report_day import seasons_around
from hearth.warehouse.connections import connect

PIPES_SHOWN = 20
"""As many segments as a meeting can speak of; the mart has them all."""

_COLD = """
select subject_kind, subject_id, station_id, cause, measure, measure_due_date, measures, measures_done, measure_done_date, visits,
       homes_cold
from marts.cold_buildings where season = %s order by subject_kind, homes_cold desc, subject_id
"""
_PIPES = """
select segment_no, network_level, length_m, risk_points, failures, reasons from marts.pipe_risk
where priority_rank <= %s order by priority_rank
"""
_STATIONS = """
select station_id, count(*), sum(household_hours_without_heat) from marts.incident_response
where season = %s and station_id is not null group by 1 having count(*) >= 2
order by 3 desc nulls last, 1 limit 20
"""
_WORKS = """
select programme, items, items_finished, items_percent, length_percent, spent_percent, items_late, as_of_date
from marts.works_progress
where season = %s and unit_kind = 'company' and as_of_date = (
    select max(w.as_of_date) from marts.works_progress w
    where w.season = works_progress.season and w.programme = works_progress.programme and w.as_of_date <= %s)
order by programme
"""


@dataclass(frozen=True)
class ColdSubject:
    """A cold building or a single cold home of the winter, with what is planned and done."""

    kind: str
    subject_id: str
    station_id: str | None
    cause: str | None
    measure: str | None
    due: date | None
    measures: int
    measures_done: int
    done: date | None
    visits: int
    homes_cold: int


@dataclass(frozen=True)
class Task:
    """One task of the summer programme; state: done, planned, overdue, to_plan (cause known), to_visit (cause unknown)."""

    subject: ColdSubject
    state: str
    what: str


def task_of(subject: ColdSubject, day: date) -> Task:
    """What has to happen for a cold building or home, as known on a day."""
    where = f"{subject.kind} {subject.subject_id}"
    if subject.measures and subject.measures_done == subject.measures and subject.done is not None and subject.done <= day:
        return Task(subject, "done", f"{where}: prove the cure in the first cold week of the season")
    if subject.measure and subject.due is not None and subject.due < day:
        return Task(subject, "overdue", f"{where}: {subject.measure} was due on {subject.due}")
    if subject.measure:
        return Task(subject, "planned", f"{where}: {subject.measure}")
    if subject.cause:
        return Task(subject, "to_plan", f"{where}: cause {subject.cause} is known, plan a measure")
    return Task(subject, "to_visit", f"{where}: find the cause by a visit")


def next_steps(tasks: Sequence[Task], coming: Season | None, day: date) -> list[str]:
    """The few lines a manager reads first."""
    count = Counter(task.state for task in tasks)
    words = {
        "overdue": "measures are overdue: ask the crew for a new day",
        "to_plan": "causes are known and have no measure: plan them",
        "to_visit": "cold buildings or homes have no known cause: send someone",
        "planned": "measures are planned and open: follow them",
    }
    steps = [f"{count[state]} {text}." for state, text in words.items() if count[state]]
    if coming is not None and count.total() > count["done"]:
        steps.append(f"{(coming.start - day).days} days are left until the season {coming.code} begins on {coming.start}.")
    return steps


def write_summer_works(day: date) -> Path:
    """Write the page of the summer programme as of a day; returns its path."""
    past, coming = seasons_around(day)
    page = Page("Summer work programme 夏季检修计划（冬病夏治）", day)
    if past is None:
        page.say("No season has begun by this day: there is nothing to cure.")
        return page.write("summer-works")
    with connect("reader") as connection:
        _fill(page, connection, past, coming, day)
    return page.write("summer-works")


def _fill(page: Page, connection: psycopg.Connection, past: Season, coming: Season | None, day: date) -> None:
    # What was done after the day is not known on it; what was found is the winter's.
    tasks = [task_of(ColdSubject(*row), day) for row in connection.execute(_COLD, (past.code,)).fetchall()]
    page.say(f"Findings of the season {past.code}" + (f", to be cured before {coming.start}." if coming else "."))
    page.todo(next_steps(tasks, coming, day))
    page.table(
        "Cold buildings and homes 冷楼冷户",
        ("Kind", "Number", "Station", "Cold homes", "Cause", "Measure", "Due", "Done", "State", "Task"),
        [
            (t.subject.kind, t.subject.subject_id, t.subject.station_id, t.subject.homes_cold, t.subject.cause, t.subject.measure,
             t.subject.due, t.subject.done if t.state == "done" else None, t.state, t.what)
            for t in tasks
        ],
    )  # fmt: skip
    page.table(
        "Stations that failed twice or more 多次故障换热站",
        ("Station", "Incidents", "Household-hours without heat"),
        connection.execute(_STATIONS, (past.code,)).fetchall(),
    )
    page.table(
        "Pipes to mend first 优先更换管段",
        ("Segment", "Level", "Length m", "Points", "Failures", "Why"),
        connection.execute(_PIPES, (PIPES_SHOWN,)).fetchall(),
    )
    works = connection.execute(_WORKS, (coming.code, day)).fetchall() if coming else []
    page.table(
        "Works of the year 年度工程",
        ("Programme", "Items", "Finished", "Finished %", "Length %", "Spent %", "Late", "Report of"),
        works,
    )
