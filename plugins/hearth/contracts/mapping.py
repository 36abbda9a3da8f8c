"""How one canonical column comes from the source, and which of the options a kind of column can use."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from hearth.contracts.entity import Column, Entity
from hearth.contracts.part import Part
from hearth.contracts.units import CONVERSIONS

DEFAULT_EMPTY = ("", "NULL", "null")
FILE_NAME = "<file>"
"""In `from`: the name of the file a record stands in, as its source calls it."""
COLUMN, CELL = "<column>", "<cell>"
"""In `from`, of a row with a column for each point: the name of the column, and what stands in it."""
MADE = {FILE_NAME, COLUMN, CELL}
"""Columns that stand in no file."""
AS_IT_IS = "*"
"""In `values`: '*': '*' keeps every text not named."""


class Mapping(Part):
    """How one canonical column comes from the source; a plain string in YAML is `from`, a list the names it has had there."""

    LATER: ClassVar = frozenset({"or_from", "pattern", "decimal", "thousands", "written_with", "unit_from", "units"})

    from_: str | None = Field(default=None, alias="from", description=f"source column, or {FILE_NAME} for the name of the file")
    or_from: list[str] = Field(
        default_factory=list, description="other names the source column has had; `from: [a, b]` says the same"
    )
    constant: str | int | float | bool | None = None
    unit: str | None = None
    unit_from: str | None = Field(
        default=None, description="a second column that tells each value's unit: one that names it, or the point's id"
    )
    units: dict[str, str] | None = Field(
        default=None, description="what stands in `unit_from` -> unit as sent; '*' stands for every text not named"
    )
    error_codes: list[float] = Field(default_factory=list, description="in the unit as sent")
    zero_is_missing: bool = False
    values: dict[str, str] | None = Field(
        default=None,
        description="source value -> canonical value; '*' stands for every value not named, '*': '*' keeps it as it is",
    )
    pattern: str | None = Field(
        default=None, description="regular expression (RE2) with one group: the part of the text that is meant, wherever it stands"
    )
    decimal: Literal[","] | None = Field(default=None, description="sign before the decimals, where it is a comma")
    thousands: Literal[".", ",", " ", "'"] | None = Field(default=None, description="sign between groups of three digits")
    written_with: list[str] = Field(
        default_factory=list, description="what stands beside a number in its cell and says nothing new, such as '%' or '℃'"
    )
    formats: list[str] = Field(default_factory=list, description="strptime formats tried in order; default ISO 8601")
    epoch: Literal["s", "ms", "us"] | None = None
    time_zone: str | None = None
    time_from: str | None = Field(default=None, description="a second column with the time of day (HH:MM)")
    empty: list[str] = Field(default_factory=lambda: list(DEFAULT_EMPTY))
    midnight_means_unknown: bool = False
    date_part: Literal["year"] | None = Field(default=None, description="for a whole number that comes as a date")
    doubled_hour: Literal["first", "last", "in_order"] = Field(
        default="first",
        description="which one a local time of the hour that clocks show twice is; in_order: as the order of one"
        " point's readings in a file tells",
    )

    @model_validator(mode="before")
    @classmethod
    def _names_it_has_had(cls, given: Any) -> Any:
        names = given.get("from") if isinstance(given, dict) else None
        if not isinstance(names, list):
            return given
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError("from: expected a name, or a list of the names the column has had, the newest first")
        return {**given, "from": names[0], "or_from": names[1:]}

    @model_validator(mode="after")
    def _one_origin(self) -> Mapping:
        if (self.from_ is None) == (self.constant is None):
            raise ValueError("give exactly one of `from` (a source column) and `constant`")
        if len({self.from_, *self.or_from}) <= len(self.or_from):
            raise ValueError(f"from: a name stands there twice: {[self.from_, *self.or_from]}")
        if self.decimal and self.decimal == self.thousands:
            raise ValueError(f"{self.decimal!r} cannot stand before the decimals and between thousands")
        if self.pattern is not None:
            _refuse_pattern(self.pattern)
        if (self.unit_from is None) != (not self.units):
            raise ValueError("unit_from names the column that tells the unit, units what its texts mean: give both or none")
        if self.epoch and (self.formats or self.time_from):
            raise ValueError("epoch says the time is a number; remove it, or formats and time_from")
        return self

    @property
    def read_beside(self) -> list[str]:
        """Source columns that tell something of the value in `from`."""
        return [name for name in (self.time_from, self.unit_from) if name]

    @property
    def said(self) -> set[str]:
        """Options the contract gives, other than their defaults."""
        return {
            name
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }


def _refuse_pattern(pattern: str) -> None:
    import pyarrow as pa  # where a pattern is said: a DAG of any other feed is read without it
    import pyarrow.compute as pc

    try:
        groups = re.compile(pattern).groups
        pc.match_substring_regex(pa.array([""]), pattern)
    except (re.error, pa.ArrowInvalid) as error:
        raise ValueError(f"pattern {pattern!r}: {error}") from error
    if groups != 1:
        raise ValueError(f"pattern {pattern!r}: expected one group, in round brackets, for the part that is meant; it has {groups}")


def refuse_doubled_names(other_names: dict[str, list[str]], first_names: list[str]) -> None:
    """Raises ValueError for another name of a column (by its first) that is a column of its own, or another's."""
    others = [name for names in other_names.values() for name in names]
    number = Counter([*others, *dict.fromkeys(first_names)])
    if twice := [repr(name) for name in dict.fromkeys(others) if number[name] > 1]:
        raise ValueError(f"from: {', '.join(twice)}: another name of one column cannot be a column of its own as well")


def _short_form(value: object) -> object:
    return {"from": value} if isinstance(value, (str, list)) else value


def _short_form_or_constant(value: object) -> object:
    return {"constant": value[1:]} if isinstance(value, str) and value.startswith("=") else _short_form(value)


ColumnMapping = Annotated[Mapping, BeforeValidator(_short_form)]
NamedMapping = Annotated[Mapping, BeforeValidator(_short_form_or_constant)]

_TIME = {"formats", "epoch", "time_zone", "time_from"}
_WRITTEN = {"decimal", "thousands", "written_with"}
_NUMBER = {"unit", "unit_from", "units", "error_codes", "zero_is_missing", "pattern"} | _WRITTEN
_USED: dict[str, set[str]] = {
    "text": {"values", "pattern"},
    "number": _NUMBER,
    "integer": _NUMBER,
    "flag": set(),
    "instant": _TIME | {"doubled_hour", "midnight_means_unknown", "pattern"},
    "date": (_TIME | {"pattern"}) - {"time_from"},
}
"""Options beside from, constant and empty that a kind of column uses; epoch and date_part change that."""
_WHY = {
    "values": "values name texts",
    "date_part": "date_part makes a whole number",
    "error_codes": "error_codes are numbers",
    "decimal": "decimal says how numbers are written",
    "thousands": "thousands says how numbers are written",
    "written_with": "written_with stands beside numbers",
    "pattern": "pattern takes a part of a text",
    "zero_is_missing": "zero_is_missing speaks of a number",
    "unit_from": "unit_from tells the unit of a number",
    "doubled_hour": "doubled_hour settles an instant",
    "midnight_means_unknown": "midnight_means_unknown speaks of an instant",
}


def refuse_unused(name: str, mapping: Mapping, column: Column) -> None:
    """Raises ValueError for an option that a column of this kind would not use: what is said and not done misleads."""
    used = set(_USED[column.kind])
    if mapping.epoch:
        used |= {"error_codes", "zero_is_missing"}
    if column.kind == "integer":
        used = {"date_part", "formats", "time_zone", "pattern"} if mapping.date_part else used | {"date_part"}
    wrong = sorted(mapping.said - used - {"from_", "or_from", "constant", "empty", "unit"})
    if wrong:
        why = _WHY.get(wrong[0], f"{wrong[0]} is for times")
        also = " without epoch" if column.kind in ("instant", "date") and wrong[0] in ("error_codes", "zero_is_missing") else ""
        raise ValueError(f"{name}: {why}; it is of kind {column.kind}{also} and would not use {', '.join(wrong)}: remove it")


def check_mapping(name: str, mapping: Mapping, column: Column, entity: Entity) -> None:
    """Raises ValueError for options that do not go with the column."""
    _check_unit(name, mapping, column.unit)
    refuse_unused(f"columns.{name}", mapping, column)
    if mapping.doubled_hour == "in_order" and not (column.kind == "instant" and name in entity.natural_key):
        raise ValueError(
            f"columns.{name}: doubled_hour: in_order compares readings of one point; only a time of the key"
            f" ({', '.join(entity.natural_key)}) can have it"
        )
    if column.choices and mapping.values:
        wrong = sorted({name for given, name in mapping.values.items() if (given, name) != ("*", AS_IT_IS)} - set(column.choices))
        if wrong:
            raise ValueError(f"columns.{name}: {wrong} not among {', '.join(column.choices)}")
    if mapping.constant is not None:
        _check_constant(f"columns.{name}", mapping, column)


_TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "number": (int, float), "integer": (int,), "flag": (bool,)}
_WORDS = {"text": "a text in quotation marks", "number": "a number", "integer": "a whole number", "flag": "true or false"}


def _check_constant(place: str, mapping: Mapping, column: Column) -> None:
    given: Any = mapping.constant
    if column.kind in ("instant", "date") and not mapping.epoch:
        if not isinstance(given, str) or not _is_time(given, mapping.formats):
            form = f"written as {' or '.join(mapping.formats)}" if mapping.formats else "such as '2016-11-01'"
            raise ValueError(f"{place}: constant {given!r} is no time; expected one in quotation marks, {form}")
        return
    types = _TYPES.get(column.kind, (int, float))
    if not isinstance(given, types) or (isinstance(given, bool) and bool not in types):
        raise ValueError(
            f"{place}: constant {given!r} of a column of kind {column.kind}: expected {_WORDS.get(column.kind, 'a number')}"
        )
    if mapping.values is None and column.choices and str(given) not in column.choices:
        raise ValueError(f"{place}: constant {given!r} not among {', '.join(column.choices)}")


def _is_time(text: str, formats: list[str]) -> bool:
    for form in formats or [""]:
        try:
            _ = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
        except ValueError:
            continue
        return True
    return False


def _check_unit(name: str, mapping: Mapping, stored_unit: str | None) -> None:
    said = [*(mapping.units or {}).values(), *([mapping.unit] if mapping.unit is not None else [])]
    if stored_unit is None:
        if said:
            raise ValueError(f"columns.{name}: it is not a quantity, remove its unit: {', '.join(said)}")
        return
    known = ", ".join(CONVERSIONS[stored_unit])
    if mapping.from_ is not None and not said:
        raise ValueError(f"columns.{name}: say the unit as sent, one of {known}")
    if mapping.unit is not None and mapping.units:
        raise ValueError(f"columns.{name}: unit says one for all values, units one for each; remove one of them")
    for unit in said:
        if unit not in CONVERSIONS[stored_unit]:
            raise ValueError(f"columns.{name}: unit {unit!r} cannot become {stored_unit}; expected one of {known}")
