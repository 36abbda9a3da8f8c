"""Complaint rate 投诉率: cases, their tickets, and the homes served."""

from __future__ import annotations

import psycopg

from hearth.trace.origin import origin, refused
from hearth.trace.published import Published
from hearth.trace.steps import Step

_KNOWN = "(select call_days from intermediate.int_service_known where line = 'all')"
_CASES = f"season = %(season)s and case_date <= %(day)s and {_KNOWN} @> case_date and customer_kind <> 'enterprise'"


def steps(connection: psycopg.Connection, published: Published) -> list[Step]:
    target, values = published.target, published.target.parameters
    rows = connection.execute(
        f"select line, count(*), sum(tickets) from intermediate.int_complaint_case where {_CASES} and {target.belongs}"
        " group by line order by line",
        values,
    ).fetchall()
    cases, tickets = sum(r[1] for r in rows), sum(r[2] for r in rows)
    case_step = Step(
        "Complaint cases 投诉案件",
        "intermediate.int_complaint_case",
        "Tickets of one matter are one case, whichever lines they came by, on the day of the first. Enterprises stand"
        " apart, and so do days on which not every line is known.",
        {"cases": cases, "tickets": tickets},
        header=("line of the first ticket", "cases", "tickets"),
        rows=[tuple(r) for r in rows],
    )
    case_step.check("cases = numerator", cases, published.numerator)
    rules = connection.execute(
        "select case_rule, count(*) from intermediate.int_complaint_ticket_case where case_id in"
        f" (select case_id from intermediate.int_complaint_case where {_CASES} and {target.belongs}) group by 1 order by 1",
        values,
    ).fetchall()
    connection.execute(
        "create temp table traced on commit drop as"
        " select s.feed, s.batch_id, s.file_id, s.position, r.sub_position from intermediate.int_complaint_ticket_case t"
        " join staging.stg_service_ticket s using (line, ticket_no)"
        " join raw.service_ticket r on r.line = s.line and r.ticket_no = s.ticket_no and r.batch_id = s.batch_id"
        " and r.file_id = s.file_id and r.position = s.position where t.case_id in"
        f" (select case_id from intermediate.int_complaint_case where {_CASES} and {target.belongs})",
        values,
    )
    row = connection.execute("select count(*) from traced").fetchone()
    assert row is not None
    ticket_step = Step(
        "Tickets 工单",
        "intermediate.int_complaint_ticket_case",
        "Each ticket with the rule that put it into its case.",
        {"tickets": sum(r[1] for r in rules)},
        header=("rule", "tickets"),
        rows=[tuple(r) for r in rules],
    )
    ticket_step.check("tickets = tickets counted in the cases", sum(r[1] for r in rules), tickets)
    ticket_step.check("tickets found in staging", row[0], tickets)
    return [
        case_step,
        _served(connection, published),
        ticket_step,
        *origin(connection, "service_ticket", tickets, ("line", "ticket_no")),
        refused(connection, "service_ticket", published.season_start, target.day),
    ]


def _served(connection: psycopg.Connection, published: Published) -> Step:
    row = connection.execute(
        "select count(*), sum(s.served_households), coalesce(sum(a.homes), 0) from intermediate.int_season_day d"
        " left join intermediate.int_served_unit_day s on d.heating_date = s.heating_date and s.unit_kind = %(kind)s"
        " and s.unit_id = %(unit)s left join intermediate.int_complaint_suspended_day a on d.heating_date = a.heating_date"
        " and a.unit_kind = %(kind)s and a.unit_id = %(unit)s where d.season = %(season)s and d.heating_date <= %(day)s"
        f" and {_KNOWN} @> d.heating_date"
        " and d.heating_date in (select heating_date from intermediate.int_served_unit_day)",
        published.target.parameters,
    ).fetchone()
    assert row is not None
    days, home_days, suspended = row
    mean = None if home_days is None or not days else float(home_days + suspended) / days
    step = Step(
        "Homes served 供热户数",
        "intermediate.int_served_unit_day",
        "Mean over the season's days so far on which all lines and the register of homes are known; a home that is suspended or"
        " not yet connected does not count on that day, unless a case of the day is about it.",
        {"days": days, "home-days": home_days, "suspended home-days with a case": suspended, "mean": mean},
    )
    step.check("mean of the homes served = denominator", mean, published.denominator)
    return step
