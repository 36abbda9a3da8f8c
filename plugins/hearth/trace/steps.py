"""What a trace is made of: steps from the number to its sources, each with figures and checks against the step before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

TOLERANCE = 1e-9
"""Relative difference up to which two sums of floating-point numbers count as the same (float noise, no limit of the trade)."""


@dataclass(frozen=True)
class Check:
    """Two figures that have to be the same: of this step, and of the step it follows from."""

    says: str
    found: float | int | None
    expected: float | int | None

    @property
    def holds(self) -> bool:
        found, expected = float(self.found or 0), float(self.expected or 0)
        return abs(found - expected) <= TOLERANCE * max(1.0, abs(expected))


@dataclass
class Step:
    """One stage of the way. `table` says where its rows stand; `rows` are shown under `header`."""

    title: str
    table: str
    says: str
    figures: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    header: Sequence[str] = ()
    rows: list[Sequence[Any]] = field(default_factory=list)

    def check(self, says: str, found: Any, expected: Any) -> None:
        self.checks.append(Check(says, found, expected))


@dataclass(frozen=True)
class Target:
    """The number that is followed: a KPI of the season to date, of one unit, as of one local day."""

    season: str
    kpi: str
    unit_kind: str
    unit_id: str
    day: date

    @property
    def parameters(self) -> dict[str, Any]:
        return {"season": self.season, "kpi": self.kpi, "kind": self.unit_kind, "unit": self.unit_id, "day": self.day}

    @property
    def belongs(self) -> str:
        """Condition on rows with branch_id, station_id and community_id; the unit is a parameter."""
        return "true" if self.unit_kind == "company" else f"{UNIT_COLUMNS[self.unit_kind]} = %(unit)s"


UNIT_COLUMNS = {"branch": "branch_id", "station": "station_id", "community": "community_id"}


@dataclass
class Trace:
    target: Target
    steps: list[Step] = field(default_factory=list)

    @property
    def broken(self) -> list[tuple[Step, Check]]:
        """Checks that do not hold, from the number downwards."""
        return [(step, check) for step in self.steps for check in step.checks if not check.holds]
