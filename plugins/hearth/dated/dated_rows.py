"""The swappable seed folder: standards, seasons and limits as dated rows (HEARTH_SEEDS).

dbt loads the same files into schema reference; Python reads them where no database is at hand
(timetable) or before one row is loaded (validation limits).
"""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
FOREVER = date(9999, 12, 31)


def seeds_folder() -> Path:
    """HEARTH_SEEDS (absolute, or relative to dbt_project/), or the Changchun seeds."""
    given = Path(os.environ.get("HEARTH_SEEDS") or "seeds/changchun")
    return given if given.is_absolute() else REPOSITORY / "dbt_project" / given


def read_rows(seed: str, folder: Path | None = None) -> list[dict[str, str]]:
    """Rows of `<seed>.csv` as text. Raises FileNotFoundError naming the folder and how to set it."""
    path = (folder or seeds_folder()) / f"{seed}.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such seed; HEARTH_SEEDS must name a folder of dated rows")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def parse_date(text: str, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise


def rows_on(seed: str, day: date, folder: Path | None = None) -> list[dict[str, str]]:
    """Those rows of a seed with `valid_from` and `valid_to` that hold on a day; an empty edge is open."""
    return [
        row
        for row in read_rows(seed, folder)
        if parse_date(row["valid_from"], date.min) <= day <= parse_date(row["valid_to"], FOREVER)
    ]


def place_time_zone(folder: Path | None = None) -> str:
    """Time zone of the heating day, from place.csv."""
    return read_rows("place", folder)[0]["time_zone"]
