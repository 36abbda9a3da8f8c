"""Which heating day a brief is of: the last whole one before the run, and what to do when it is not there."""

from __future__ import annotations

import os
from datetime import date, timedelta

from hearth.dated.calendar import load_seasons


def day_before(today: date, newest: date) -> date:
    """The day to report on the morning of `today` (local). Between seasons, and after the end of a scheduled period
    (HEARTH_SCHEDULE_END, to try past seasons), it is the newest day there is."""
    yesterday = today - timedelta(days=1)
    end = os.environ.get("HEARTH_SCHEDULE_END")
    if end and yesterday >= date.fromisoformat(end[:10]):
        return newest
    return yesterday if any(season.start <= yesterday <= season.end for season in load_seasons()) else newest
