"""What a check says, and what it may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import psycopg

from hearth.seasons.dated_rows import FOREVER, parse_date, read_rows

Severity = Literal["critical", "warning", "info"]
ORDER: tuple[Severity, ...] = ("critical", "warning", "info")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: how grave, what was found, where, and what to do (with the runbook's paragraph)."""

    severity: Severity
    check: str
    where: str
    found: str
    todo: str
    runbook: str


@dataclass(frozen=True)
class Surroundings:
    """A warehouse seen as the engineer, the moment to judge by, and the dated limits of that day."""

    connection: psycopg.Connection
    now: datetime
    limits: dict[str, float]


def health_limits(day: date, folder: Path | None = None) -> dict[str, float]:
    """Limit code -> value on a day, from health_limit.csv. Raises ValueError when two rows hold at once."""
    found: dict[str, float] = {}
    for row in read_rows("health_limit", folder):
        if parse_date(row["valid_from"], date.min) <= day <= parse_date(row["valid_to"], FOREVER):
            if row["limit_code"] in found:
                raise ValueError(f"health_limit: {row['limit_code']} has two rows that hold on {day}; end one of them")
            found[row["limit_code"]] = float(row["value"])
    return found
