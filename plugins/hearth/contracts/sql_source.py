"""Rows of a query."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import field_validator

from hearth.contracts.limits import SqlLimits
from hearth.contracts.part import Part


class SqlSource(Part):
    """A query with the parameters :interval_start and :interval_end (instants)."""

    counted_in: ClassVar = "records"
    place: ClassVar = "query"
    has_names: ClassVar = False

    kind: Literal["sql"]
    connection: str
    query: str
    limits: SqlLimits = SqlLimits()

    @field_validator("query")
    @classmethod
    def _bound_to_interval(cls, query: str) -> str:
        for name in (":interval_start", ":interval_end"):
            if name not in query:
                raise ValueError(f"the query must use {name}: a pull is bound to its interval")
        return query
