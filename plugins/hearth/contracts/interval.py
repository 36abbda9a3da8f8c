"""The span of arrival times one pull is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Interval:
    """Half-open [start, end) of arrival times, both with time zone."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("interval bounds need a time zone")
        if self.start >= self.end:
            raise ValueError(f"interval start {self.start} must lie before its end {self.end}")

    @property
    def days(self) -> float:
        return (self.end - self.start).total_seconds() / 86400

    def __str__(self) -> str:
        return f"[{self.start.isoformat()}, {self.end.isoformat()})"
