"""How one canonical column comes from its source, as the sample suggests it, with what is guessed and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hearth.contracts.entity import Column, Entity
from hearth.contracts.open_questions import OPEN
from hearth.contracts.units import CONVERSIONS
from hearth.drafting.columns import DEFAULT_EMPTY, Facts
from hearth.drafting.matching import Match
from hearth.drafting.names import known_names, unit_of
from hearth.drafting.ranges import units_that_fit
from hearth.drafting.times import DAY_FIRST, MONTH_FIRST, Times
from hearth.drafting.writing import Line

MOST_WORDS = 30
LONGEST_WORD = 24


@dataclass(frozen=True)
class Surroundings:
    """What the file as a whole says: its zone, and whether its dates begin with the day (None: no date shows it)."""

    entity: Entity
    zone: str
    order: str | None


def mapping(column: Column, found: Match, fact: Facts, clock: str | None, around: Surroundings) -> Line:
    """The line of `columns`."""
    options: dict[str, Any] = {"from": found.source}
    line = Line(column.name)
    if found.why:
        line.guess(found.why)
    if not fact.filled:
        line.ask(f"{found.source!r} is empty in every row of the sample: nothing of its form is known")
    if column.unit is not None:
        _unit(line, options, column, fact, around)
    if column.kind in ("instant", "date"):
        _times(line, options, column, fact, clock, around)
    elif column.name.startswith("year_") and fact.number_share < 0.5 and fact.filled:
        options |= {"date_part": "year"} | ({"formats": fact.times.formats} if fact.times.formats else {})
    elif column.kind in ("number", "integer"):
        _codes(line, options, fact)
    elif column.kind == "text" and column.choices:
        _choices(line, options, column, fact, around.entity)
    if fact.empty_words:
        options["empty"] = [*sorted(DEFAULT_EMPTY), *fact.empty_words]
        line.guess(f"{', '.join(map(repr, fact.empty_words))}: that nothing was given")
    line.value = found.source if set(options) == {"from"} else options
    return line


def _unit(line: Line, options: dict[str, Any], column: Column, fact: Facts, around: Surroundings) -> None:
    stored = str(column.unit)
    numbers = {number: rows for number, rows in fact.numbers.items() if number not in fact.error_codes}
    fitting = units_that_fit(around.entity.name, column.name, stored, numbers)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    options["unit"] = unit_of(options["from"], stored)
    if options["unit"] is not None:
        if numbers and options["unit"] not in fitting:
            line.ask(f"the name says {options['unit']}, and many of the values ({low:g} to {high:g}) are not possible in it")
        return
    options["unit"] = stored if stored in fitting or not fitting else fitting[0]
    told = f"; {low:g} to {high:g} would fit" if numbers and fitting else ""
    others = [unit for unit in fitting if unit != options["unit"]]
    also = f", and so would {' or '.join(others)}" if others else ""
    line.guess(f"the unit, which the name does not say: {', '.join(CONVERSIONS[stored])}{told}{also}")


def _codes(line: Line, options: dict[str, Any], fact: Facts) -> None:
    if fact.error_codes:
        options["error_codes"] = [int(code) if code.is_integer() else code for code in fact.error_codes]
        rows = sum(fact.numbers[code] for code in fact.error_codes)
        line.guess(f"{rows} row(s) hold a number that systems send for no value, far from all others")
    if fact.has_decimal_comma:
        options["decimal"] = ","
        line.guess(f"{fact.commas} row(s) write numbers with a comma before the decimals")
    elif fact.commas:
        line.ask(
            f"{fact.commas} row(s) write numbers with a comma, others with a point: which of them stands before the decimals? Say"
            ' decimal: "," or thousands: ","'
        )
    elif fact.words and not fact.holds_lists:
        told = ", ".join(f"{word!r} ({rows})" for word, rows in list(fact.words.items())[:MOST_WORDS] if _may_be_told(word, rows))
        line.ask(
            f"{sum(fact.words.values())} row(s) hold a text instead of a number{f': {told}' if told else ''}. They wait in"
            " quarantine; a text that means nothing was given belongs in empty"
        )


def _times(line: Line, options: dict[str, Any], column: Column, fact: Facts, clock: str | None, around: Surroundings) -> None:
    times = fact.times
    if times.epoch:
        options["epoch"] = times.epoch
        line.guess(f"numbers of this size are times in {times.epoch} since 1970")
        return
    if times.formats:
        options["formats"] = _in_order(line, times, around.order)
    if clock:
        options["time_from"] = clock
        line.guess(f"{options['from']!r} has no time of day; {clock!r} beside it has")
    elif column.kind == "instant" and fact.filled and not times.has_clock:
        line.ask("days without a time of day: every row would be at midnight")
    if fact.filled and times.share < 1:
        line.ask(f"about {100 * (1 - times.share):.1f} % of the values are no time in any form found: they wait as unreadable_time")
    if column.kind == "instant" and fact.filled and not times.has_offset and _clocks_change(around.zone):
        line.ask(
            "in the night the clocks go back an hour comes twice: doubled_hour says which one is meant (first, last, in_order)"
        )


def _in_order(line: Line, times: Times, order: str | None) -> list[str]:
    """The formats, day or month first as the dates show; where none of the file does, the question itself."""
    if times.order in (None, "day first", "month first"):
        if times.order:
            line.guess(f"{times.order}: {times.proofs} date(s) cannot be read otherwise")
        return times.formats
    day_first = list(times.formats)
    month_first = [_month_first(form) for form in day_first]
    if times.order == "unknown" and order:
        line.guess(f"{order}, as other dates of the file show; here no day is later than the 12th")
        return day_first if order == "day first" else month_first
    why = (
        "some dates are day first, others month first" if times.order == "mixed" else "no date shows which (no day after the 12th)"
    )
    line.ask(f"day or month first? {why}. Ask the sender, then keep one format")
    return [
        f"{OPEN}{first} or {second}" for first, second in zip(day_first, month_first, strict=True) if first != second
    ] or day_first


def _month_first(form: str) -> str:
    for sign in "/-.":
        form = form.replace(DAY_FIRST.format(sign), MONTH_FIRST.format(sign))
    return form


def _clocks_change(zone: str) -> bool:
    """Whether the zone has a summer time in these years."""
    offsets = {datetime(2020, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() for month in range(1, 13)}
    return len(offsets) > 1


def _choices(line: Line, options: dict[str, Any], column: Column, fact: Facts, entity: Entity) -> None:
    values = known_words(column, fact, entity)
    if all(word in column.choices for word in values):
        return
    options["values"] = {word: choice for word, choice in values.items() if choice}
    unknown = [word for word, choice in values.items() if not choice]
    if not unknown:
        line.guess("what each word means")
        return
    told = [word for word in unknown[:MOST_WORDS] if _may_be_told(word, fact.given.get(word, 0))]
    line.ask(
        f"{len(unknown)} word(s) are not known{': ' if told else ''}{', '.join(map(repr, told))}. Add them to values, each as one"
        f' of {", ".join(column.choices)}; "*" takes all others. Rows with a word that is not there wait as unknown_code'
    )
    if not options["values"]:
        options["values"] = {f"{OPEN}a word of the source": column.choices[0]}


def known_words(column: Column, fact: Facts, entity: Entity) -> dict[str, str | None]:
    """Each text of the source with the canonical word it is known for."""
    known = known_names().words(entity, column)
    return {str(value).strip(): known.get(str(value).strip().lower()) for value in fact.given}


def _may_be_told(word: str, rows: int) -> bool:
    """Nothing of a person stands in a draft, which everybody reads: a word of the trade comes again, a name may not."""
    return (
        rows > 1 and len(word) <= LONGEST_WORD and not Facts("", [word]).looks_personal and not any(sign.isdigit() for sign in word)
    )
