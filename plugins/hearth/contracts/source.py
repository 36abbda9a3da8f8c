"""Where a feed comes from and how it is asked: HTTP pages or export, files over SFTP, a query."""

from __future__ import annotations

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


class SftpSource(Part):
    """Files whose delivery (modification time) lies in the interval."""

    kind: Literal["sftp"]
    connection: str
    folder: str
    pattern: str = Field(description="shell pattern of the file names")
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
