"""The number itself: what was published, by which definition, when, and whether it is its own ratio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from hearth.trace.steps import Step, Target
from hearth.warehouse.published import NothingPublished

FACTORS = {"room_compliance_percent": 100, "complaints_per_10000_households": 10000, "renewal_progress_percent": 100}
"""What the ratio of a KPI is multiplied by."""

DEFINED_IN = {
    "room_compliance_percent": ("room_compliance", "int_unit_room_day", "int_household_day", "int_point_day"),
    "complaints_per_10000_households": (
        "complaint_rate",
        "int_complaint_case",
        "int_complaint_ticket_case",
        "int_served_unit_day",
        "int_complaint_suspended_day",
        "int_service_known",
    ),
    "renewal_progress_percent": ("renewal_progress", "int_renewal_project_day"),
}


@dataclass(frozen=True)
class Published:
    target: Target
    value: float | None
    numerator: float | None
    denominator: float | None
    season_start: date

    def instants(self, connection: psycopg.Connection) -> tuple[datetime, datetime]:
        """[first, after the last) instant of the local days from the season's first to the target's."""
        row = connection.execute(
            "select %s::timestamp at time zone time_zone, (%s::date + 1)::timestamp at time zone time_zone from staging.stg_place",
            (self.season_start, self.target.day),
        ).fetchone()
        assert row is not None
        return row[0], row[1]


def find(connection: psycopg.Connection, target: Target) -> tuple[Published, list[Step]]:
    """The published value with its first two steps. Raises NothingPublished with what there is instead."""
    row = connection.execute(
        "select k.value, k.numerator, k.denominator, k.unit, k.target, k.verdict, min(d.heating_date) from marts.season_kpi k"
        " join intermediate.int_season_day d on d.season = k.season where k.season = %(season)s and k.kpi = %(kpi)s"
        " and k.unit_kind = %(kind)s and k.unit_id = %(unit)s and k.heating_date = %(day)s group by 1, 2, 3, 4, 5, 6",
        target.parameters,
    ).fetchone()
    if row is None:
        raise NothingPublished(_what_there_is(connection, target))
    value, numerator, denominator, unit, goal, verdict, first = row
    published = Published(target, value, _number(numerator), _number(denominator), first)
    step = Step(
        f"{target.kpi} of {target.unit_kind} {target.unit_id}, season {target.season} to {target.day}",
        "marts.season_kpi",
        f"The published value, in {unit}, with its target and verdict.",
        {
            "value": value,
            "numerator": published.numerator,
            "denominator": published.denominator,
            "target": goal,
            "verdict": verdict,
        },
    )
    return published, [step, _formula(connection, published), _publication(connection, published)]


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def _what_there_is(connection: psycopg.Connection, target: Target) -> str:
    row = connection.execute(
        "select min(heating_date), max(heating_date) from marts.season_kpi where season = %(season)s and kpi = %(kpi)s"
        " and unit_kind = %(kind)s and unit_id = %(unit)s",
        target.parameters,
    ).fetchone()
    asked = f"{target.kpi} of {target.unit_kind} {target.unit_id} in season {target.season}"
    if row is None or row[0] is None:
        return f"nothing is published for {asked}; see marts.season_kpi for the seasons and units there are"
    return f"nothing is published for {asked} on {target.day}; published are {row[0]} to {row[1]}"


def _formula(connection: psycopg.Connection, published: Published) -> Step:
    target, factor = published.target, FACTORS[published.target.kpi]
    files = connection.execute(
        "select d.path, d.sha256 from ledger.definition d where d.definition_hash ="
        " (select definition_hash from ledger.publication order by publication_id desc limit 1)"
        " and d.path ~ ('/(season_kpi|' || %s || ')\\.sql$') order by 1",
        ("|".join(DEFINED_IN[target.kpi]),),
    ).fetchall()
    step = Step(
        "Formula 公式",
        "ledger.definition",
        f"{factor} x numerator / denominator; null where there is nothing to divide by. What each means: docs/kpi-catalogue.md.",
        header=("defined in", "sha256"),
        rows=[tuple(f) for f in files],
    )
    ratio = factor * (published.numerator or 0) / published.denominator if published.denominator else None
    step.check("value = its ratio", published.value, ratio)
    return step


def _publication(connection: psycopg.Connection, published: Published) -> Step:
    rows = connection.execute(
        "select publication_id, published_at, value, is_restatement, coalesce(reason, '-'), triggered_by, content_hash"
        " from ledger.kpi_history where season = %(season)s and kpi = %(kpi)s and unit_kind = %(kind)s and unit_id = %(unit)s"
        " and heating_date = %(day)s order by publication_id",
        published.target.parameters,
    ).fetchall()
    step = Step(
        "Publications 发布记录",
        "ledger.kpi_history",
        "Each publication that brought or changed this value; a change beyond the dated tolerance is a restatement.",
        {"publications": len(rows), "restatements": sum(bool(r[3]) for r in rows)},
        header=("publication", "published", "value", "restated", "reason", "triggered by", "content hash"),
        rows=[tuple(r) for r in rows],
    )
    step.check("the value last published", rows[-1][2] if rows else None, published.value)
    return step
