"""The heating-season timetable: edges of the season, gaps, clock changes, catch-up, serialisation."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hearth.contracts.contract import Schedule
from hearth.dated.calendar import load_seasons, season_of
from hearth.dated.timetable import SeasonTimetable

CHANGCHUN, NEW_YORK = "Asia/Shanghai", "America/New_York"
HEADER = "season,statutory_start,statutory_end,actual_start,actual_end\n"


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "heating_season.csv").write_text(
        HEADER + "2015-16,2015-10-20,2016-04-06,2015-10-17,2016-04-08\n2016-17,2016-10-20,2017-04-06,,\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("HEARTH_SEEDS", str(tmp_path))
    return tmp_path


def local(text: str, zone: str = CHANGCHUN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def intervals(timetable: SeasonTimetable, first: str, number: int, zone: str = CHANGCHUN) -> list[tuple[str, str]]:
    """The next intervals as local texts."""
    found, at = [], local(first, zone)
    for _ in range(number):
        interval = timetable.interval_from(at)
        if interval is None:
            break
        found.append(tuple(t.in_timezone(zone).format("YYYY-MM-DD HH:mm") for t in (interval.start, interval.end)))
        at = interval.end
    return found


def test_early_start_and_extension_are_heating_days(seeds: Path) -> None:
    daily = SeasonTimetable("0 0 * * *", None, CHANGCHUN)
    assert intervals(daily, "2015-10-01T00:00", 1) == [("2015-10-17 00:00", "2015-10-18 00:00")]
    assert intervals(daily, "2016-04-08T00:00", 2) == [
        ("2016-04-08 00:00", "2016-04-09 00:00"),
        ("2016-10-20 00:00", "2016-10-21 00:00"),
    ]
    assert intervals(daily, "2017-04-06T00:00", 5) == [("2017-04-06 00:00", "2017-04-07 00:00")]


def test_off_season_intervals_touch_the_season_without_gap(seeds: Path) -> None:
    weekly_in_summer = SeasonTimetable("0 0 * * *", "0 0 * * 1", CHANGCHUN)
    around_end = intervals(weekly_in_summer, "2016-04-08T00:00", 3)
    assert around_end == [
        ("2016-04-08 00:00", "2016-04-09 00:00"),
        ("2016-04-09 00:00", "2016-04-11 00:00"),
        ("2016-04-11 00:00", "2016-04-18 00:00"),
    ]
    around_start = intervals(weekly_in_summer, "2016-10-10T00:00", 3)
    assert around_start[1] == ("2016-10-17 00:00", "2016-10-20 00:00")
    assert around_start[2] == ("2016-10-20 00:00", "2016-10-21 00:00")


@pytest.mark.fault("F24")
def test_hourly_through_both_clock_changes(seeds: Path) -> None:
    """A day of 23 and one of 25 hours: as many intervals, each one hour long, none twice."""
    (seeds / "heating_season.csv").write_text(HEADER + "2016-17,2016-10-01,2017-05-31,,\n", encoding="utf-8")
    hourly = SeasonTimetable("0 * * * *", None, NEW_YORK)
    for day, hours in (("2016-11-06", 25), ("2017-03-12", 23)):
        at, end, count = local(f"{day}T00:00", NEW_YORK), local(f"{day}T00:00", NEW_YORK) + timedelta(days=1), 0
        while at < end:
            interval = hourly.interval_from(at)
            assert interval is not None and interval.start == at
            assert interval.end - interval.start == timedelta(hours=1)
            at, count = interval.end, count + 1
        assert count == hours


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 24 * 700), st.sampled_from(["0 0 * * *", "0 */6 * * *", "30 2 * * *", "*/20 * * * *"]))
def test_intervals_follow_each_other_from_any_moment(hours: int, cron: str) -> None:
    """From anywhere: the next interval starts no earlier, is not empty, lies within one regime, and the one after it
    starts where it ends (there is an off-season cron)."""
    timetable = SeasonTimetable(cron, "0 0 * * 1", CHANGCHUN)
    moment = local("2015-06-01T00:00") + timedelta(hours=hours)
    first = timetable.interval_from(moment)
    assert first is not None and moment <= first.start < first.end
    following = timetable.interval_from(first.end)
    assert following is not None and following.start == first.end
    seasons = load_seasons()
    days = [t.astimezone(ZoneInfo(CHANGCHUN)).date() for t in (first.start, first.end - timedelta(seconds=1))]
    assert season_of(days[0], seasons) == season_of(days[1], seasons)


def test_catch_up_gives_every_interval_and_stops_at_the_end(seeds: Path) -> None:
    daily = SeasonTimetable("0 0 * * *", None, CHANGCHUN)
    restriction = TimeRestriction(
        earliest=pendulum.instance(local("2017-04-05T00:00")),
        latest=pendulum.instance(local("2017-04-06T23:59")),
        catchup=True,
    )
    last, starts = None, []
    while (info := daily.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)) is not None:
        last = info.data_interval
        starts.append(last.start.in_timezone(CHANGCHUN).format("MM-DD"))
        assert info.run_after == last.end
    assert starts == ["04-05", "04-06"]


def test_without_catch_up_only_the_newest_complete_interval(seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daily = SeasonTimetable("0 0 * * *", None, CHANGCHUN)
    monkeypatch.setattr(pendulum, "now", lambda zone=None: pendulum.instance(local("2017-02-10T08:00")))
    restriction = TimeRestriction(earliest=pendulum.instance(local("2015-10-01T00:00")), latest=None, catchup=False)
    info = daily.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert info is not None and info.data_interval.start == local("2017-02-09T00:00")


def test_a_manual_run_takes_the_last_complete_interval(seeds: Path) -> None:
    daily = SeasonTimetable("0 0 * * *", None, CHANGCHUN)
    in_season = daily.infer_manual_data_interval(run_after=pendulum.instance(local("2017-01-15T12:00")))
    assert in_season == DataInterval(pendulum.instance(local("2017-01-14T00:00")), pendulum.instance(local("2017-01-15T00:00")))
    in_summer = daily.infer_manual_data_interval(run_after=pendulum.instance(local("2016-07-01T12:00")))
    assert in_summer.end == local("2016-04-09T00:00")


def test_survives_serialisation(seeds: Path) -> None:
    timetable = SeasonTimetable("0 * * * *", "0 0 * * 1", CHANGCHUN)
    again = SeasonTimetable.deserialize(timetable.serialize())
    moment = local("2016-04-08T22:00")
    assert again.interval_from(moment) == timetable.interval_from(moment)
    assert again.summary == timetable.summary


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2016-17,2016-10-20,2016-04-06,,\n", "before it starts"),
        ("2015-16,2015-10-20,2016-04-06,,\n2016-17,2016-10-20,2017-04-06,2016-04-01,\n", "overlap"),
    ],
)
def test_wrong_season_rows_are_refused(seeds: Path, rows: str, message: str) -> None:
    (seeds / "heating_season.csv").write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_seasons()


def test_days_of_the_known_seasons() -> None:
    """Changchun 169 days, both ends counted; 170 with a leap day."""
    seasons = {season.code: season for season in load_seasons()}
    assert seasons["2016-17"].days == 169
    assert seasons["2015-16"].days == 170


def test_a_schedule_is_in_the_places_time_whatever_zone_the_data_are_in() -> None:
    """Data in UTC of a place eight hours ahead: the day, and the season, begin at the place's midnight."""
    daily = Schedule(season="0 0 * * *")
    assert SeasonTimetable.of(daily).serialize() == SeasonTimetable("0 0 * * *", None, CHANGCHUN).serialize()
    assert SeasonTimetable.of(daily.model_copy(update={"time_zone": "UTC"})).time_zone == "UTC"
    with pytest.raises(ValidationError, match="unknown time zone 'Utopia'"):
        Schedule(season="0 0 * * *", time_zone="Utopia")
