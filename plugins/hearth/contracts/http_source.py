"""How an HTTP API is asked for an interval."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from hearth.contracts.limits import HttpLimits
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
    counted_in: ClassVar = "records"

    kind: Literal["http"]
    connection: str
    path: str
    interval: HttpInterval
    pages: HttpPages
    export: HttpExport | None = None
    time_out_seconds: float = Field(default=60, gt=0, description="of connecting, and between two bytes")
    limits: HttpLimits = HttpLimits()

    @property
    def place(self) -> str:
        return self.path
