"""Files in a folder somebody delivers to."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from hearth.contracts.limits import SftpLimits
from hearth.contracts.part import Part


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

    LATER: ClassVar = frozenset({"delivery"})
    counted_in: ClassVar = "files"
    has_names: ClassVar = True

    kind: Literal["sftp"]
    connection: str
    folder: str
    pattern: str = Field(description="shell pattern of the file names")
    delivery: SftpDelivery | None = Field(default=None, description="null: every file is a delivery of its own")
    limits: SftpLimits = SftpLimits()

    @property
    def place(self) -> str:
        return f"{self.folder}/{self.pattern}"
