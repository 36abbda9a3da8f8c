"""An entity of the company's own, as its file `entities/<entity>.yml` says it: one kind of rows that Hearth does not know."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from hearth.contracts.entity import PROVENANCE, Column, Entity, Kind
from hearth.contracts.part import Part
from hearth.contracts.units import CONVERSIONS

NAME = r"^[a-z][a-z0-9_]{1,40}$"
TAKEN = frozenset(name for name, _ in PROVENANCE) | {"batch_event_date", "left_out"}
"""Columns that every raw table has already."""


class EntityColumn(Part):
    """One canonical column. A number has its limits: a row beyond them waits in quarantine as `out_of_range`."""

    kind: Kind
    required: bool = False
    unit: str | None = Field(default=None, description="that values are stored in; a contract says the one they come in")
    at_least: float | None = None
    at_most: float | None = None
    choices: list[str] = Field(default_factory=list)
    personal: bool = Field(default=False, description="a person's: the value goes to the restricted schema, raw keeps a keyed hash")
    note: bool = Field(default=False, description="sentences, longer than a name")
    doc: str = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> EntityColumn:
        is_number = self.kind in ("number", "integer")
        if is_number and (self.at_least is None or self.at_most is None or self.at_least > self.at_most):
            raise ValueError("a number needs its limits: at_least and at_most; what lies beyond them is refused")
        if not is_number and (self.at_least is not None or self.at_most is not None or self.unit is not None):
            raise ValueError("unit, at_least and at_most are said of numbers")
        if self.unit is not None and self.unit not in CONVERSIONS:
            raise ValueError(f"unit: {self.unit!r} is not known; known: {', '.join(CONVERSIONS)}. A count has none")
        if self.kind != "text" and (self.choices or self.personal or self.note):
            raise ValueError("choices, personal and note are said of texts")
        return self

    def named(self, name: str) -> Column:
        return Column(
            name,
            self.kind,
            self.required,
            self.unit,
            tuple(self.choices),
            self.personal,
            self.note,
            self.doc,
            None if self.at_least is None or self.at_most is None else (self.at_least, self.at_most),
        )


class EntityFile(Part):
    """See docs/how-to/add-an-entity.md."""

    entity: str = Field(pattern=NAME)
    title: str
    title_zh: str = ""
    key: list[str] = Field(min_length=1, description="columns that name the thing for ever; its newest version counts")
    event: str = Field(description="the date or instant a row is about")
    columns: dict[str, EntityColumn]

    @model_validator(mode="after")
    def _whole(self) -> EntityFile:
        for name in self.columns:
            if not re.match(NAME, name):
                raise ValueError(f"columns.{name}: a name has small letters, digits and _ and begins with a letter")
            if name in TAKEN or name.endswith("_hash"):
                raise ValueError(f"columns.{name}: every table has a column of this name already, or makes one; take another")
        for name in (*self.key, self.event):
            if name not in self.columns or not self.columns[name].required:
                place = "key" if name in self.key else "event"
                raise ValueError(f"{place}: {name} has to be one of the columns, and `required: true`")
        if self.columns[self.event].kind not in ("date", "instant"):
            raise ValueError(f"event: {self.event} has to be a date or an instant, came {self.columns[self.event].kind}")
        if any(self.columns[name].personal for name in self.key):
            raise ValueError("key: a personal column names nothing: only its hash is kept, and it is made anew with another secret")
        return self

    def definition(self) -> Entity:
        columns = tuple(column.named(name) for name, column in self.columns.items())
        return Entity(self.entity, self.title, self.title_zh, tuple(self.key), self.event, columns, is_own=True)
