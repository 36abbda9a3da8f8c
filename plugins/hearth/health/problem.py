"""What a check says, and what it may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg

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
