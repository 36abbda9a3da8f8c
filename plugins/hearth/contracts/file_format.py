"""How a landing file is written: JSON, JSON lines, CSV or a workbook."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from hearth.contracts.limits import FileLimits
from hearth.contracts.part import Part


class JsonFormat(Part):
    kind: Literal["json"]
    limits: FileLimits = FileLimits()


class NdjsonFormat(Part):
    kind: Literal["ndjson"]
    compression: Literal["gzip", "none"] = "none"
    limits: FileLimits = FileLimits()


class CsvFormat(Part):
    LATER: ClassVar = frozenset({"compression", "skip_rows"})

    kind: Literal["csv"]
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: list[str] | None = Field(default=None, description="column names of a file without a header line")
    compression: Literal["gzip", "none"] = "none"
    skip_rows: int = Field(default=0, ge=0, le=100, description="rows above the header, such as a title; blank ones do not count")
    limits: FileLimits = FileLimits()


class XlsxFormat(Part):
    """`header_rows` > 1: merged group headers; names become 'group / column'."""

    LATER: ClassVar = frozenset({"sheets", "skip_rows", "fill_merged"})

    kind: Literal["xlsx"]
    sheet: str | None = None
    sheets: list[str] | None = Field(
        default=None, min_length=1, description="sheets read one after the other, each with its header; no other one is"
    )
    header_rows: int = Field(default=1, ge=1, le=3)
    skip_rows: int = Field(default=0, ge=0, le=100, description="rows above the header, such as a title; blank ones do not count")
    fill_merged: bool | None = Field(
        default=None,
        description="true: a cell merged over several rows stands for each of them; false: for the first; null: it is refused",
    )
    limits: FileLimits = FileLimits()

    @model_validator(mode="after")
    def _one_choice(self) -> XlsxFormat:
        if self.sheet is not None and self.sheets is not None:
            raise ValueError("give one of `sheet` and `sheets`")
        return self


Format = Annotated[JsonFormat | NdjsonFormat | CsvFormat | XlsxFormat, Field(discriminator="kind")]
