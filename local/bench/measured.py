"""What one measurement found, beside its goal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """`ratio` against `goal`, which it has to reach, or with `at_most` not to pass; no goal: printed alone."""

    name: str
    ratio: float
    goal: float | None
    detail: str
    at_most: bool = False

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def __str__(self) -> str:
        aim = "no goal" if self.goal is None else f"goal {'<=' if self.at_most else '>='} {self.goal:g}"
        return f"{'met   ' if self.met else 'MISSED'} {self.name}: {self.ratio:.2f} ({aim}) {self.detail}"

    def as_line(self) -> dict[str, Any]:
        """As build/bench.json has it."""
        facts = asdict(self)
        del facts["at_most"]
        return {**facts, "ratio": round(self.ratio, 3), "met": self.met}
