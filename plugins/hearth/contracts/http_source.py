"""How an HTTP API is asked for an interval."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from hearth.contracts.http_login import HttpLogin
from hearth.contracts.limits import HttpLimits
from hearth.contracts.part import Part

EACH = "{each}"
"""Stands in a path for what each request is asked of."""
ROOT = "."
"""The dotted path of an answer as a whole."""
LINK_HEADER = "<header>"


class HttpInterval(Part):
    """The parameters that carry the interval, and how they say it.

    `as`: iso (ISO 8601 with offset), epoch_s, epoch_ms, or a strftime format on the clocks of the contract's time zone. A source
    that takes one day and no end has `from` alone. `closed`: the end itself is asked for too, so that what is sent is the last
    second (epoch_ms: millisecond) before it.
    """

    LATER: ClassVar = frozenset({"as_", "closed", "at_most_days"})

    from_: str = Field(alias="from")
    to: str | None = None
    as_: str = Field(default="iso", alias="as")
    closed: bool = False
    at_most_days: int | None = Field(
        default=None, gt=0, description="days one request may ask for; a longer interval is cut at midnights"
    )

    @field_validator("as_")
    @classmethod
    def _known_form(cls, form: str) -> str:
        if form not in ("iso", "epoch_s", "epoch_ms") and datetime(2026, 1, 2, tzinfo=UTC).strftime(form) in ("", form):
            raise ValueError(f"{form!r} is none of iso, epoch_s, epoch_ms and no strftime format such as '%Y-%m-%d %H:%M:%S'")
        return form

    @model_validator(mode="after")
    def _day_by_day(self) -> HttpInterval:
        if self.to is None and not (self.at_most_days == 1 and self.asks_days):
            raise ValueError("to: left out where a source takes one day: give at_most_days: 1 and `as` a date such as '%Y-%m-%d'")
        return self

    @property
    def asks_days(self) -> bool:
        """Whether what is sent names days and no time of day."""
        if self.as_ in ("iso", "epoch_s", "epoch_ms"):
            return False
        return datetime(2026, 1, 2, tzinfo=UTC).strftime(self.as_) == datetime(2026, 1, 2, 13, 14, 15, tzinfo=UTC).strftime(
            self.as_
        )


class HttpPages(Part):
    """Where an answer has its records (dotted paths; "." is the answer itself), and how the next page is asked for.

    One of `next` (the cursor in the answer), `number` and `offset` (the parameter that counts pages, records) and `link` (the
    address of the next page in the answer, "<header>": in the header Link, RFC 8288); none of them: one answer holds all.
    """

    LATER: ClassVar = frozenset({"number", "first", "offset", "link"})

    items: str
    next: str | None = None
    number: str | None = None
    first: int = Field(default=1, description="number of the first page")
    offset: str | None = None
    link: str | None = None
    total: str | None = None
    cursor_parameter: str = "cursor"
    size_parameter: str = "limit"
    size: int = Field(default=5000, gt=0)
    success: dict[str, str | int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way_on(self) -> HttpPages:
        ways = [name for name in ("next", "number", "offset", "link") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)}: a source pages in one way; keep one of them")
        return self


class HttpEach(Part):
    """A source that answers for one device at a time is asked once for each.

    `parameter`: the one that names it, unless {each} stands in the path. `ids` are written out, or those `of` the register.
    """

    parameter: str | None = None
    ids: list[str] | None = Field(default=None, min_length=1)
    of: Literal["measuring_point", "station", "building"] | None = None
    like: str | None = Field(
        default=None, description="of the register: only those whose identifiers are like this regular expression"
    )

    @model_validator(mode="after")
    def _one_list(self) -> HttpEach:
        if self.like is not None:
            if self.of is None:
                raise ValueError("like: chooses among those `of` the register; written out `ids` need no choice")
            try:
                re.compile(self.like)
            except re.error as error:
                raise ValueError(f"like: {self.like!r} is no regular expression: {error}") from error
        if (self.ids is None) == (self.of is None):
            raise ValueError(
                "give one of `ids` (written out) and `of` (measuring_point, station or building: those the register has)"
            )
        return self


class HttpExport(Part):
    """Bulk export used for intervals of at least `min_days` days."""

    path: str
    min_days: float = Field(gt=0)
    format: Literal["ndjson"] = "ndjson"
    compression: Literal["gzip", "none"] = "gzip"


class HttpSource(Part):
    """`send`: what every request says besides; in parameter names and here a dot leads into an object of a JSON body."""

    counted_in: ClassVar = "records"
    LATER: ClassVar = frozenset({"method", "form", "send", "headers", "each", "login"})

    kind: Literal["http"]
    connection: str
    path: str
    method: Literal["get", "post"] = "get"
    form: bool = Field(default=False, description="a post sends a form, not JSON")
    send: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict, description="sent along, such as a tenant; no secrets: those are `login`")
    login: HttpLogin | None = Field(default=None, description="null: the connection's password as a bearer token, if it has one")
    interval: HttpInterval
    each: HttpEach | None = None
    pages: HttpPages
    export: HttpExport | None = None
    time_out_seconds: float = Field(default=60, gt=0, description="of connecting, and between two bytes")
    limits: HttpLimits = HttpLimits()

    @property
    def place(self) -> str:
        return self.path

    @property
    def has_names(self) -> bool:
        return self.each is not None

    @model_validator(mode="after")
    def _whole_request(self) -> HttpSource:
        if (EACH in self.path) != (self.each is not None and self.each.parameter is None):
            raise ValueError(f"each: say its `parameter`, or let {EACH} stand in `path`, not both and not neither")
        if self.form and self.method == "get":
            raise ValueError("form: only a post sends one; set method: post")
        if (self.method == "get" or self.form) and any(isinstance(value, dict) for value in self.send.values()):
            raise ValueError("send: a query or form has texts, numbers and lists of them; objects are sent by a post of JSON")
        if self.pages.link is not None and self.method == "post":
            raise ValueError("pages.link: a link is followed by get; a post pages by next, number or offset")
        return self
