"""Heating seasons of the place: statutory and actual first and last day, from heating_season.csv.

Early start and extension are ordinary: the actual days decide, and are the statutory ones where not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from hearth.dated.dated_rows import read_rows


@dataclass(frozen=True)
class Season:
    """One season; both days are heated."""

    code: str
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end


def load_seasons(folder: Path | None = None) -> list[Season]:
    """Seasons in order. Raises ValueError when a season ends before it starts or two overlap."""
    seasons = []
    for row in read_rows("heating_season", folder):
        start = date.fromisoformat(row["actual_start"] or row["statutory_start"])
        end = date.fromisoformat(row["actual_end"] or row["statutory_end"])
        if end < start:
            raise ValueError(f"heating_season {row['season']}: ends on {end}, before it starts on {start}")
        seasons.append(Season(row["season"], start, end))
    seasons.sort(key=lambda season: season.start)
    for earlier, later in pairwise(seasons):
        if later.start <= earlier.end:
            raise ValueError(f"heating seasons {earlier.code} and {later.code} overlap from {later.start}")
    return seasons


def season_of(day: date, seasons: list[Season]) -> Season | None:
    return next((season for season in seasons if day in season), None)


def next_change(day: date, seasons: list[Season]) -> date | None:
    """First day after `day` on which a season starts or has ended."""
    changes = [d for season in seasons for d in (season.start, season.end + timedelta(days=1)) if d > day]
    return min(changes, default=None)
