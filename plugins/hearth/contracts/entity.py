"""What a canonical entity is made of. The entities themselves are declared in the modules beside this one, by theme."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "instant", "date", "number", "integer", "flag"]

POSTGRES_TYPE: dict[Kind, str] = {
    "text": "text",
    "instant": "timestamptz",
    "date": "date",
    "number": "double precision",
    "integer": "integer",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `unit` is the unit values are stored in (None: not a quantity). `personal` marks a resident's
    or an employee's data: the value goes to the restricted schema, raw keeps `<name>_hash`. A note is a
    text of sentences and may be longer than an id, a name or a word of a list. `limits`: [least, most] of a number of a company's
    own entity, in its unit; of ours a suite says them.
    """

    name: str
    kind: Kind
    required: bool = False
    unit: str | None = None
    choices: tuple[str, ...] = ()
    personal: bool = False
    is_note: bool = False
    doc: str = ""
    limits: tuple[float, float] | None = None

    @property
    def is_free_text(self) -> bool:
        """Text anybody may have written anything into: no id, number or name of a thing, no list of choices."""
        of_things = self.name.endswith(("_id", "_no", "_name"))
        return self.kind == "text" and not self.personal and not self.choices and not of_things

    @property
    def is_identifier(self) -> bool:
        """Text that names one thing among others."""
        return self.kind == "text" and not self.personal and not self.choices and self.name.endswith(("_id", "_no"))

    @property
    def stored_name(self) -> str:
        return f"{self.name}_hash" if self.personal else self.name


@dataclass(frozen=True)
class Entity:
    """A canonical thing and how its rows are told apart.

    `event_column` gives the day a row changes in the marts; `register` rows change everything from
    that day on. `full_export`: every delivery is the whole state, the newest one is current. `tells_of_days`: its rows say what
    happened on their day, so that they make the day known (in dbt: the macro `daily_entities`).
    `wide`: a row carries the channels of several instruments, and each may fail by itself. `in_files`: readings of instruments;
    their rows live in columnar files (hearth.lake) and not in a table. `is_own`: the company's, from a file of its own.
    """

    name: str
    title: str
    title_zh: str
    natural_key: tuple[str, ...]
    event_column: str
    columns: tuple[Column, ...]
    register: bool = False
    full_export: bool = False
    tells_of_days: bool = False
    wide: bool = False
    in_files: bool = False
    is_own: bool = False
    columns_by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_by_name", {c.name: c for c in self.columns})

    @property
    def raw_key(self) -> tuple[str, ...]:
        """Key of raw.<entity>: the feed, the natural key and the arrival or version."""
        return ("feed", *self.natural_key, "arrived_at", "source_version")

    @property
    def channels(self) -> tuple[str, ...]:
        """Measures of a wide row that are good or bad by themselves."""
        return tuple(c.name for c in self.columns if c.kind == "number" and not c.required) if self.wide else ()

    @property
    def made_columns(self) -> tuple[str, ...]:
        """Texts that the intake adds behind the entity's own columns; nothing maps them."""
        return (LEFT_OUT,) if self.wide else ()

    @property
    def content_columns(self) -> tuple[str, ...]:
        """Stored columns whose equality makes two rows of one key the same row."""
        return tuple(c.stored_name for c in self.columns)


def text(name: str, **kw: Any) -> Column:
    return Column(name, "text", **kw)


def instant(name: str, **kw: Any) -> Column:
    return Column(name, "instant", **kw)


def date(name: str, **kw: Any) -> Column:
    return Column(name, "date", **kw)


def number(name: str, unit: str | None, **kw: Any) -> Column:
    return Column(name, "number", unit=unit, **kw)


def integer(name: str, unit: str | None = None, **kw: Any) -> Column:
    return Column(name, "integer", unit=unit, **kw)


def flag(name: str, **kw: Any) -> Column:
    return Column(name, "flag", **kw)


def personal(name: str) -> Column:
    return Column(name, "text", personal=True)


LEFT_OUT = "left_out"
"""Column of a wide raw row: its channels that could not be used and are null, as `channel:reason,...`; null where all could."""

PROVENANCE: tuple[tuple[str, str], ...] = (
    ("feed", "text not null"),
    ("batch_id", "bigint not null"),
    ("file_id", "bigint not null"),
    ("position", "bigint not null"),
    ("sub_position", "integer not null"),
    ("arrived_at", "timestamptz not null"),
    ("source_version", "bigint not null"),
)
"""Columns in front of every raw table: where a row came from. (name, PostgreSQL type)"""
