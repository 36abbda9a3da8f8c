"""A place that has none of the feeds of service and works: everything is built and tested, and nothing is claimed."""

from __future__ import annotations

import pytest

MARTS = (
    "capacity_outlook",
    "cold_buildings",
    "incident_response",
    "new_community_watch",
    "overdue_case",
    "pipe_risk",
    "refund_exposure",
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
    company.dbt(full=True)
    figures = (
        "select repair_timely_percent, mean_first_answer_minutes, walk_ins, group_petitions, petition_closed_percent"
        " from candidate.service_timeliness where period = 'to_date' and unit_kind = 'company' and line = 'all'"
        f" and category = 'all' and service_date = '{day}'"
    )
    assert company.rows(figures) == [(100.0, 10.0, None, None, None)]
    company.load("service_ticket", [], feed="reception_days")
    company.knows_contract("reception_days")
    company.dbt(full=True)
    assert company.rows(figures) == [(100.0, 10.0, 0, 0, None)]


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
    company.dbt("build", "--select", "+service_timeliness", "--exclude-resource-type", "unit_test", full=True)
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
