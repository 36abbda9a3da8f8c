"""Up to which day it is known who called, by line.

A line that is asked for the changes of an interval is known to the window's end. One that brings files is known as far as they
tell: to the day of its last call. All lines together are known as far as each of them.
"""

from __future__ import annotations

import pandas as pd

from city.calendar import Window, day_number, local_day

_BRINGS_FILES = ("12319",)


def known_until(tickets: pd.DataFrame, window: Window) -> dict[str, int]:
    """Last known day of each line that ever told of a call, and of "all"."""
    end = day_number(window.end) - 1
    day = pd.Series(local_day(tickets["created_s"].to_numpy()), index=tickets["line"].to_numpy())
    last = {str(line): int(latest) if line in _BRINGS_FILES else end for line, latest in day.groupby(level=0).max().items()}
    return {**last, "all": min([end, *last.values()])}
