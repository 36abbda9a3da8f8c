"""A contract drafted from a sample: all that can be seen, guesses marked, and what cannot be known asked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.contracts.file_source import KINDS
from hearth.contracts.open_questions import OPEN
from hearth.dated.dated_rows import place_time_zone
from hearth.drafting.columns import Facts
from hearth.drafting.mappings import Surroundings, known_words, mapping
from hearth.drafting.matching import ARRIVAL, arrival_of, clock_beside, match, version_of
from hearth.drafting.packets import packet_lines, packets_of
from hearth.drafting.sample import Sample
from hearth.drafting.shared_ids import identifiers, shared_ids
from hearth.drafting.writing import Line, written

MOST_IGNORED = 40
_SOURCES: dict[str, dict[str, Any]] = {
    "sftp": {"kind": "sftp", "connection": f"{OPEN}its name", "folder": f"{OPEN}where the files lie"},
    "http": {
        "kind": "http", "connection": f"{OPEN}its name", "path": f"{OPEN}of the address",
        "interval": {"from": f"{OPEN}parameter of the first instant", "to": f"{OPEN}parameter of the end"},
        "pages": {"items": "data", "next": "next"},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """`text`: the contract. `mapped`: canonical columns; `unmapped`: source columns no line uses; `opens`: questions in it."""

    text: str
    mapped: list[str]
    unmapped: list[str]
    guesses: int
    opens: int


def draft(sample: Sample, entity_name: str, feed: str, part: dict[str, Any] | None = None, zone: str | None = None) -> Draft:
    """The contract of a sample. `part`: what of it is known already and stays as it is, such as its source."""
    return _Drafting(sample, ENTITIES[entity_name], feed, part or {}, zone).draft()


class _Drafting:
    def __init__(self, sample: Sample, entity: Entity, feed: str, part: dict[str, Any], zone: str | None) -> None:
        self.sample, self.entity, self.feed, self.part = sample, entity, feed, part
        self.zone = zone or part.get("time_zone") or place_time_zone()
        self.zone_is_given = bool(zone or part.get("time_zone"))
        is_workbook = sample.format["kind"] == "xlsx"
        self.facts = {name: Facts(name, sample.values(name), is_workbook) for name in sample.columns}
        said = [each.get("from") if isinstance(each, dict) else each for each in (self.part.get("columns") or {}).values()]
        self.found = match(entity, {name: fact for name, fact in self.facts.items() if name not in said})
        self._leave_strange_choices()
        self.packets = packets_of(entity, self.facts, self.found)
        self.used = {each.source for each in self.found.values()} | (self.packets.sources if self.packets else set())
        self.used |= {name for name in self.facts if name in said}

    def _leave_strange_choices(self) -> None:
        """A column of a list of words of which none is known is another thing, unless the rows cannot do without."""
        for name, found in list(self.found.items()):
            column, fact = self.entity.columns_by_name[name], self.facts[found.source]
            is_list = column.kind == "text" and column.choices and not column.required and fact.filled
            if is_list and not any(known_words(column, fact, self.entity).values()):
                del self.found[name]

    def draft(self) -> Draft:
        columns = self._columns()
        lines = [
            line for line in [*self._head(), *self._form(), columns, *self._tail()] if line.key not in self.part or line is columns
        ]
        lines += [Line(key, value) for key, value in self.part.items() if key not in {line.key for line in lines}]
        lines.sort(key=lambda line: _ORDER.index(line.key) if line.key in _ORDER else len(_ORDER))
        text = self._opening() + written(lines)
        marks = Counter(re.findall(r"^ *# (guess|open): ", text, re.M))
        return Draft(text, list(self.found), self._unmapped(), marks["guess"], marks["open"])

    def _opening(self) -> str:
        rows = (
            f"{len(self.sample.rows)} row(s), all of the sample"
            if self.sample.is_whole
            else f"{len(self.sample.rows)} rows out of more"
        )
        return (
            f"# Drafted from {rows}. `guess` is what they suggest, `open` what they cannot tell:\n"
            "# look at each, then take the remark away.\n"
            "# A value that begins with OPEN stops `hearth contract check` until it is answered.\n"
        )

    def _head(self) -> list[Line]:
        title, owner, source = Line("title", self.feed.replace("_", " ")), Line("owner", {"team": f"{OPEN}a team"}), self._source()
        title.ask("a title for people, and title_zh")
        owner.ask("who is asked when the feed is red: team, contact")
        schedule = Line("schedule", {"season": "0 0 * * *"})
        schedule.guess(
            "every midnight of the heating season; where the source goes on in summer off_season says when, without it no runs then"
        )
        return [Line("feed", self.feed), title, Line("entity", self.entity.name), owner, source, schedule]

    def _source(self) -> Line:
        if self.sample.pages:
            made = {**_SOURCES["http"], "pages": {**_SOURCES["http"]["pages"], **self.sample.pages}}
            line = Line("source", made)
            line.ask("connection (an Airflow connection), path, and the names of the parameters that carry the interval")
            if "next" not in self.sample.pages:
                line.ask("the answer has no cursor of a next page by its name: pages.next says where it stands")
            return line
        line = Line("source", {**_SOURCES["sftp"], "pattern": _pattern(self.sample.name)})
        line.ask("connection (an Airflow connection), folder and pattern of the file names")
        return line

    def _form(self) -> list[Line]:
        form, zone, arrival = Line("format", dict(self.sample.format)), Line("time_zone", self.zone), self._arrival()
        for text in self.sample.guesses:
            form.guess(text)
        for text in self.sample.asks:
            if text.startswith(OPEN):
                form.value["kind"] = text
            form.ask(text.removeprefix(OPEN))
        times = [self.facts[source].times for source in self.used if self.facts[source].times.share > 0.5]
        if not self.zone_is_given and not all(found.has_offset for found in times):
            zone.guess("the times say no offset; the zone of the place is taken")
        version = version_of(self.entity, self.facts, self.used)
        self.used |= {version} if version else set()
        return [form, zone, arrival, *([Line("version", version)] if version else [])]

    def _arrival(self) -> Line:
        kind = (self.part.get("source") or self._source().value)["kind"]
        if kind in KINDS:
            return Line("arrival", "file")
        found = arrival_of(self.entity, self.facts, self.found)
        if found is None:
            line = Line("arrival", f"{OPEN}the column with the time a record reached or changed in the source")
            line.ask("pulls ask for what arrived in an interval; no column tells when it did")
            return line
        self.used.add(found.source)
        around = Surroundings(self.entity, self.zone, self._order())
        return mapping(ARRIVAL, found, self.facts[found.source], None, around)

    def _order(self) -> str | None:
        """Day or month first, where dates of the file show it and none the other."""
        orders = {fact.times.order for fact in self.facts.values() if fact.times.share > 0.6} & {"day first", "month first"}
        return orders.pop() if len(orders) == 1 else None

    def _columns(self) -> Line:
        around, made = Surroundings(self.entity, self.zone, self._order()), []
        in_packets = self.packets.time if self.packets else None
        given = self.part.get("columns") or {}
        for column in self.entity.columns:
            found = self.found.get(column.name)
            if column.name in given:
                made.append(Line(column.name, given[column.name]))
            elif column.name == in_packets:
                continue
            elif found is not None:
                fact = self.facts[found.source]
                needs_clock = column.kind == "instant" and fact.filled and not fact.times.has_clock
                clock = clock_beside(found.source, self.facts, self.used) if needs_clock else None
                self.used |= {clock} if clock else set()
                made.append(mapping(column, found, fact, clock, around))
            elif column.required:
                made.append(self._missing(column))
        columns = Line("columns", inner=made)
        self._ask_shared_ids(made)
        if twice := self._same_keys():
            key = ", ".join(self.entity.natural_key)
            columns.ask(
                f"{twice} row(s) have the key ({key}) of another row and differ: they would be refused as conflicting_duplicate"
            )
        return columns

    def _missing(self, column: Any) -> Line:
        words = f" one of {', '.join(column.choices)}" if column.choices else ""
        line = Line(column.name, f"{OPEN}the source column, or a constant{words}")
        example = f'"{column.choices[0]}"' if column.choices else '"2015-10-15"' if column.kind == "date" else '"..."'
        example = "60" if column.kind in ("number", "integer") else example
        line.ask(f"required, and no column looks like it: a column's name, or one value for all rows, {{constant: {example}}}")
        return line

    def _ask_shared_ids(self, made: list[Line]) -> None:
        """Whether the thing's number names one thing alone, or one in each estate, house or district the contract does not map."""
        key = identifiers(self.entity)
        if not key or self.packets or any(name not in self.found for name in key):
            return
        line = next(line for line in made if line.key == key[-1])
        for question in shared_ids(self.sample, ", ".join(key), [self.found[name].source for name in key], self._unmapped()):
            line.ask(question)

    def _same_keys(self) -> int:
        """Rows of one key that differ, by the columns the contract maps."""
        named = [self.found[name].source for name in self.entity.natural_key if name in self.found]
        if len(named) < len(self.entity.natural_key) or self.packets or not named:
            return 0
        clocks = [name for name in self.used if self.facts[name].times.is_clock]
        versions = [name for name in self.used if name not in {each.source for each in self.found.values()}]
        places = [self.sample.columns.index(name) for name in dict.fromkeys([*named, *clocks, *versions])]
        mapped = [self.sample.columns.index(each.source) for each in self.found.values()]
        seen = {(tuple(str(row[at]) for at in places), tuple(str(row[at]) for at in mapped)) for row in self.sample.rows}
        return len(seen) - len({key for key, _ in seen})

    def _unmapped(self) -> list[str]:
        return [name for name in self.sample.columns if name not in self.used]

    def _tail(self) -> list[Line]:
        made = packet_lines(self.packets, self.facts, Surroundings(self.entity, self.zone, self._order())) if self.packets else []
        if left := self._unmapped():
            ignore = Line("ignore", left if len(left) <= MOST_IGNORED else ["*"])
            ignore.ask("no canonical column was found for these: map what is needed, the others are not loaded")
            if personal := [name for name in left if self.facts[name].looks_personal]:
                ignore.ask(f"personal data seem to stand in {', '.join(map(repr, personal))}")
            made.append(ignore)
        if "point_id" in self.entity.columns_by_name and not self.entity.register:
            points = Line("points", "registered")
            points.ask("a register knows the points; where none exists they may register themselves, see the how-to")
            made.append(points)
        return made


def _pattern(name: str) -> str:
    """The file's name with its dates and numbers left open."""
    return re.sub(r"\d[\d_-]*\d|\d{2,}", "*", name)


_ORDER = [
    "feed", "title", "title_zh", "entity", "owner", "source", "schedule", "in_service", "reconcile", "format", "time_zone",
    "unnest", "arrival", "no_file", "version", "columns", "rows", "no_record", "points", "ignore",
    "expected", "suite",
]  # fmt: skip
