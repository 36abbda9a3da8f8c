"""Records that hold several readings: a list of numbers, a base time and the step between them."""

from __future__ import annotations

from dataclasses import dataclass

from hearth.contracts.entity import Entity
from hearth.contracts.open_questions import OPEN
from hearth.drafting.columns import Facts
from hearth.drafting.mappings import Surroundings, mapping
from hearth.drafting.matching import Match
from hearth.drafting.names import plain
from hearth.drafting.writing import Line

STEPS = ("interval", "step", "period", "采集间隔", "采集周期", "间隔", "周期")


@dataclass(frozen=True)
class Packets:
    """`readings`: the column with lists; `time`: the canonical time each reading gets; `base`, `step`: where it comes from."""

    readings: str
    time: str
    base: Match | None
    step: str | None

    @property
    def sources(self) -> set[str]:
        return {self.readings} | ({self.base.source} if self.base else set()) | ({self.step} if self.step else set())


def packets_of(entity: Entity, facts: dict[str, Facts], found: dict[str, Match]) -> Packets | None:
    lists = [each.source for each in found.values() if facts[each.source].holds_lists]
    times = [c.name for c in entity.columns if c.kind == "instant" and c.name in entity.natural_key]
    if not lists or not times:
        return None
    steps = [name for name, fact in facts.items() if plain(name) in STEPS and fact.number_share > 0.9]
    base = found.pop(times[0], None)
    if base is None:
        left = [name for name, fact in facts.items() if fact.filled and fact.times.share > 0.9 and fact.times.has_clock]
        base = Match(left[0], f"no name says it; {left[0]!r} holds times") if left else None
    return Packets(lists[0], times[0], base, steps[0] if steps else None)


def packet_lines(packets: Packets, facts: dict[str, Facts], around: Surroundings) -> list[Line]:
    """The `unnest` of the contract."""
    readings, base = Line("readings", packets.readings), Line("base", [f"{OPEN}the column with the time of the first reading"])
    readings.guess("its lists are readings, the first one taken at the time of the packet, each other one a step earlier")
    step = Line("step_minutes", packets.step or f"{OPEN}the column with the minutes between two readings")
    if packets.base is not None:
        made = mapping(around.entity.columns_by_name[packets.time], packets.base, facts[packets.base.source], None, around)
        base = Line("base", [made.value], made.notes)
    unnest = Line("unnest", inner=[readings, *([Line("time", packets.time)] if packets.time != "read_at" else []), base, step])
    return [unnest]
