"""A timetable that follows the heating season: one cron inside it, another one (or none) outside.

Intervals are real and half-open. With an off-season cron they touch each other all year round, cut at the
first and after the last heating day; without one nothing is pulled between two seasons.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.interval import CronDataIntervalTimetable

from hearth.contracts.contract import Schedule
from hearth.dated.calendar import Season, load_seasons, next_change, season_of
from hearth.dated.dated_rows import place_time_zone


class SeasonTimetable(Timetable):
    """`season` and `off_season` are cron expressions in the local time of `time_zone`; off_season may be None.

    Season days come from the seed folder each time they are needed, so an extension of the season needs no
    change of any DAG.
    """

    __module__ = "hearth.seasons.timetable"  # the name by which Airflow's database knows it: DAGs are stored with it

    def __init__(self, season: str, off_season: str | None, time_zone: str) -> None:
        self.season, self.off_season, self.time_zone = season, off_season, time_zone
        self._crons = {
            True: CronDataIntervalTimetable(season, pendulum.timezone(time_zone)),
            False: CronDataIntervalTimetable(off_season, pendulum.timezone(time_zone)) if off_season else None,
        }

    @classmethod
    def of(cls, schedule: Schedule) -> SeasonTimetable:
        """A contract's timetable, in the place's time unless it names another zone: the zone of its data says nothing of it."""
        return cls(schedule.season, schedule.off_season, schedule.time_zone or place_time_zone())

    @property
    def summary(self) -> str:
        return f"{self.season} in season, {self.off_season or 'none'} off season"

    description = "Follows the heating season"

    def serialize(self) -> dict[str, Any]:
        return {"season": self.season, "off_season": self.off_season, "time_zone": self.time_zone}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SeasonTimetable:
        return cls(data["season"], data["off_season"], data["time_zone"])

    def interval_from(self, instant: datetime, seasons: list[Season] | None = None) -> DataInterval | None:
        """First interval that starts at or after `instant`; None when no later season is known."""
        seasons = load_seasons() if seasons is None else seasons
        start: datetime | None = instant
        while start is not None:
            day = start.astimezone(ZoneInfo(self.time_zone)).date()
            change = next_change(day, seasons)
            boundary = self._midnight(change) if change else None
            cron = self._crons[season_of(day, seasons) is not None]
            if cron is not None:
                on_tick = cron._align_to_prev(pendulum.instance(start)) == start or self._is_boundary(start, seasons)
                tick = start if on_tick else cron._get_next(pendulum.instance(start))
                if boundary is None or tick < boundary:
                    end = cron._get_next(pendulum.instance(tick))
                    end = min(end, boundary) if boundary else end
                    return DataInterval(pendulum.instance(tick).in_tz("UTC"), pendulum.instance(end).in_tz("UTC"))
            start = boundary
        return None

    def _midnight(self, day: Any) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.time_zone))

    def _is_boundary(self, instant: datetime, seasons: list[Season]) -> bool:
        return any(instant in (self._midnight(season.start), self._midnight(season.end + timedelta(days=1))) for season in seasons)

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """The last complete interval before a manual run."""
        return self._last_complete(run_after) or DataInterval.exact(run_after)

    def _last_complete(self, moment: datetime) -> DataInterval | None:
        """The newest interval that ended by `moment`, looking back over one off-season."""
        found, start = None, moment - timedelta(days=2)
        for days_back in (2, 40, 300):
            start = moment - timedelta(days=days_back)
            interval = self.interval_from(start)
            while interval is not None and interval.end <= moment:
                found, interval = interval, self.interval_from(interval.end)
            if found is not None:
                return found
        return None

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The interval after the last one; without catch-up the newest complete one instead."""
        if last_automated_data_interval is not None:
            start: datetime | None = last_automated_data_interval.end
        else:
            start = restriction.earliest
        if start is None:
            return None
        if restriction.earliest is not None:
            start = max(start, restriction.earliest)
        if not restriction.catchup:
            newest = self._last_complete(pendulum.now("UTC"))
            start = max(start, newest.start) if newest is not None else start
        interval = self.interval_from(start)
        if interval is None or (restriction.latest is not None and interval.start > restriction.latest):
            return None
        return DagRunInfo.interval(start=interval.start, end=interval.end)
