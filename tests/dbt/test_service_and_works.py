"""A place that has none of the feeds of service and works: everything is built and tested, and nothing is claimed."""

from __future__ import annotations

import pytest

from hearth.contracts.contract import InService

MARTS = (
    "capacity_outlook",
    "cold_buildings",
    "incident_response",
    "new_community_watch",
    "overdue_case",
    "pipe_risk",
    "refund_exposure",
    "refund_season",
    "service_limit",
    "service_timeliness",
    "ticket_reclassification",
    "works_progress",
)


def test_without_rows_nothing_is_claimed_and_every_test_passes(company):
    company.empty()
    company.dbt("build", full=True)  # with all unit tests: this is where they run
    assert {mart: company.one(f"select count(*) from candidate.{mart}") for mart in MARTS} == dict.fromkeys(MARTS, 0)


def test_nobody_came_in_person_is_a_zero_only_where_a_log_of_it_was_asked_for(company):
    """One repair, handled in an hour: 100 %, and nobody knows whether anybody came in person until an empty log says so."""
    day = "2016-11-01"
    company.load(
        "service_ticket",
        [
            {
                "line": "963963", "ticket_no": "T1", "kind": "repair", "category": "leak", "status": "closed", "channel": "phone",
                "created_at": company.at(day, "08:00"), "accepted_at": company.at(day, "08:10"),
                "solved_at": company.at(day, "09:00"), "closed_at": company.at(day, "09:30"),
            }
        ],
    )  # fmt: skip
    built = ("run", "--select", "+service_timeliness")
    company.dbt(*built, full=True)
    figures = (
        "select repair_timely_percent, mean_first_answer_minutes, walk_ins, group_petitions, petition_closed_percent"
        " from candidate.service_timeliness where period = 'to_date' and unit_kind = 'company' and line = 'all'"
        f" and category = 'all' and service_date = '{day}'"
    )
    assert company.rows(figures) == [(100.0, 10.0, None, None, None)]
    company.load("service_ticket", [], feed="reception_days")
    company.knows_contract("reception_days")
    company.dbt(*built, full=True)
    assert company.rows(figures) == [(100.0, 10.0, 0, 0, None)]


def test_a_line_that_joins_late_and_ends_early_makes_no_zeros(company):
    """The hotline is known all season, 12345 from 1 to 10 December: so are all lines together, until its contract says it was only
    in service then. A repair reported to it on the 10th is not late because the hotline is ahead."""
    built = ("run", "--select", "+complaint_rate", "+int_service_ticket_limit")
    company.empty()
    complaint = {"kind": "complaint", "category": "no_heat", "status": "accepted"}
    repair = {"line": "12345", "kind": "repair", "category": "leak", "status": "accepted"}
    by_hotline = [("2016-11-20", "A1"), ("2016-12-05", "A2"), ("2016-12-20", "A3")]
    rows = [{**complaint, "line": "963963", "ticket_no": n, "created_at": company.at(d, "08:00")} for d, n in by_hotline]
    company.load("service_ticket", rows, feed="hotline_963963")
    company.knows_contract("hotline_963963")
    rows = [
        {**complaint, "line": "12345", "ticket_no": "B1", "created_at": company.at("2016-12-02", "08:00")},
        {**repair, "ticket_no": "B2", "created_at": company.at("2016-12-10", "20:00")},
    ]
    company.load("service_ticket", rows, feed="city_line_12345", asked=("2016-12-01", "2016-12-11"))
    company.knows_contract("city_line_12345")
    company.dbt(*built, full=True)

    def figures(day: str, line: str = "all") -> tuple:
        return company.one(
            "select d.cases, t.cases, t.days, t.days_known, t.known_since_date::text, t.known_until_date::text"
            " from candidate.complaint_rate d join candidate.complaint_rate t"
            " using (season, heating_date, unit_kind, unit_id, line, category) where d.period = 'day' and t.period = 'to_date'"
            f" and unit_kind = 'company' and category = 'all' and line = '{line}' and heating_date = '{day}'"
        )

    ten = ("2016-12-01", "2016-12-10")
    assert figures("2016-11-20") == (None, None, 32, 0, *ten)
    assert figures("2016-12-20") == (None, 2, 62, 10, *ten)
    assert figures("2016-12-03", "12345") == (0, 1, 45, 3, *ten)
    assert figures("2016-12-20", "963963") == (1, 3, 62, 62, "2015-05-01", "2017-04-30")
    assert company.rows("select outcome from intermediate.int_service_ticket_limit where ticket_no = 'B2'") == [("open",)] * 2
    company.knows_contract("city_line_12345", in_service=InService(**{"from": "2016-12-01", "to": "2016-12-10"}))
    company.dbt(*built, full=True)
    assert figures("2016-12-20") == (1, 4, 62, 62, "2015-05-01", "2017-04-30")


def test_a_step_typed_before_its_report_gives_no_hours_and_is_not_in_time(company):
    """Two repairs, both done three days late; in the second the year of the steps was mistyped."""
    day, late = "2016-12-20", company.at("2016-12-23", "08:00")
    ticket = {
        "line": "963963", "kind": "repair", "category": "leak", "status": "closed", "channel": "phone",
        "created_at": company.at(day, "08:00"), "closed_at": company.at("2016-12-23", "09:30"),
    }  # fmt: skip
    right = {"accepted_at": company.at(day, "08:10"), "on_site_at": company.at(day, "10:00"), "solved_at": late}
    wrong = {name: company.at("2015-12-20", "09:00") for name in right}
    company.load("service_ticket", [{**ticket, "ticket_no": "S1", **right}, {**ticket, "ticket_no": "S2", **wrong}])
    company.dbt("run", "--select", "+service_timeliness", full=True)
    assert company.rows(
        "select mean_first_answer_minutes, mean_on_site_hours, mean_solved_hours, repair_timely_percent"
        " from candidate.service_timeliness where period = 'day' and unit_kind = 'company' and line = 'all'"
        f" and category = 'all' and service_date = '{day}'"
    ) == [(10, 2, 72, 0)]


@pytest.mark.fault("F43")
def test_a_correction_stays_when_the_stale_original_comes_again(company):
    company.empty()
    ticket = {"line": "963963", "ticket_no": "C1", "kind": "complaint", "status": "closed", "created_at": company.at("2016-12-20")}
    for version, category, hour in ((1, "no_heat", "08:00"), (2, "leak", "09:00"), (1, "no_heat", "10:00")):
        arrived_at = company.at("2016-12-21", hour)
        company.load("service_ticket", [{**ticket, "source_version": version, "category": category, "arrived_at": arrived_at}])
    company.dbt("run", "--select", "+stg_service_ticket", full=True)
    assert company.rows("select ticket_no, category, source_version from staging.stg_service_ticket") == [("C1", "leak", 2)]
