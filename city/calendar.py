"""Dates and limits of the city: seasons, standard, design temperature, and the span in which anything arrives.

The city keeps its own copy: its truth must not borrow from the pipeline it is there to check. Local time is
Asia/Shanghai, which had no clock change between 1992 and today, so a fixed offset of eight hours is exact for the span.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np

OFFSET_S = 8 * 3600
LOCAL = timezone(timedelta(seconds=OFFSET_S))
DAY_S = 86400

# Lowest permitted room temperature by room type; a kitchen has no standard, so its points are never judged.
STANDARD_DEGC = {"living_room": 18.0, "bedroom": 18.0}
TOLERANCE_DEGC = 0.0
COMFORT_DEGC = (20.0, 24.0)
DESIGN_OUTDOOR_DEGC = -21.1


@dataclass(frozen=True)
class Season:
    """One heating season, both days counted."""

    code: str
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def first_day(self) -> int:
        return day_number(self.start)

    @property
    def last_day(self) -> int:
        return day_number(self.end)


@dataclass(frozen=True)
class Window:
    """Half-open span of local days in which readings and tickets arrive."""

    start: date
    end: date

    @property
    def start_s(self) -> int:
        return day_number(self.start) * DAY_S - OFFSET_S

    @property
    def end_s(self) -> int:
        return day_number(self.end) * DAY_S - OFFSET_S

    def holds(self, arrival_s: np.ndarray) -> np.ndarray:
        """True where an arrival (epoch seconds) falls into the window."""
        return (arrival_s >= self.start_s) & (arrival_s < self.end_s)


@dataclass(frozen=True)
class Unasked:
    """Local days [start, end) for which nobody asks a feed: what arrives then is never seen, what happened then not known."""

    feed: str
    window: Window

    @classmethod
    def parse(cls, text: str) -> Unasked:
        """From `FEED:2016-01-10..2016-01-12`; ValueError for anything else."""
        feed, found, span = text.partition(":")
        start, dots, end = span.partition("..")
        window = Window(date.fromisoformat(start), date.fromisoformat(end))
        if not (feed and found and dots and window.start < window.end):
            raise ValueError(text)
        return cls(feed, window)

    @property
    def days(self) -> range:
        return range(day_number(self.window.start), day_number(self.window.end))


def day_number(day: date) -> int:
    """Days since 1970-01-01, the unit of every day column inside the city."""
    return (day - date(1970, 1, 1)).days


def day_date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(number))


def local_day(epoch_s: np.ndarray) -> np.ndarray:
    """Local day number of epoch seconds."""
    return (np.asarray(epoch_s) + OFFSET_S) // DAY_S


def local_s(day: int, hour: float = 0.0) -> int:
    """Epoch seconds of a local day number and hour."""
    return int(day) * DAY_S - OFFSET_S + round(hour * 3600)


def iso_days(numbers: np.ndarray) -> np.ndarray:
    """ISO text of day numbers, as numpy strings."""
    return np.asarray(numbers, dtype="datetime64[D]").astype(str)


def local_text(epoch_s: np.ndarray, separator: str = " ") -> np.ndarray:
    """Naive local time text, `2016-01-12 03:00:05`, the form most sources of the city use."""
    moments = (np.atleast_1d(np.asarray(epoch_s, dtype="int64")) + OFFSET_S).astype("datetime64[s]")
    text = np.ascontiguousarray(moments.astype("U19"))
    text.view("U1").reshape(-1, 19)[:, 10] = separator
    return text


def local_datetime(epoch_s: int) -> datetime:
    """Naive local datetime, for the Excel writer."""
    return datetime.fromtimestamp(int(epoch_s), UTC).astimezone(LOCAL).replace(tzinfo=None)


SEASONS = (
    Season("2015-16", date(2015, 10, 20), date(2016, 4, 6)),
    Season("2016-17", date(2016, 10, 20), date(2017, 4, 6)),
)
SPAN = Window(date(2015, 5, 1), date(2017, 4, 7))
# Registers that exist from the start are recorded before this day.
REGISTER_READY = date(2015, 6, 1)
# Sensors and rounds run from two days before a season; those days are out of season and never judged.
LEAD_DAYS = 2
