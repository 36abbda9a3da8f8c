"""Where a feed comes from and how it is asked: HTTP pages or export, files over SFTP, a query."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from hearth.contracts.limits import HttpLimits, SftpLimits, SqlLimits
from hearth.contracts.part import Part


class HttpInterval(Part):
    """Query parameters that carry the half-open interval, ISO 8601 with offset."""

    from_: str = Field(alias="from")
    to: str


class HttpPages(Part):
    """Cursor paging: dotted paths into the response, and the names of the query parameters."""

    items: str
    next: str
    total: str | None = None
    cursor_parameter: str = "cursor"
    size_parameter: str = "limit"
    size: int = Field(default=5000, gt=0)
    success: dict[str, str | int] = Field(default_factory=dict)


class HttpExport(Part):
    """Bulk export used for intervals of at least `min_days` days."""

    path: str
    min_days: float = Field(gt=0)
    format: Literal["ndjson"] = "ndjson"
    compression: Literal["gzip", "none"] = "gzip"


class HttpSource(Part):
    kind: Literal["http"]
    connection: str
    path: str
    interval: HttpInterval
    pages: HttpPages
    export: HttpExport | None = None
    time_out_seconds: float = Field(default=60, gt=0, description="of connecting, and between two bytes")
    limits: HttpLimits = HttpLimits()


class SftpDelivery(Part):
    """One delivery in several files, such as a register too large for one: it is there when all of them are.

    `name`: a pattern with one group; files whose names have the same text there belong together. `files`: so many they are.
    """

    name: str
    files: int = Field(ge=2)

    @field_validator("name")
    @classmethod
    def _one_group(cls, name: str) -> str:
        try:
            groups = re.compile(name).groups
        except re.error as error:
            raise ValueError(f"{name!r} is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError(f"{name!r} has {groups} groups; give one around what the files of a delivery share: pipes_(\\d{{8}})_")
        return name


class SftpSource(Part):
    """Files whose delivery (modification time; of several that belong together the newest) lies in the interval."""

    kind: Literal["sftp"]
    connection: str
    folder: str
    pattern: str = Field(description="shell pattern of the file names")
    delivery: SftpDelivery | None = Field(default=None, description="null: every file is a delivery of its own")
    limits: SftpLimits = SftpLimits()


class SqlSource(Part):
    """A query with the parameters :interval_start and :interval_end (instants)."""

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


Source = Annotated[HttpSource | SftpSource | SqlSource, Field(discriminator="kind")]
