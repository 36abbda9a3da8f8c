"""Ready for the season? Works done, communities connected, sensors alive, standards and tariffs dated; each with evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from hearth.dated.calendar import Season
from hearth.dated.dated_rows import read_rows, rows_on
from hearth.reports.page import Page
from hearth.reports.report_day import seasons_around
from hearth.warehouse.connections import connect

DATED = {
    "temperature_standard": "room temperature standard 室温标准",
    "design_temperature": "outdoor design temperature 供暖室外计算温度",
    "time_limit": "time limits of service 处理时限",
    "refund_tier": "refund tariff 退费分档",
    "kpi_target": "targets 目标",
}
"""Seeds whose rows have to hold on the season's first day."""

_WORKS = """
select distinct on (programme) programme, items, items_finished, items_late, as_of_date from marts.works_progress
where season = %s and unit_kind = 'company' and as_of_date <= %s order by programme, as_of_date desc
"""
_COMMUNITIES = """
select community_id, community_name, branch_id, nth_season, stage_at_start, coalesce(missing_at_start, missing), households
from marts.new_community_watch where season = %s and is_second_season_without_heat order by households desc nulls last, 1
"""
_SENSORS = """
with newest as (select max(heating_date) as day from intermediate.int_point_day where heating_date <= %s)
select count(distinct point_id), count(distinct point_id) filter (where readings_accepted > 0), max(newest.day)
from intermediate.int_point_day cross join newest where point_kind = 'remote' and heating_date > newest.day - 7
"""
_CAPACITY = """
select unit_kind, unit_id, capacity_mw, demand_mw from marts.capacity_outlook
where season_start_year = %s and is_enough is false and unit_kind <> 'company'
  and issue_date = (select max(issue_date) from marts.capacity_outlook where issue_date <= %s) order by unit_kind, unit_id
"""


@dataclass(frozen=True)
class Check:
    """One question of the report; state: ok, attention, or unknown when nothing tells."""

    question: str
    state: str
    evidence: str
    to_do: str = ""


def works_check(rows: Sequence[tuple[Any, ...]]) -> list[Check]:
    """A check for each programme of the year."""
    checks = []
    for programme, items, finished, late, as_of in rows:
        done = finished == items
        evidence = f"{finished} of {items} items finished, {late} late, report of {as_of}"
        todo = "" if done else f"{programme}: finish {items - finished} items or say which homes they leave cold"
        checks.append(Check(f"Works done: {programme}", "ok" if done else "attention", evidence, todo))
    return checks or [
        Check("Works done", "unknown", "no report of works for this season", "ask the engineering department for its list")
    ]


def sensors_check(points: int, alive: int, newest: date | None) -> Check:
    """Automatic points that sent anything in the last week there is data of."""
    if not points or newest is None:
        return Check("Sensors alive", "unknown", "no automatic point is known", "load the register of points")
    evidence = f"{alive} of {points} automatic points sent readings in the week up to {newest}"
    todo = "" if alive == points else f"visit {points - alive} silent points before the season"
    return Check("Sensors alive", "ok" if alive == points else "attention", evidence, todo)


def dated_checks(season: Season, jurisdiction: str) -> list[Check]:
    """Whether each kind of dated row holds on the season's first day, and whether its source was read."""
    checks = []
    for seed, name in DATED.items():
        rows = [row for row in rows_on(seed, season.start) if row["jurisdiction"] == jurisdiction]
        unread = [row for row in rows if row["verified"].lower() != "true"]
        if not rows:
            checks.append(
                Check(f"Dated: {name}", "attention", "no row holds on that day", f"add rows to {seed}.csv, or say why not")
            )
        elif unread:
            evidence = f"{len(rows)} rows hold, the source of {len(unread)} was not read"
            checks.append(Check(f"Dated: {name}", "attention", evidence, f"read the source of {seed}.csv and mark it verified"))
        else:
            checks.append(Check(f"Dated: {name}", "ok", f"{len(rows)} rows hold"))
    return checks


def write_readiness(day: date) -> Path:
    """Write the page of readiness for the next season as of a day; returns its path."""
    _, coming = seasons_around(day)
    page = Page("Ready for the season? 供热前准备情况", day)
    if coming is None:
        page.todo(["Add the next season to heating_season.csv: no later one is known."])
        return page.write("season-readiness")
    jurisdiction = read_rows("place")[0]["jurisdiction"]
    with connect("reader") as reader:
        communities = reader.execute(_COMMUNITIES, (coming.code,)).fetchall()
        short = reader.execute(_CAPACITY, (coming.start.year, day)).fetchall()
        checks = [
            *works_check(reader.execute(_WORKS, (coming.code, day)).fetchall()),
            _communities_check(reader, coming, communities),
            _sensors(reader, day),
            *dated_checks(coming, jurisdiction),
        ]
    page.say(f"The season {coming.code} begins on {coming.start}, in {(coming.start - day).days} days.")
    page.todo([check.to_do for check in checks if check.to_do])
    page.table("Checks 检查", ("Question", "State", "Evidence"), [(c.question, c.state, c.evidence) for c in checks])
    page.table(
        "Communities entering another season without heat 第二个供暖季仍未供热小区",
        ("Community", "Name", "Branch", "Season no.", "Stage", "Missing", "Homes"),
        communities,
    )
    page.table("Capacity short at the design temperature 供热能力不足", ("Kind", "Unit", "Capacity MW", "Demand MW"), short)
    return page.write("season-readiness")


def _communities_check(reader: psycopg.Connection, coming: Season, communities: Sequence[tuple[Any, ...]]) -> Check:
    row = reader.execute("select count(*) from marts.new_community_watch where season = %s", (coming.code,)).fetchone()
    known = int(row[0]) if row else 0
    if not known:
        return Check(
            "Communities connected", "unknown", "no report of new communities", "ask the development department for its list"
        )
    state, todo = (
        ("attention", f"connect {len(communities)} communities that would have no heat again") if communities else ("ok", "")
    )
    return Check("Communities connected", state, f"{len(communities)} of {known} enter another season without heat", todo)


def _sensors(reader: psycopg.Connection, day: date) -> Check:
    row = reader.execute(_SENSORS, (day,)).fetchone()
    return sensors_check(*row) if row else sensors_check(0, 0, None)
