"""Which source column is which canonical column: by its name first, by what it holds where no name says it."""

from __future__ import annotations

from dataclasses import dataclass

from hearth.contracts.entity import Column, Entity, instant, number
from hearth.drafting.columns import Facts
from hearth.drafting.names import EXACT, LEAST, closeness, says_other_unit, unit_of

ARRIVAL, VERSION = instant("arrival"), number("version", None)


@dataclass(frozen=True)
class Match:
    """A source column for a canonical one. `why`: what a guess rests on, empty where the name is known."""

    source: str
    why: str = ""


def match(entity: Entity, facts: dict[str, Facts]) -> dict[str, Match]:
    """Canonical column: its source; every source is used once, the surest first."""
    columns = [column for column in entity.columns if column.name != "created_time_known"]
    scores = [
        (score + 0.01 * column.required, column, source)
        for column in columns
        for source, fact in facts.items()
        if (score := _score(entity, column, source, fact)) >= LEAST
    ]
    found: dict[str, Match] = {}
    used: set[str] = set()
    for score, column, source in sorted(scores, key=lambda each: -each[0]):
        if column.name not in found and source not in used:
            found[column.name] = Match(source, "" if score >= EXACT else f"the name {source!r} resembles it")
            used.add(source)
    for column in columns:
        if column.required and column.name not in found:
            _by_content(column, facts, used, found)
    return found


def _score(entity: Entity, column: Column, source: str, fact: Facts) -> float:
    if column.unit is not None and says_other_unit(source, column.unit):
        return 0.0
    score = closeness(entity, column.name, source)
    return score if score >= LEAST and fact.fits(column) else 0.0


def _by_content(column: Column, facts: dict[str, Facts], used: set[str], found: dict[str, Match]) -> None:
    """A required time or quantity is the one column left that can be it."""
    left = [source for source, fact in facts.items() if source not in used and fact.filled and fact.fits(column)]
    if column.kind == "number":
        left = [source for source in left if column.unit is None or unit_of(source, column.unit)] or left
    elif column.kind not in ("instant", "date"):
        return
    if len(left) == 1:
        found[column.name] = Match(left[0], f"no name says it; {left[0]!r} is the only column left that holds such values")
        used.add(left[0])


def clock_beside(source: str, facts: dict[str, Facts], used: set[str]) -> str | None:
    """The column with the time of day of a column of days: the one that stands next to it."""
    names = list(facts)
    clocks = [name for name in names if name not in used and facts[name].times.is_clock]
    return min(clocks, key=lambda name: abs(names.index(name) - names.index(source)), default=None)


def arrival_of(entity: Entity, facts: dict[str, Facts], found: dict[str, Match]) -> Match | None:
    """The time a record reached or changed in the source, for what is not delivered as files."""
    scores = [
        (closeness(entity, "arrival", source), source) for source, fact in facts.items() if fact.filled and fact.fits(ARRIVAL)
    ]
    score, source = max(scores, default=(0.0, ""))
    if score >= LEAST:
        return Match(source, "" if score >= EXACT else f"the name {source!r} resembles a time of change")
    event = found.get(entity.event_column)
    return Match(event.source, "no column names a time of change; the time of the event is taken") if event else None


def version_of(entity: Entity, facts: dict[str, Facts], used: set[str]) -> str | None:
    named = [
        s for s, f in facts.items() if s not in used and closeness(entity, "version", s) >= EXACT and f.filled and f.fits(VERSION)
    ]
    return named[0] if named else None
