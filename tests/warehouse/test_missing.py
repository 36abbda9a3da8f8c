"""An interval nobody pulled is found, told and pulled again by itself, until a person gives it up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner

from hearth.brief.light import light_of
from hearth.cli import main
from hearth.contracts.contract import Contract, InService
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.dated.limits import health_limits
from hearth.health import flow
from hearth.health.problem import Surroundings
from hearth.intake.missing import look, pull_all_again
from hearth.sources import http_client
from hearth.sources.delivery import SourceUnavailable
from hearth.warehouse.holes import Hole
from tests.support.weather import DAY, Source, hours, load, pull, stands
from tests.support.world import Warehouse

LATER = DAY + timedelta(days=5, hours=3)


@pytest.fixture
def weather() -> Contract:
    return find_contract("weather")


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def missing(number: int) -> Hole:
    return Hole("weather", Interval(day(number).astimezone(UTC), day(number + 1).astimezone(UTC)))


def loaded(source: Source, number: int) -> None:
    source.status, source.items = 200, hours(24, day(number))
    load(pull(day(number)))


def failed(source: Source, number: int) -> None:
    source.status = 503
    with pytest.raises(SourceUnavailable):
        pull(day(number))


@pytest.mark.fault("F52")
def test_a_hole_in_the_middle_is_found_told_and_pulled_again(
    installed: Warehouse, source: Source, weather: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "_back_off", lambda state: 0.01)
    loaded(source, 0)
    failed(source, 1)
    for number in (2, 3, 4):
        loaded(source, number)
    assert look([weather], "test", LATER) == [missing(1)]
    with psycopg.connect(installed.url) as connection:
        seen = Surroundings(connection, LATER, health_limits(LATER.date()))
        (problem,) = flow.holes(seen, {"weather": weather})
        assert problem.found == f"1 intervals were never loaded, the first is {missing(1).interval}"
        light = light_of(connection, day(1).date(), 95)
        assert light.state == "red" and "weather 缺 1 个区间 intervals were never pulled" in light.reasons
        assert not any("intervals" in reason for reason in light_of(connection, date(2015, 11, 6), 95).reasons)
    source.status = 503
    closed, failures = pull_all_again({"weather": weather}, [missing(1)], "again", 60)
    assert closed == [] and "status 503" in failures[0]
    source.status, source.items = 200, hours(24, day(1))
    assert pull_all_again({"weather": weather}, [missing(1)], "again", 60) == ([missing(1)], [])
    assert stands(installed, days=5) == 120
    assert look([weather], "test", LATER) == []
    assert installed.rows("select count(*) from ledger.hole_open") == [(0,)]


def test_what_the_scheduler_has_not_come_to_is_no_hole_and_what_failed_is(
    installed: Warehouse, source: Source, weather: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "_back_off", lambda state: 0.01)
    loaded(source, 0)
    assert look([weather], "test", LATER) == []
    failed(source, 2)
    assert look([weather], "test", LATER) == [missing(1), missing(2)]
    assert look([weather], "test", day(3) + timedelta(hours=1)) == [missing(1)], "its own task may still be at it"
    given = [missing(1).interval.start.isoformat(), missing(1).interval.end.isoformat()]
    answer = CliRunner().invoke(main, ["holes", "give-up", "weather", *given, "--why", "the station was off the net"])
    assert answer.exit_code == 0, answer.output
    listed = CliRunner().invoke(main, ["holes", "list", "--feed", "weather", "--now", LATER.isoformat()])
    assert listed.exit_code == 1 and "1 intervals are missing" in listed.output, listed.output
    source.status, source.items = 200, []
    assert pull_all_again({"weather": weather}, look([weather], "test", LATER), "again", 60)[1] == []
    assert look([weather], "test", LATER) == []


def test_the_first_day_of_the_schedule_counts_although_it_never_came(
    installed: Warehouse, source: Source, weather: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_SCHEDULE_START", "2015-04-29")
    before = [hole.interval.start for hole in look([weather], "test", LATER)]
    assert before == [datetime(2015, 4, number, 16, tzinfo=UTC) for number in (28, 29)]
    monkeypatch.setenv("HEARTH_SCHEDULE_END", "2015-04-30")
    assert len(look([weather], "test", LATER)) == 1
    first_day = weather.model_copy(update={"in_service": InService.model_validate({"from": "2015-04-30"})})
    monkeypatch.setenv("HEARTH_SCHEDULE_END", "2015-05-01")
    assert [hole.interval.start for hole in look([first_day], "test", LATER)] == before[1:], (
        "before it there was nothing to ask for"
    )
    last_day = weather.model_copy(update={"in_service": InService.model_validate({"to": "2015-04-29"})})
    assert [hole.interval.start for hole in look([last_day], "test", LATER)] == before[:1]
