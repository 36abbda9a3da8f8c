"""How a landing file is written: JSON, JSON lines, CSV, a workbook, lines of fixed width, XML or Parquet; alone or packed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from hearth.contracts.limits import FileLimits
from hearth.contracts.part import Part

ALL_MEMBERS = "*"
Packed = Literal["none", "gzip", "zip"]
"""What is around a file. Of a zip archive all files that its `members` names are read, in order of their names, as one."""


class JsonFormat(Part):
    LATER: ClassVar = frozenset({"compression", "members"})

    kind: Literal["json"]
    compression: Packed = "none"
    members: str = ALL_MEMBERS
    limits: FileLimits = FileLimits()


class NdjsonFormat(Part):
    LATER: ClassVar = frozenset({"members"})

    kind: Literal["ndjson"]
    compression: Packed = "none"
    members: str = ALL_MEMBERS
    limits: FileLimits = FileLimits()


class CsvFormat(Part):
    LATER: ClassVar = frozenset({"compression", "members", "skip_rows"})

    kind: Literal["csv"]
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: list[str] | None = Field(default=None, description="column names of a file without a header line")
    compression: Packed = "none"
    members: str = ALL_MEMBERS
    skip_rows: int = Field(default=0, ge=0, le=100, description="rows above the header, such as a title; blank ones do not count")
    limits: FileLimits = FileLimits()


class XlsxFormat(Part):
    """`header_rows` > 1: merged group headers; names become 'group / column'."""

    LATER: ClassVar = frozenset({"compression", "members", "sheets", "skip_rows", "fill_merged"})

    kind: Literal["xlsx"]
    compression: Packed = "none"
    members: str = ALL_MEMBERS
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


class FixedWidthFormat(Part):
    """Lines whose columns stand at fixed places: name -> [first place from 1, width].

    Places are counted in bytes as old systems write them, where a Chinese sign of GBK takes two, or in `characters`.
    """

    kind: Literal["fixed_width"]
    encoding: str = "utf-8"
    columns: dict[str, tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]] = Field(min_length=1)
    counted_in: Literal["bytes", "characters"] = "bytes"
    compression: Packed = "none"
    members: str = ALL_MEMBERS
    skip_rows: int = Field(default=0, ge=0, le=100, description="lines above the first record")
    limits: FileLimits = FileLimits()


class XmlFormat(Part):
    """An element is a record; its columns are what stands within it: `name`, `outer.name`, attributes as `@name`, `outer.@name`.

    Names are without their namespace's prefix. `encoding`: that of the file, where it says none or a wrong one.
    """

    kind: Literal["xml"]
    record: str = Field(description="path of the element that is a record, from the root: export/readings/reading")
    encoding: str | None = None
    compression: Packed = "none"
    members: str = ALL_MEMBERS
    limits: FileLimits = FileLimits()


class ParquetFormat(Part):
    """Columns by their names; times, numbers and texts as their types say."""

    kind: Literal["parquet"]
    compression: Packed = Field(default="none", description="around the file; how its columns are compressed it says itself")
    members: str = ALL_MEMBERS
    limits: FileLimits = FileLimits()


Format = Annotated[
    JsonFormat | NdjsonFormat | CsvFormat | XlsxFormat | FixedWidthFormat | XmlFormat | ParquetFormat, Field(discriminator="kind")
]
