"""A publication publishes what its own build made, whole, once; and marts that contradict each other are not published."""

from __future__ import annotations

import contextlib

import psycopg
import pytest

from hearth.transform import agreement, candidate, dbt, publish
from tests.support.publishing import marts, planned, run
from tests.support.world import Warehouse, short_build

DISTURBED = {
    "season_kpi with room_compliance": "update candidate.season_kpi set value = value - 1 where kpi = 'room_compliance_percent'"
    " and unit_kind = 'company' and value is not null",
    "season_kpi with complaint_rate": "delete from candidate.season_kpi where kpi = 'complaints_per_10000_households'"
    " and unit_kind = 'station'",
    "season_kpi with renewal_progress": "update candidate.renewal_progress set planned_length_m = planned_length_m + 1"
    " where work_type = 'renewal' and network_level = 'all' and planned_length_m is not null",
    "room_compliance to date with its days": "update candidate.room_compliance set complying_household_days ="
    " complying_household_days + 1 where period = 'day' and unit_kind = 'station'",
    "complaint_rate to date with its days": "update candidate.complaint_rate set tickets = tickets + 1 where period = 'to_date'",
    "units of room_compliance with the company": "update candidate.room_compliance set judged_household_days ="
    " judged_household_days + 50 where period = 'day' and unit_kind = 'branch'",
    "units of complaint_rate with the company": "update candidate.complaint_rate set cases = cases + 5 where period = 'day'"
    " and unit_kind = 'station'",
    "service_timeliness with complaint_rate": "update candidate.service_timeliness set complaint_cases = complaint_cases + 1",
    "service_timeliness with ticket_reclassification": "update candidate.service_timeliness set reclassified_from_complaint = 9",
    "service_timeliness with service_limit": "update candidate.service_timeliness set repairs_judged = repairs_judged + 1"
    " where line = 'all' and category = 'all'",
    "extreme_weather with room_compliance and complaint_rate": "insert into candidate.extreme_weather (season, heating_date,"
    " percent, spell_start_date, spell_day, outdoor_degc, design_degc, below_degc) select season, heating_date, percent + 1,"
    " heating_date, 1, -30, -21, 9 from candidate.room_compliance where period = 'day' and unit_kind = 'company'"
    " and point_kind = 'all'"
    " and percent is not null limit 1",
    "pipe_register_summary with pipe_register_change": "delete from candidate.pipe_register_change",
}
"""What makes each pair of marts disagree."""


def newest_build(warehouse: Warehouse) -> int:
    return int(warehouse.rows("select max(build_id) from ledger.publication")[0][0])


@pytest.mark.fault("F50")
def test_a_candidate_of_another_build_or_half_built_is_never_published(installed: Warehouse) -> None:
    """Build A is red at the gate, build B dies between two models, then A's gate is cleared: nothing of B goes out as A's."""
    first = planned(installed)
    with short_build():
        dbt.build(first.build_id, first.full_refresh)
    before = marts(installed)
    run(installed, DISTURBED["season_kpi with room_compliance"])
    with pytest.raises(publish.GateRed, match=r"season_kpi with room_compliance: \d+ of \d+ figures differ, e.g. 2015-16"):
        publish.gate_and_publish(first.build_id, "test")
    second = planned(installed)
    with contextlib.suppress(RuntimeError), candidate.sole_build(second.build_id, "transformation"):
        candidate.note(second.build_id, "begun")
        dbt.run_dbt(["run", "--select", "room_compliance"], build=dbt.of_build(second.build_id))
        raise RuntimeError("dbt died here")
    for build in (first, second):
        with pytest.raises(candidate.NotItsCandidate, match="The marts of the last publication stay"):
            publish.gate_and_publish(build.build_id, "test")
    assert marts(installed) == before
    third = planned(installed)
    with short_build():
        dbt.build(third.build_id, third.full_refresh)
    published = publish.gate_and_publish(third.build_id, "test")
    with psycopg.connect(installed.url) as owner:
        assert [c.name for c in agreement.compare(owner) if c.differing] == []
    again = publish.gate_and_publish(third.build_id, "a task run again after its commit")
    assert (again.publication_id, again.rows) == (published.publication_id, published.rows)
    assert installed.rows("select count(*) from ledger.publication where build_id = %s", third.build_id) == [(1,)]


@pytest.mark.fault("F51")
def test_a_second_build_waits_and_then_ends_saying_for_whom(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_BUILD_WAIT_SECONDS", "0.3")
    with candidate.sole_build(7, "transformation"):
        with pytest.raises(candidate.BuildRunning, match=r"waited 0.3 s for hearth transformation of build 7"):
            dbt.build(8, False)
        with pytest.raises(candidate.BuildRunning, match="hearth transformation of build 7"):
            publish.gate_and_publish(newest_build(installed), "test")
    publish.gate_and_publish(newest_build(installed), "test")


def test_every_figure_that_stands_in_two_marts_is_compared(installed: Warehouse) -> None:
    assert DISTURBED.keys() == agreement.AGREEMENTS.keys()
    with psycopg.connect(installed.url) as owner:
        assert [c.name for c in agreement.compare(owner) if c.differing] == []
        for name, statement in DISTURBED.items():
            assert owner.execute(statement).rowcount > 0, name
            assert name in [c.name for c in agreement.compare(owner) if c.differing]
            owner.rollback()


@pytest.mark.fault("F50")
def test_the_candidate_of_a_published_build_is_not_taken_for_its_own_after_another_began(installed: Warehouse) -> None:
    build = newest_build(installed)
    with psycopg.connect(installed.url) as owner:
        candidate.require_own(owner, build)
        owner.execute("insert into ledger.candidate (build_id, state) values (%s, 'begun')", (build,))
        with pytest.raises(candidate.NotItsCandidate, match="its transformation began"):
            candidate.require_own(owner, build)
        owner.rollback()
