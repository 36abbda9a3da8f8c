"""How well findings meet what was planted: recall of the faults, precision of the findings."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.support.world import World

_SLACK = timedelta(days=1)


@dataclass(frozen=True)
class Spell:
    """Something wrong with a subject, first to last day."""

    subject: str
    kind: str
    first: date
    last: date

    def meets(self, other: Spell) -> bool:
        return (
            (self.subject, self.kind) == (other.subject, other.kind)
            and self.first <= other.last + _SLACK
            and other.first <= self.last + _SLACK
        )


def planted_spells(world: World, names: dict[tuple[str, str], str]) -> list[Spell]:
    """The city's faults under the names findings have; faults without a name are left out."""
    with (world.instance.city / "truth" / "faults.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["subject_kind"], row["fault"]) in names]
    return [
        Spell(
            f"{row['subject_kind']}:{row['subject_id']}",
            names[row["subject_kind"], row["fault"]],
            datetime.fromisoformat(row["first_at"]).date(),
            datetime.fromisoformat(row["before_at"]).date(),
        )
        for row in rows
    ]


def score(found: Iterable[Spell], planted: Iterable[Spell]) -> dict[str, tuple[float, float, int, int]]:
    """By subject and kind: (recall, precision, faults planted, findings)."""
    found, planted = list(found), list(planted)
    scores = {}
    for key in sorted({(s.subject.split(":")[0], s.kind) for s in planted}):
        faults = [s for s in planted if (s.subject.split(":")[0], s.kind) == key]
        mine = [s for s in found if (s.subject.split(":")[0], s.kind) == key]
        recall = sum(any(m.meets(f) for m in mine) for f in faults) / len(faults)
        precision = sum(any(m.meets(f) for f in faults) for m in mine) / len(mine) if mine else 1.0
        scores[" ".join(key)] = (recall, precision, len(faults), len(mine))
    return scores
