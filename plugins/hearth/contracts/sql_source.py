"""Rows of a query."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from hearth.contracts.limits import SqlLimits
from hearth.contracts.part import Part


class SqlInterval(Part):
    """What stands for :interval_start and :interval_end, as the column they are compared with has its times."""

    as_: Literal["instant", "local", "epoch_s", "epoch_ms"] = Field(
        default="instant",
        alias="as",
        description="instant: times with an offset; local: clock times of the contract's time_zone, for columns without an offset"
        " (always so in MySQL, MariaDB and Oracle); epoch_s, epoch_ms: whole numbers since 1970",
    )


class SqlSource(Part):
    """A query with the parameters :interval_start and :interval_end."""

    LATER: ClassVar = frozenset({"interval"})
    counted_in: ClassVar = "records"
    place: ClassVar = "query"
    has_names: ClassVar = False

    kind: Literal["sql"]
    connection: str
    query: str
    interval: SqlInterval = SqlInterval()
    limits: SqlLimits = SqlLimits()

    @field_validator("query")
    @classmethod
    def _bound_to_interval(cls, query: str) -> str:
        for name in (":interval_start", ":interval_end"):
            if name not in query:
                raise ValueError(f"the query must use {name}: a pull is bound to its interval")
        return query
