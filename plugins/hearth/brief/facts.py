"""What the brief of one heating day says, read from the published marts and nowhere else.

Every number is a cell of a mart; None means that the mart does not know it. What is only known for the last day (overdue cases,
warnings, quarantine) carries the day it is of, so that a brief of an older day does not pass it off as its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hearth.brief.light import Light, light_of
from hearth.dated.dated_rows import place_time_zone
from hearth.dated.limits import Limits
from hearth.warehouse.published import NothingPublished, require_publication

KPIS = ("room_compliance_percent", "complaints_per_10000_households", "renewal_progress_percent")
WORST_STATIONS, OVERDUE_SHOWN, WARNINGS_SHOWN = 5, 8, 5
"""As many as fit on one page; the counts beside them say how many there are."""

_PUBLICATION = "select publication_id, published_at from ledger.publication order by publication_id desc limit 1"
_NEWEST_DAY = "select max(heating_date) as day from marts.season_kpi"
_KPIS = """
select k.kpi, k.season, k.season_day, k.value, k.target, k.target_to_date, k.target_direction, k.verdict, k.previous_value,
    k.change, k.days, k.days_known, k.known_until_date, before.value as day_before
from marts.season_kpi k
left join marts.season_kpi before on before.season = k.season and before.kpi = k.kpi and before.unit_kind = k.unit_kind
    and before.unit_id = k.unit_id and before.heating_date = k.heating_date - 1
where k.heating_date = %(day)s and k.unit_kind = 'company'
"""
_OF_A_KPI = (
    "value", "day_before", "previous_value", "change", "target", "target_to_date", "target_direction", "days", "days_known",
)  # fmt: skip
_ROOMS = """
select period, percent, interval_low_percent, interval_high_percent, judged_household_days, measured_households, served_households,
    coverage_percent
from marts.room_compliance where heating_date = %(day)s and unit_kind = 'company' and point_kind = 'all'
"""
_COMPLAINTS = """
select period, cases, served_households::float8 as served_households, per_10000_households
from marts.complaint_rate where heating_date = %(day)s and unit_kind = 'company' and line = 'all' and category = 'all'
"""
_RENEWAL = """
select planned_length_m, renewed_within_plan_m, unplanned_length_m, remaining_length_m, planned_to_date_percent,
    newest_log_date, forecast_completion_date, projects, projects_late
from marts.renewal_progress
where progress_date = %(day)s and unit_kind = 'company' and network_level = 'all' and work_type = 'renewal'
"""
_MEASURED_UNTIL = """
select max(heating_date) as day from marts.feed_quality
where heating_date <= %(day)s and came_rows > 0 and entity = 'room_reading'
"""
_TREND = """
select kpi, season, season_day, value, target from marts.season_kpi
where unit_kind = 'company' and season in (
    select season from marts.season_kpi where unit_kind = 'company' and heating_date <= %(day)s
    group by season order by max(heating_date) desc limit 2)
and (season <> %(season)s or heating_date <= %(day)s) order by kpi, season, season_day
"""
_STATIONS = """
select r.unit_id, r.percent, r.interval_low_percent, r.interval_high_percent, r.judged_household_days, r.coverage_percent,
    so_far.percent as to_date_percent, c.cases
from marts.room_compliance r
left join marts.room_compliance so_far on so_far.heating_date = r.heating_date and so_far.unit_kind = r.unit_kind
    and so_far.unit_id = r.unit_id and so_far.point_kind = 'all' and so_far.period = 'to_date'
left join marts.complaint_rate c on c.heating_date = r.heating_date and c.unit_kind = r.unit_kind and c.unit_id = r.unit_id
    and c.line = 'all' and c.category = 'all' and c.period = 'day'
where r.heating_date = %(day)s and r.unit_kind = 'station' and r.point_kind = 'all' and r.period = 'day'
    and r.complying_household_days < r.judged_household_days
order by r.interval_high_percent, r.percent, r.unit_id limit %(limit)s
"""
_OVERDUE = """
select line, ticket_no, kind, category, station_id, limit_code, limit_hours, overdue_hours
from marts.overdue_case where not is_backlog order by priority limit %(limit)s
"""
_OVERDUE_SUM = """
select count(*) filter (where not is_backlog) as number, count(*) filter (where is_backlog) as older, max(as_of_date) as as_of
from marts.overdue_case
"""
_WARNINGS = """
select station_id, system_id, warning, since_date, lasting_days, evidence, evidence_zh, what_to_do, what_to_do_zh
from marts.early_warning order by priority limit %(limit)s
"""
_WARNINGS_SUM = "select count(*) as number, max(as_of_date) as as_of from marts.early_warning"


@dataclass(frozen=True)
class Kpi:
    """One headline figure of the company; `today` is what that one day alone brought, `data_until` the last day that is known."""

    name: str
    value: float | None
    day_before: float | None
    previous_value: float | None
    change: float | None
    target: float | None
    target_to_date: float | None
    target_direction: str | None
    days: int | None
    days_known: int | None
    verdict: str
    data_until: date | None
    today: dict[str, Any]
    to_date: dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """The first rows of a worklist, how many there are, the day it is of (None: the list is empty), how many of earlier seasons."""

    rows: list[dict[str, Any]]
    number: int
    as_of: date | None
    older: int = 0


@dataclass(frozen=True)
class Facts:
    """All of one brief. `trend`: kpi -> season -> [(season day, value)], the newest season last."""

    day: date
    newest_day: date
    season: str
    season_day: int
    kpis: dict[str, Kpi]
    trend: dict[str, dict[str, list[tuple[int, float]]]]
    stations: list[dict[str, Any]]
    overdue: Listed
    warnings: Listed
    light: Light
    time_zone: str
    publication_id: int | None
    published_at: datetime | None

    @property
    def is_whole(self) -> bool:
        """Every feed that owes rows sent some for the day, homes were judged on it and the tickets reach to it."""
        rooms, complaints = self.kpis[KPIS[0]], self.kpis[KPIS[1]]
        silent = any(not feed["came_rows"] for feed in self.light.feeds)
        return not silent and bool(rooms.today.get("judged_household_days")) and complaints.data_until == self.day


def newest_day(connection: psycopg.Connection) -> date:
    """The newest heating day that is published. Raises NothingPublished."""
    require_publication(connection)
    day: date | None = _Asker(connection).one(_NEWEST_DAY)["day"]
    if day is None:
        raise NothingPublished("the last publication holds no day of a season: marts.season_kpi is empty")
    return day


def gather(connection: psycopg.Connection, day: date | None = None) -> Facts:
    """The facts of a heating day (default: the newest one published). Raises NothingPublished."""
    ask = _Asker(connection)
    newest = newest_day(connection)
    day = day or newest
    found = {row["kpi"]: row for row in ask.all(_KPIS, day=day)}
    if not found:
        raise NothingPublished(f"no heating day {day} is published; the newest one is {newest}")
    first = next(iter(found.values()))
    limits = Limits.from_seeds().on(day)
    publication = ask.one(_PUBLICATION)
    return Facts(
        day=day,
        newest_day=newest,
        season=first["season"],
        season_day=first["season_day"],
        kpis=_kpis(ask, day, found),
        trend=_trend(ask, day, first["season"]),
        stations=ask.all(_STATIONS, day=day, limit=WORST_STATIONS),
        overdue=Listed(ask.all(_OVERDUE, limit=OVERDUE_SHOWN), **ask.one(_OVERDUE_SUM)),
        warnings=Listed(ask.all(_WARNINGS, limit=WARNINGS_SHOWN), **ask.one(_WARNINGS_SUM)),
        light=light_of(connection, day, limits["brief_complete_percent"]),
        time_zone=place_time_zone(),
        publication_id=publication.get("publication_id"),
        published_at=publication.get("published_at"),
    )


class _Asker:
    """Rows of a query as dictionaries."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def all(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, values).fetchall()

    def one(self, query: str, **values: Any) -> dict[str, Any]:
        rows = self.all(query, **values)
        return rows[0] if rows else {}


def _kpis(ask: _Asker, day: date, found: dict[str, dict[str, Any]]) -> dict[str, Kpi]:
    by_period = {
        KPIS[0]: {row.pop("period"): row for row in ask.all(_ROOMS, day=day)},
        KPIS[1]: {row.pop("period"): row for row in ask.all(_COMPLAINTS, day=day)},
        KPIS[2]: {"to_date": ask.one(_RENEWAL, day=day)},
    }
    calls_known_until = found.get(KPIS[1], {}).get("known_until_date")
    until = {
        KPIS[0]: ask.one(_MEASURED_UNTIL, day=day)["day"],
        KPIS[1]: min(calls_known_until, day) if calls_known_until else None,
        KPIS[2]: by_period[KPIS[2]]["to_date"].get("newest_log_date"),
    }
    kpis = {}
    for name in KPIS:
        row, periods = found.get(name, {}), by_period[name]
        kpis[name] = Kpi(
            name=name,
            **{part: row.get(part) for part in _OF_A_KPI},
            verdict=row.get("verdict", "no_data"),
            data_until=until[name],
            today=periods.get("day", {}),
            to_date=periods.get("to_date", {}),
        )
    return kpis


def _trend(ask: _Asker, day: date, season: str) -> dict[str, dict[str, list[tuple[int, float]]]]:
    trend: dict[str, dict[str, list[tuple[int, float]]]] = {name: {} for name in KPIS}
    for row in ask.all(_TREND, day=day, season=season):
        if row["value"] is not None and row["kpi"] in trend:
            trend[row["kpi"]].setdefault(row["season"], []).append((row["season_day"], row["value"]))
    return trend
