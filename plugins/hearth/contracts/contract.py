"""The shape of a contract. Unknown keys, wrong units and missing mappings are errors.

Loading with file and line numbers is in `hearth.contracts.loading`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, field_validator, model_validator

from hearth.contracts.cron import known_cron
from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Column, Entity
from hearth.contracts.file_format import Format
from hearth.contracts.file_source import KINDS, FileSource
from hearth.contracts.mapping import (
    CELL,
    FILE_NAME,
    MADE,
    ColumnMapping,
    Mapping,
    check_mapping,
    refuse_doubled_names,
    refuse_unused,
)
from hearth.contracts.measures import Measures, refuse_half_measures
from hearth.contracts.mqtt_source import MqttSource
from hearth.contracts.part import Part
from hearth.contracts.source import Source
from hearth.contracts.unfolding import NoRecord, SelfRegistering, Spread, Unnest, refuse_half_spread


def known_zone(name: str) -> str:
    """An IANA name that this machine knows. Raises ValueError."""
    try:
        ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"unknown time zone {name!r}; expected an IANA name such as Asia/Shanghai") from error
    return name


class Owner(Part):
    team: str
    contact: str = ""


class Schedule(Part):
    """Cron inside the heating season and outside of it (null: no runs then), in the place's time, whatever zone the data are in."""

    LATER: ClassVar = frozenset({"time_zone"})

    season: str
    off_season: str | None = None
    time_zone: str | None = Field(default=None, description="IANA zone of the cron; null: the place's, whose days seasons begin on")

    @field_validator("season", "off_season")
    @classmethod
    def _known_cron(cls, text: str | None) -> str | None:
        return None if text is None else known_cron(text)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return known_zone(name) if name else None


class EarlierPromise(Part):
    """How many rows a day a feed owed before it changed its rhythm."""

    until: date = Field(description="last local day it held")
    rows_per_day: int = Field(gt=0)


class Expected(Part):
    """What counts as complete, as late and as fit to load; used by the batch gate and the quality reports."""

    LATER: ClassVar = frozenset({"rows_per_day_before"})

    rows_per_day: int | None = Field(default=None, gt=0)
    rows_per_day_before: list[EarlierPromise] = Field(default_factory=list, description="what was owed earlier, each to its day")
    lateness_hours: int = Field(default=72, gt=0)
    warn_accepted_percent: float | None = Field(default=None, ge=0, le=100, description="null: the dated limit for all feeds")
    stop_accepted_percent: float | None = Field(default=None, ge=0, le=100, description="null: the dated limit for all feeds")
    hold_below_percent: float | None = Field(
        default=None, ge=0, le=100, description="held when it brings less of the rows it replaces; null: the dated limit"
    )
    hold_min_rows: int | None = Field(
        default=None, ge=1, description="the share judges from so many rows on; null: the dated limit"
    )
    hold_none_min_rows: int | None = Field(
        default=None, ge=1, description="held when it brings none where so many rows stand; null: the dated limit"
    )

    @property
    def own_limits(self) -> dict[str, float]:
        """The dated limits of batches (percent, rows) that this feed has its own number for."""
        own = {
            "gate_warn_accepted_percent": self.warn_accepted_percent,
            "gate_stop_accepted_percent": self.stop_accepted_percent,
            "erasure_hold_percent": self.hold_below_percent,
            "erasure_min_rows": self.hold_min_rows,
            "erasure_none_min_rows": self.hold_none_min_rows,
        }
        return {name: value for name, value in own.items() if value is not None}


_NO_MEANING: dict[str, Any] = {
    "reconcile": True,
    "source": {"limits"},
    "format": {"limits"},
    "expected": {"hold_below_percent", "hold_min_rows", "hold_none_min_rows"},
}
"""What is no part of a contract's content hash: it says when to stop or to hold, not what the rows mean."""


class InService(Part):
    """When there is anything to tell at all: before and after these days nothing happened, and nobody has to be asked.

    For a line that was opened in mid-season, or given up: its days without a call are zeros, not unknown ones.
    """

    from_: date | None = Field(default=None, alias="from", description="first day; null: always was")
    to: date | None = Field(default=None, description="last day; null: still is")

    @model_validator(mode="after")
    def _in_order(self) -> InService:
        if self.from_ is None and self.to is None:
            raise ValueError("in_service: expected from, to, or both")
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError(f"in_service: from {self.from_} is after to {self.to}")
        return self


class Reconcile(Part):
    """What the source itself is asked after a pull: how many records it counts for the interval, and sums of columns.

    SQL sources count the contract's own query (or `query`, for a system that cannot count a subquery; its columns are
    `number` and the names of `sums`); HTTP sources give `pages.total`; of files their number and sizes are asked.
    """

    sums: list[str] = Field(default_factory=list, description="numeric source columns; sql only")
    query: str | None = Field(default=None, description="sql only: a counting query of its own, bound to the same interval")


class Contract(Part):
    """One feed. See docs/how-to/add-a-feed.md for a walk through."""

    LATER: ClassVar = frozenset({"in_service", "no_file", "rows", "no_record", "bad_channel", "spread", "measures"})

    feed: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    title: str
    title_zh: str = ""
    entity: str
    owner: Owner
    source: Source
    schedule: Schedule
    in_service: InService | None = None
    format: Format
    unnest: Unnest | None = None
    spread: Spread | None = None
    measures: Measures | None = None
    arrival: ColumnMapping | Literal["file"]
    no_file: Literal["nothing_happened"] | None = Field(
        default=None, description="arrival: file only: what an interval without a file says; null: nothing is known of it"
    )
    version: str | None = Field(default=None, description="source column with the version of a record")
    time_zone: str
    columns: dict[str, ColumnMapping]
    ignore: list[str] = Field(default_factory=list, description="source columns known and not used; '*' for all")
    rows: Literal["oldest_first", "newest_first"] | None = Field(
        default=None, description="order of a point's readings in a file, for doubled_hour: in_order; null: oldest first"
    )
    no_record: NoRecord | None = Field(default=None, description="lines that are no record, such as a total: they are only counted")
    bad_channel: Literal["null_and_counted"] | None = Field(
        default=None,
        description="what happens to a row with several measures one of which cannot be used; it need not be said",
    )
    points: Literal["registered"] | SelfRegistering = "registered"
    expected: Expected = Field(default_factory=Expected)
    reconcile: Reconcile | None = None
    suite: str | None = None
    _file: str | None = PrivateAttr(default=None)

    @field_validator("entity")
    @classmethod
    def _known_entity(cls, name: str) -> str:
        if name not in ENTITIES:
            raise ValueError(f"unknown entity {name!r}; known: {', '.join(ENTITIES)}")
        return name

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return known_zone(name)

    @model_validator(mode="after")
    def _columns_fit_entity(self) -> Contract:
        entity = ENTITIES[self.entity]
        for name, mapping in self.columns.items():
            column = entity.columns_by_name.get(name)
            if column is None:
                known = ", ".join(entity.columns_by_name)
                raise ValueError(f"columns.{name}: {self.entity} has no such column; it has {known}")
            check_mapping(name, mapping, column, entity)
        made_elsewhere = {self.unnest.time} if self.unnest else set()
        missing = [c.name for c in entity.columns if c.required and c.name not in self.columns.keys() | made_elsewhere]
        if missing:
            raise ValueError(f"columns: no mapping for required {', '.join(missing)} of {self.entity}")
        if self.arrival == "file" and not isinstance(self.source, (FileSource, MqttSource)):
            raise ValueError(
                f"arrival: file is the delivery time of a file; only a source of files has one: {', '.join(sorted(KINDS))}, mqtt"
            )
        if isinstance(self.source, MqttSource) and (self.arrival, self.format.kind, self.reconcile) != ("file", "ndjson", None):
            raise ValueError("an mqtt source has arrival: file, format: {kind: ndjson}, and nobody to ask: no reconcile")
        if self.no_file and self.arrival != "file":
            raise ValueError("no_file: says what an interval without a file means; only a feed of arrival: file has such")
        if any(mapping.doubled_hour == "in_order" for mapping in self._times_of_packets()):
            raise ValueError("doubled_hour: in_order needs a time that every row carries itself: no packet, no arrival")
        if self.rows and not any(mapping.doubled_hour == "in_order" for mapping in self.columns.values()):
            raise ValueError("rows: the order of the rows is used by doubled_hour: in_order only; remove it")
        if self.bad_channel and not entity.wide:
            wide = ", ".join(name for name, other in ENTITIES.items() if other.wide)
            raise ValueError(f"bad_channel: {self.entity} has one measure a row; only {wide} have channels that fail alone")
        if self.source.kind == "http" and self.format.kind == "json" and self.format.compression != "none":
            raise ValueError("format.compression: pages of an API come unpacked; remove it")
        self._refuse_unused_elsewhere()
        refuse_doubled_names(self.other_names, self._first_names)
        if self.reads_file_name and not self.source.has_names:
            raise ValueError(
                f"from: {FILE_NAME} is the name of a file, or of the page a device was asked for; what an sql source gives has"
                " none, nor has an http source without `each`"
            )
        refuse_half_spread(self.spread, self.unnest, self._first_names, [m.from_ for m in self.columns.values()])
        if self.measures:
            if self.spread or self.unnest:
                raise ValueError("measures: a line is a part of a row; one that is several rows (spread, unnest) is not")
            refuse_half_measures(self.measures, self.columns, entity, self._read_beside)
        return self

    def _refuse_unused_elsewhere(self) -> None:
        """Options of the mappings that stand beside `columns`."""
        if isinstance(self.arrival, Mapping):
            refuse_unused("arrival", self.arrival, Column("arrived_at", "instant"))
        for mapping in self.unnest.base if self.unnest else []:
            refuse_unused("unnest.base", mapping, Column(self.unnest.time if self.unnest else "", "instant"))
        if isinstance(self.points, SelfRegistering):
            for name, mapping in self.points.named.items():
                refuse_unused(f"points.{name}", mapping, Column(name, "text"))

    @model_validator(mode="after")
    def _source_can_answer(self) -> Contract:
        asked, source = self.reconcile, self.source
        if asked is None:
            return self
        if (asked.sums or asked.query) and source.kind != "sql":
            raise ValueError("reconcile: sums and query are asked of an sql source only")
        if source.kind == "http" and source.pages.total is None:
            raise ValueError("reconcile: an http source counts in pages.total; say where the total stands in its answer")
        if unread := [name for name in asked.sums if name not in self.source_columns]:
            raise ValueError(f"reconcile: sums {unread}: not read by this contract; sum columns that it maps")
        return self

    def _times_of_packets(self) -> list[Mapping]:
        arrival = [self.arrival] if isinstance(self.arrival, Mapping) else []
        return arrival + ([*self.unnest.base, *self.columns.values()] if self.unnest else [])

    @property
    def file(self) -> str:
        """Where it was read from, for messages; of one that is known by its content alone, the file of its feed."""
        return self._file or f"feeds/{self.feed}.yml"

    def read_from(self, path: Path) -> Contract:
        """The same contract, knowing its file."""
        self._file = str(path)
        return self

    @property
    def entity_definition(self) -> Entity:
        return ENTITIES[self.entity]

    @property
    def suite_name(self) -> str:
        return self.suite or self.entity

    @property
    def content_hash(self) -> str:
        """sha256 over what the contract makes of the rows: not layout, comments, limits, nor what the source is asked after."""
        return hashlib.sha256(self.content_text.encode()).hexdigest()

    @property
    def content_text(self) -> str:
        """The contract's meaning as JSON with sorted keys; defaults are spelled out, but those of what came later."""
        meaning = self.model_dump(mode="json", by_alias=True, exclude=_NO_MEANING)
        return json.dumps(meaning, sort_keys=True, ensure_ascii=False)

    @property
    def mappings(self) -> list[Mapping]:
        """Every mapping of a source column, wherever the contract says it."""
        arrival = [self.arrival] if isinstance(self.arrival, Mapping) else []
        base = self.unnest.base if self.unnest else []
        named = self.points.named.values() if isinstance(self.points, SelfRegistering) else []
        return [*self.columns.values(), *arrival, *base, *named]

    @property
    def other_names(self) -> dict[str, list[str]]:
        """Source column -> the other names it has had."""
        return {m.from_: m.or_from for m in self.mappings if m.from_ and m.or_from and m.from_ not in self.measure_names}

    @property
    def measure_names(self) -> dict[str, str]:
        """Name of a measure in the file -> the first of its names, under which `columns` knows it."""
        return self.measures.names(self.columns) if self.measures else {}

    @property
    def reads_file_name(self) -> bool:
        return any(FILE_NAME in (m.from_, *m.read_beside) for m in self.mappings)

    @property
    def source_columns(self) -> list[str]:
        """Every source column the contract reads, in order, each once, under each of its names."""
        others = self.other_names
        names = [name for first in self._first_names for name in (first, *others.get(first, []))]
        return [name for name in dict.fromkeys(names) if name not in MADE and name not in self.measure_names]

    @property
    def _first_names(self) -> list[str]:
        names = [name for m in self.columns.values() for name in (m.from_, *m.read_beside) if name] + self._read_beside
        return [*names, self.measures.name, self.measures.value] if self.measures else names

    @property
    def _read_beside(self) -> list[str]:
        """Source columns that are read for other things than `columns`."""
        names = []
        if isinstance(self.arrival, Mapping) and self.arrival.from_:
            names.append(self.arrival.from_)
        if self.unnest:
            names += [self.unnest.readings, *(m.from_ for m in self.unnest.base if m.from_), self.unnest.step_minutes]
        if self.version:
            names.append(self.version)
        if isinstance(self.points, SelfRegistering):
            names += [m.from_ for m in self.points.named.values() if m.from_]
        if self.no_record:
            names.append(self.no_record.column)
        return [*names, *(self.spread.columns if self.spread else [])]

    def columns_empty(self, source: str) -> list[str]:
        """Texts that mean nothing was given, in a source column that is mapped."""
        return next(mapping.empty for mapping in self.mappings if mapping.from_ == source)

    @property
    def source_kinds(self) -> dict[str, set[str]]:
        """What each source column is read as: kinds of canonical columns, `clock` of a time of day, `number` of an epoch,
        `readings` of a packet, `version`."""
        kinds: dict[str, set[str]] = {name: set() for name in dict.fromkeys(self._first_names)}
        columns = self.entity_definition.columns_by_name
        mapped = [(columns[name].kind, mapping) for name, mapping in self.columns.items()]
        mapped += [("instant", mapping) for mapping in self._times_of_packets() if mapping not in self.columns.values()]
        if isinstance(self.points, SelfRegistering):
            mapped += [("text", mapping) for mapping in self.points.named.values()]
        for kind, mapping in mapped:
            if mapping.from_:
                kinds[mapping.from_].add("number" if mapping.epoch else kind)
            if mapping.time_from:
                kinds[mapping.time_from].add("clock")
            if mapping.unit_from:
                kinds[mapping.unit_from].add("text")
        if self.version:
            kinds[self.version].add("version")
        if self.no_record:
            kinds[self.no_record.column].add("text")
        if self.unnest:
            kinds[self.unnest.readings] = {"readings"}
            kinds[self.unnest.step_minutes].add("number")
        for first, others in self.other_names.items():
            kinds |= dict.fromkeys(others, kinds[first])
        if self.spread:
            kinds |= dict.fromkeys(self.spread.columns, kinds[CELL])
        if self.measures:
            kinds[self.measures.name].add("text")
            kinds[self.measures.value].update(*(kinds[name] for name in self.measures.columns))
        return {name: kind for name, kind in kinds.items() if name not in MADE and name not in self.measure_names}

    @property
    def identifying_sources(self) -> set[str]:
        """Source columns of ids and numbers by which rows are told apart: what looks like a telephone number there is none."""
        key = self.entity_definition.natural_key
        return {m.from_ for name, m in self.columns.items() if m.from_ and (name in key or name.endswith(("_id", "_no")))}

    @property
    def personal_sources(self) -> dict[str, str]:
        """Source column -> canonical personal column."""
        personal = {c.name for c in self.entity_definition.columns if c.personal}
        return {m.from_: name for name, m in self.columns.items() if name in personal and m.from_}
