"""What one record of a file becomes: a row, several, or none."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from hearth.contracts.mapping import CELL, COLUMN, ColumnMapping, Mapping, NamedMapping
from hearth.contracts.part import Part


class NoRecord(Part):
    """Lines that are none, such as a total below a table: known by a text in one column. They are counted in the ledger."""

    column: str
    texts: list[str] = Field(min_length=1)


class Unnest(Part):
    """A packet of several readings: reading i was taken at base - i * step.

    `base` lists the source times in order of preference; a text of zeros only counts as absent.
    """

    readings: str
    time: str = "read_at"
    base: list[ColumnMapping] = Field(min_length=1)
    step_minutes: str


class Spread(Part):
    """A row with a column for each point: each cell that holds something is a reading. In `columns`, `from: <column>` is the name
    of its column and `from: <cell>` what stands in it; all other columns of the row belong to each of its cells."""

    columns: list[str] = Field(min_length=1, description="the source columns that are points, one after the other")

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: list[str]) -> list[str]:
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} stand(s) there twice")
        return columns


def refuse_half_spread(spread: Spread | None, unnest: Unnest | None, read: list[str], mapped: list[str | None]) -> None:
    """Raises ValueError where columns are spread and not used, used and not spread, or a packet as well."""
    if spread is None:
        if wrong := sorted({COLUMN, CELL} & set(read)):
            raise ValueError(f"from: {' and '.join(wrong)}: say in `spread` which columns are meant")
        return
    if unnest is not None:
        raise ValueError("spread: a record is a packet (unnest) or a row of several points (spread), not both")
    if missing := [name for name in (COLUMN, CELL) if mapped.count(name) == 0]:
        raise ValueError(f"spread: no column comes from {' and '.join(missing)}")
    if mapped.count(CELL) > 1:
        raise ValueError(f"spread: {CELL} is the value of one column; several come from it")
    if also := sorted(set(spread.columns) & {name for name in mapped if name}):
        raise ValueError(f"spread: {', '.join(also)} are columns of their own as well")


class PointSetting(Part):
    """What is different of one point that registers itself; what is not said is as for the others."""

    valid_from: date | None = None
    room_type: str | None = None
    expected_interval_minutes: int | None = None
    resolution_degc: float | None = None


class SelfRegistering(Part):
    """Where no register exists: the points, households and units named by the readings themselves.

    The four ids are source columns, mapped as any column, or `=text` for a constant. `each`: by their ids, points that differ.
    """

    LATER: ClassVar = frozenset({"each"})

    valid_from: date
    point_kind: Literal["fixed", "mobile", "remote"]
    household_id: NamedMapping
    building_id: NamedMapping
    station_id: NamedMapping
    branch_id: NamedMapping
    room_type: str
    expected_interval_minutes: int | None = None
    resolution_degc: float | None = None
    each: dict[str, PointSetting] = Field(default_factory=dict, description="points that differ from the others, by their ids")

    @model_validator(mode="after")
    def _no_point_before_the_others(self) -> SelfRegistering:
        if early := sorted(name for name, point in self.each.items() if point.valid_from and point.valid_from < self.valid_from):
            raise ValueError(f"points.each: {', '.join(early)} begin(s) before points.valid_from; write there the first day of all")
        return self

    @property
    def named(self) -> dict[str, Mapping]:
        """How each id comes from the source."""
        return {name: getattr(self, name) for name in ("household_id", "building_id", "station_id", "branch_id")}
