"""Service and works: every mart equals the city's own truth, counted apart from the pipeline."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import Warehouse, World


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
    "tickets", "returned", "complaints", "repair_requests", "repairs_carried_over", "consultations", "temperature_tests",
    "reclassified_from_complaint", "reclassified_to_complaint", "first_answers", "arrivals", "solved", "closed", "reopenings",
    "repairs_judged", "repairs_in_time", "petitions_due", "petitions_closed_in_time", "city_line_closed",
    "city_line_closed_in_time", "breaches", "complaint_cases", "repeat_cases", "forwarded_tickets",
    "unnamed_cases", "unnamed_enterprise_cases", "followed_up",
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
    return repr(float(part) / unit / float(whole)) if float(whole or 0) else ""


def test_a_complaint_that_became_something_else_leaves_a_trace(world: World, published: Warehouse) -> None:
    key = ("line", "ticket_no", "change_no")
    figures = ("reclassified_date", "from_kind", "to_kind", "is_after_closing", "category")
    found = published.rows(f"select {', '.join((*key, *figures))} from marts.ticket_reclassification")
    assert_same(found, truth_of(world, "ticket_reclassification"), key, figures)
    assert {row[5] for row in found if row[4] == "complaint"} == {"consultation", "repair"}


def test_an_enterprise_that_gave_no_number_is_no_resident(published: Warehouse) -> None:
    """One case a season, at no station; the register's own enterprise is the other."""
    query = (
        "select s.season, s.unnamed_enterprise_cases, c.enterprise_cases, s.unnamed_cases > 1 from marts.service_timeliness as s"
        " inner join marts.complaint_rate as c on c.season = s.season and c.heating_date = s.service_date and c.period = s.period"
        " and c.unit_kind = s.unit_kind and c.line = s.line and c.category = s.category where s.unit_kind = 'company'"
        " and s.line = 'all' and s.category = 'all' and s.period = 'to_date' and s.season_day = 150 order by 1"
    )
    assert published.rows(query) == [("2015-16", 1, 2, True), ("2016-17", 1, 2, True)]


def test_a_repair_of_the_eve_is_in_the_first_days_backlog(published: Warehouse) -> None:
    """One done within the season and one never; the second is an overdue case, behind those of the season."""
    carried = published.rows(
        "select season, min(service_date) filter (where repairs_carried_over > 0), max(repairs_carried_over), max(season_day)"
        " filter (where repairs_carried_over > 0) from marts.service_timeliness where unit_kind = 'company' and line = 'all'"
        " and category = 'all' and period = 'day' group by season order by season"
    )
    assert [(season, day.isoformat(), last) for season, day, _, last in carried] == [
        ("2015-16", "2015-10-20", 1),
        ("2016-17", "2016-10-20", 1),
    ]
    assert all(count >= 2 for _, _, count, _ in carried)
    left = "select season, is_backlog from marts.overdue_case where ticket_no ~ '1019-9[0-9]{3}$' order by season"
    assert published.rows(left) == [("2015-16", True), ("2016-17", True)]


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
    key, figures = ("season", "refund_date", "household_id"), ("value", "cause", "is_measured", "is_below_standard")
    found = published.rows(
        "select season, refund_date, household_id, value_degc, cause, is_measured, is_below_standard from marts.refund_exposure"
    )
    assert_same(found, truth_of(world, "refund_exposure"), key, figures, 1e-6)
    assert {row[4] for row in found} == {"user", "not_user", "unknown"}
    assert published.rows("select count(*) from marts.refund_exposure where refund_percent is not null") == [(0,)]
    before = published.rows(
        "select count(*), max(refund_date) - min(refund_date) from marts.refund_exposure inner join intermediate.int_season as s"
        " using (season) where request_date = s.season_start - 2 and ticket_no ~ '-9[0-9]{3}$' group by season"
    )
    assert before == [(4, 3), (4, 3)], "claims of the eve run from the first day on"


def test_the_refund_of_a_season_says_what_nobody_knows(world: World, published: Warehouse) -> None:
    counts = ("claim_days", "own_cause_days", "refundable_days", "cause_unknown_days", "unmeasured_days")
    found = published.rows(f"select season, household_id, {', '.join(counts)} from marts.refund_season")
    assert_same(found, truth_of(world, "refund_season"), ("season", "household_id"), counts)
    assert published.rows("select count(*) from marts.refund_season where known_days > 0 or is_known <> (refundable_days = 0)") == [
        (0,)
    ]


COLD = (
    "building_id", "homes_examined", "homes_cold", "judged_days", "days_below", "longest_streak_days", "visits", "cause",
    "measures", "measures_done", "before_degc", "after_degc", "comparable_before_observations", "comparable_after_observations",
    "comparable_before_degc", "comparable_after_degc", "after_observations", "after_observations_below", "comparable_after_below",
    "comparable_after_homes", "is_cold_again", "proof",
)  # fmt: skip


def test_cold_buildings_and_homes_are_those_of_the_citys_truth(world: World, published: Warehouse) -> None:
    key = ("season", "subject_kind", "subject_id")
    found = published.rows(f"select {', '.join(key)}, {', '.join(COLD)} from marts.cold_buildings")
    # The city rounds the value of a home's day to 6 decimals.
    assert_same(found, truth_of(world, "cold_buildings"), key, COLD, within=1e-6)
    assert {row[1] for row in found} == {"building", "household"}
    rows = [dict(zip((*key, *COLD), row, strict=True)) for row in found]
    assert all(row["comparable_after_observations"] >= 3 for row in rows if row["proof"] == "cured")
    assert {"cured", "not_proved"} <= {row["proof"] for row in rows}
    assert any(0 < row["after_observations"] < 3 for row in rows if row["proof"] == "not_proved")
    assert any(row["measures"] > row["measures_done"] > 0 for row in rows), "a home of two measures, one of them open"


def test_a_visit_after_the_season_leaves_a_row(published: Warehouse) -> None:
    late = "select v.household_id from staging.stg_household_visit as v where v.visited_date between '2016-04-07' and '2016-10-19'"
    seen = published.rows(
        "select count(*), bool_and(is_cold_by_visit and visits > 0) from intermediate.int_cold_home"
        f" where season = '2015-16' and household_id in ({late})"
    )
    assert seen == published.rows(f"select count(*), true from ({late}) as v") and seen[0][0] >= 3


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


def test_an_export_in_two_files_is_one_export(published: Warehouse) -> None:
    """The primary network in one file and the secondary in another, delivered 25 minutes apart: half of it was never removed."""
    exports = published.rows(
        "select s.exported_at, s.segments, s.removed_segments, count(distinct r.file_id), count(distinct r.network_level)"
        " from marts.pipe_register_summary as s"
        " inner join raw.pipe_segment as r on r.feed = s.feed and r.arrived_at = s.exported_at"
        " where s.network_level = 'all' and s.breakdown = 'all' group by 1, 2, 3 order by 1"
    )
    assert [(files, levels) for *_, files, levels in exports] == [(2, 2)] * 4
    assert all((removed or 0) < segments / 10 for _, segments, removed, *_ in exports)
    assert published.rows("select count(distinct exported_at) from marts.pipe_register_change") == [(3,)]


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
    untold = published.rows(
        "select bool_or(is_without_heat_at_start and days_late > 0), bool_and(connected_from_date is not null)"
        " from marts.new_community_watch where connection_stage = 'connected' and connected_date is null"
    )
    assert untold == [(True, True)], "connected in the winter, and nobody says when"


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
