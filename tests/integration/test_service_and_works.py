"""Service and works: every mart equals the city's own truth, counted apart from the pipeline."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from world import Warehouse, World


def truth_of(world: World, name: str) -> list[dict[str, str]]:
    with (world.instance.city / "truth" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assert_same(
    found: list[tuple[Any, ...]],
    truth: list[dict[str, str]],
    key: Sequence[str],
    figures: Sequence[str],
    within: float = 1e-9,
) -> None:
    """The same keys, and every figure equal: counts exactly, values to `within`; empty stays empty."""
    mine = {tuple(str(v) for v in row[: len(key)]): row[len(key) :] for row in found}
    theirs = {tuple(row[k] for k in key): [row[f] for f in figures] for row in truth}
    assert len(mine) == len(found) and len(theirs) == len(truth), "a key stands twice"
    assert (sorted(mine.keys() - theirs.keys())[:3], sorted(theirs.keys() - mine.keys())[:3]) == ([], [])
    for name, row in mine.items():
        for figure, have, want in zip(figures, row, theirs[name], strict=True):
            assert _equal(have, want, within), (name, figure, have, want)


def _equal(have: Any, want: str, within: float) -> bool:
    if have is None or want == "":
        return have is None and want == ""
    if isinstance(have, (int, float)) and not isinstance(have, bool):
        return abs(have - float(want)) <= within * max(1.0, abs(have))
    return str(have) == want


COUNTS = (
    "tickets", "returned", "complaints", "repair_requests", "consultations", "temperature_tests",
    "reclassified_from_complaint", "reclassified_to_complaint", "first_answers", "arrivals", "solved", "closed", "reopenings",
    "repairs_judged", "repairs_in_time", "petitions_due", "petitions_closed_in_time", "city_line_closed",
    "city_line_closed_in_time", "breaches", "complaint_cases", "repeat_cases", "forwarded_tickets", "followed_up",
    "rated", "satisfied", "walk_ins", "group_petitions", "petition_people",
)  # fmt: skip
SERVICE_KEY = ("season", "service_date", "period", "unit_kind", "unit_id", "line", "category")


def test_service_is_as_timely_as_the_city_says(world: World, published: Warehouse) -> None:
    truth = truth_of(world, "service_timeliness")
    for row in truth:
        row["answer"] = ratio(row["first_answer_s"], row["first_answers"], 60)
        row["site"] = ratio(row["on_site_s_sum"], row["arrivals"], 3600)
        row["solve"] = ratio(row["solved_s_sum"], row["solved"], 3600)
        row["score"] = ratio(row["satisfaction_sum"], row["rated"], 1)
    found = published.rows(
        f"select {', '.join(SERVICE_KEY)}, {', '.join(COUNTS)}, mean_first_answer_minutes, mean_on_site_hours,"
        " mean_solved_hours, mean_satisfaction from marts.service_timeliness"
    )
    assert_same(found, truth, SERVICE_KEY, (*COUNTS, "answer", "site", "solve", "score"))


def test_each_time_limit_is_kept_as_the_city_says_under_its_own_name(world: World, published: Warehouse) -> None:
    key = ("service_date", "period", "unit_kind", "unit_id", "limit_code")
    figures = ("season", "tickets", "in_time", "late", "still_open", "not_judged")
    found = published.rows(f"select {', '.join((*key, *figures))} from marts.service_limit")
    assert_same(found, truth_of(world, "service_limit"), key, figures)
    assert {row[4] for row in found if row[8] > 0} == {"repair_handled", "city_line_closed", "petition_closed"}


def ratio(part: str, whole: str, unit: int) -> str:
    return repr(float(part) / unit / float(whole)) if float(whole) else ""


def test_a_complaint_that_became_something_else_leaves_a_trace(world: World, published: Warehouse) -> None:
    key = ("line", "ticket_no", "change_no")
    figures = ("reclassified_date", "from_kind", "to_kind", "is_after_closing", "category")
    found = published.rows(f"select {', '.join((*key, *figures))} from marts.ticket_reclassification")
    assert_same(found, truth_of(world, "ticket_reclassification"), key, figures)
    assert {row[5] for row in found if row[4] == "complaint"} == {"consultation", "repair"}


def test_the_season_in_which_nobody_had_to_come(published: Warehouse) -> None:
    """Walk-ins: some in the first season, none in the second; the group petition stands apart from them."""
    query = (
        "select season, max(walk_ins), max(group_petitions) from marts.service_timeliness where unit_kind = 'company'"
        " and period = 'to_date' and line = 'all' and category = 'all' group by season order by season"
    )
    (first, second) = published.rows(query)
    assert first[1] > 5
    assert second == ("2016-17", 0, 1)


def test_claims_of_cold_homes_run_from_request_to_cure(world: World, published: Warehouse) -> None:
    truth = truth_of(world, "refund_exposure")
    found = published.rows(
        "select season, refund_date, household_id, value_degc, is_measured, is_below_standard from marts.refund_exposure"
    )
    assert_same(found, truth, ("season", "refund_date", "household_id"), ("value", "is_measured", "is_below_standard"), 1e-6)
    assert published.rows("select count(*) from marts.refund_exposure where refund_percent is not null") == [(0,)]


COLD = (
    "building_id", "homes_examined", "homes_cold", "judged_days", "days_below", "longest_streak_days", "visits", "cause",
    "measures", "measures_done", "before_degc", "after_degc", "comparable_before_observations", "comparable_after_observations",
    "comparable_before_degc", "comparable_after_degc", "after_observations", "after_observations_below", "proof",
)  # fmt: skip


def test_cold_buildings_and_homes_are_those_of_the_citys_truth(world: World, published: Warehouse) -> None:
    key = ("season", "subject_kind", "subject_id")
    found = published.rows(f"select {', '.join(key)}, {', '.join(COLD)} from marts.cold_buildings")
    # The city rounds the value of a home's day to 6 decimals.
    assert_same(found, truth_of(world, "cold_buildings"), key, COLD, within=1e-6)
    assert {row[1] for row in found} == {"building", "household"}
    assert any(row[-1] == "cured" for row in found)


def test_what_the_city_made_cold_is_found(world: World, published: Warehouse) -> None:
    """Every building and home made cold and visited is found, as a building, as a home, or inside a cold building."""
    made = {r["id"] for r in truth_of(world, "cold_as_made") if r["why"] == "made"}
    places = dict(published.rows("select distinct household_id, building_id from intermediate.int_household_place"))
    found = {row[0] for row in published.rows("select subject_id from marts.cold_buildings where season = '2015-16'")}
    missed = {thing for thing in made if thing not in found and places.get(thing) not in found}
    assert len(missed) <= 0.1 * len(made)


WORKS = (
    "items", "items_finished", "items_late", "items_finished_before_season", "planned_length_m", "done_length_m",
    "length_percent", "budget_cny", "spent_cny", "boilers", "boilers_removed", "boiler_capacity_t", "heated_area_m2",
    "households_connected",
)  # fmt: skip


def test_works_stand_where_the_city_says(world: World, published: Warehouse) -> None:
    key = ("season", "programme", "as_of_date", "unit_kind", "unit_id")
    found = published.rows(f"select {', '.join(key)}, {', '.join(WORKS)} from marts.works_progress")
    assert_same(found, truth_of(world, "works_progress"), key, WORKS)
    assert {row[1] for row in found} == {
        "renewal", "new_build", "major_repair", "renovation_place", "pump_station", "boiler_merging",
    }  # fmt: skip


INCIDENT = (
    "season", "incident_date", "kind", "branch_id", "without_heat_from_date", "is_open", "diagnosed_hours", "decided_hours",
    "on_site_hours", "restored_hours", "outage_hours", "season_outage_hours", "households_without_heat",
    "household_hours_without_heat", "readiness", "short_items", "unknown_items",
)  # fmt: skip


def test_incidents_are_answered_as_the_city_says(world: World, published: Warehouse) -> None:
    found = published.rows(f"select order_no, {', '.join(INCIDENT)} from marts.incident_response")
    assert_same(found, truth_of(world, "incident_response"), ("order_no",), INCIDENT)
    by_order = {row[0]: dict(zip(INCIDENT, row[1:], strict=True)) for row in found}
    assert {row["readiness"] for row in by_order.values()} >= {"ready", "unknown"}
    before, after, left_open, still_open, crews_alone = (by_order[f"WO-90000{n}"] for n in range(1, 6))
    for over in (before, after, left_open):
        assert 0 < over["season_outage_hours"] < over["outage_hours"] and over["household_hours_without_heat"] > 0
    assert before["without_heat_from_date"] > before["incident_date"]
    assert left_open["is_open"] and still_open["is_open"] and still_open["season_outage_hours"] > 48
    assert (crews_alone["readiness"], crews_alone["unknown_items"]) == ("unknown", "spare_part, vehicle")


def test_pipes_are_ranked_as_the_city_says(world: World, published: Warehouse) -> None:
    figures = ("age_years", "failures", "risk_points", "failures_per_km_year", "priority_rank")
    found = published.rows(f"select segment_no, {', '.join(figures)} from marts.pipe_risk")
    assert_same(found, truth_of(world, "pipe_risk"), ("segment_no",), figures)
    assert sum(row[2] for row in found) > 5
    dug_up = published.rows(
        "select p.segment_no, p.year_laid, p.failures, count(*) from marts.pipe_risk as p inner join marts.incident_response as i"
        " on i.asset_id = p.segment_no and i.order_no > 'WO-900005' group by 1, 2, 3"
    )
    assert dug_up and {row[1:] for row in dug_up} == {(2016, 0, 2)}, "broke twice in the winter before it was renewed"


def test_communities_without_heat_are_those_of_the_city(world: World, published: Warehouse) -> None:
    figures = (
        "nth_season", "is_without_heat_at_start", "is_second_season_without_heat", "stage_at_start", "connection_stage",
        "days_late",
    )  # fmt: skip
    found = published.rows(
        f"select season, community_id, {', '.join(figures)} from marts.new_community_watch where season <= '2016-17'"
    )
    assert_same(found, truth_of(world, "new_community_watch"), ("season", "community_id"), figures)
    assert any(row[4] for row in found)


def test_capacity_is_as_long_enough_as_the_city_says(world: World, published: Warehouse) -> None:
    key, figures = ("issue_date", "unit_kind", "unit_id", "years_ahead"), ("capacity_mw", "demand_mw", "is_enough", "is_newest")
    found = published.rows(f"select {', '.join(key)}, {', '.join(figures)} from marts.capacity_outlook")
    assert_same(found, truth_of(world, "capacity_outlook"), key, figures)
    assert {row[-2] for row in found} == {True, False}
    assert {(row[1], str(row[0])) for row in found if row[-1]} == {
        ("station", "2016-08-25"), ("plant", "2016-09-01"), ("company", "2016-09-01"),
    }  # fmt: skip


def test_the_pages_around_the_season_are_written(published: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In August the winter's findings are tasks; in October the report says what is not ready."""
    from hearth.reports.season_pages import WRITERS, write

    monkeypatch.setenv("HEARTH_PAGES", str(tmp_path))
    assert set(WRITERS) == {"summer-works", "season-readiness"}
    programme = write("summer-works", {"params": {"day": "2016-08-01"}}).read_text(encoding="utf-8")
    (cold,) = published.rows("select subject_id from marts.cold_buildings where season = '2015-16' and subject_kind = 'building'")
    assert cold[0] in programme and "major_repair" in programme and "80 days are left" in programme
    ready = write("season-readiness", {"params": {"day": "2016-10-10"}}).read_text(encoding="utf-8")
    assert "Works done: pump_station" in ready and "automatic points sent readings" in ready
    assert "no row holds on that day" in ready, "Changchun has no refund tariff"
