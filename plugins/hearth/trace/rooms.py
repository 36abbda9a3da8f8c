"""Percent of rooms meeting the standard 室温合格率: household-days, point-days, readings."""

from __future__ import annotations

import psycopg

from hearth.trace import readings
from hearth.trace.origin import Raw, origin, refused
from hearth.trace.published import Published
from hearth.trace.steps import Step

_DAYS = "season = %(season)s and heating_date <= %(day)s"


def steps(connection: psycopg.Connection, published: Published) -> list[Step]:
    target, values = published.target, published.target.parameters
    households = connection.execute(
        "select count(*), count(*) filter (where complies), coalesce(sum(judged_points), 0), count(distinct heating_date),"
        " count(distinct household_id) from intermediate.int_household_day"
        f" where {_DAYS} and point_kind = 'all' and {target.belongs}",
        values,
    ).fetchone()
    assert households is not None
    judged, complying, points, days, homes = households
    home_step = Step(
        "Household-days 户日",
        "intermediate.int_household_day",
        "One row a home and judged day: of its judged rooms the one with the smallest margin to the standard speaks for it.",
        {"household-days": judged, "complying": complying, "homes": homes, "days": days},
    )
    home_step.check("judged household-days = denominator", judged, published.denominator)
    home_step.check("complying household-days = numerator", complying, published.numerator)
    return [home_step, *_below(connection, published, points)]


def _below(connection: psycopg.Connection, published: Published, points: int) -> list[Step]:
    target, values = published.target, published.target.parameters
    by_reason = connection.execute(
        "select judged_reason, count(*), sum(readings), sum(readings_accepted) from intermediate.int_point_day"
        f" where {_DAYS} and customer_kind = 'resident' and {target.belongs} group by 1 order by 2 desc",
        values,
    ).fetchall()
    judged = next((row for row in by_reason if row[0] == "judged"), ("judged", 0, 0, 0))
    point_step = Step(
        "Point-days 点日",
        "intermediate.int_point_day",
        "One row a measuring point and local day, with its time-weighted value, and whether it is judged and why not.",
        {"point-days": sum(r[1] for r in by_reason), "judged": judged[1]},
        header=("judged, or why not", "point-days", "readings", "accepted after flags"),
        rows=[tuple(r) for r in by_reason],
    )
    point_step.check("judged point-days = points of the household-days", judged[1], points)
    raw = _readings(connection, published)
    reading_step = Step(
        "Readings 测温读数",
        raw.table,
        "Readings of the judged point-days, one a point and time; flagged ones (stuck, jump, window, method) are left out.",
        {"readings": raw.picked, "left out by a flag": int(judged[2] - judged[3])},
    )
    reading_step.check("readings = readings counted in the judged point-days", raw.picked, judged[2])
    subjects = (
        "subject_id in (select point_id from intermediate.int_point_day"
        f" where {_DAYS} and customer_kind = 'resident' and {target.belongs})"
    )
    return [
        point_step,
        reading_step,
        *origin(connection, "room_reading", raw.picked, raw=raw),
        refused(connection, "room_reading", published.season_start, target.day, subjects, **values),
    ]


def _readings(connection: psycopg.Connection, published: Published) -> Raw:
    """The readings of the judged point-days, in the temporary table `traced`."""
    connection.execute(
        "create temp table judged_point_day on commit drop as select point_id, heating_date from intermediate.int_point_day"
        f" where {_DAYS} and customer_kind = 'resident' and is_judged and {published.target.belongs}",
        published.target.parameters,
    )
    since, until = published.instants(connection)
    return readings.trace(connection, "room_reading", "select point_id, heating_date from judged_point_day", since, until)
