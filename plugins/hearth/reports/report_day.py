"""The day a report speaks of: given by hand, or the local day of the run; never the clock of the machine."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from hearth.dated.calendar import Season, load_seasons
from hearth.dated.dated_rows import place_time_zone


def report_day(context: Any) -> date:
    """Local day from the parameter `day`, else of the end of the run's interval, else of the run itself."""
    given = (context.get("params") or {}).get("day")
    if given:
        return date.fromisoformat(str(given))
    moment = context.get("data_interval_end") or context["dag_run"].run_after
    return moment.astimezone(ZoneInfo(place_time_zone())).date()


def seasons_around(day: date) -> tuple[Season | None, Season | None]:
    """(the newest season that began by that day, the next one to begin)."""
    seasons = load_seasons()
    begun = [s for s in seasons if s.start <= day]
    coming = [s for s in seasons if s.start > day]
    return (begun[-1] if begun else None), (coming[0] if coming else None)
