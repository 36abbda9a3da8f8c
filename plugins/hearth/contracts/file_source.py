"""Files somebody delivers to a place: a folder, mounted or behind SFTP or FTP, a bucket, a mailbox."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator

from hearth.contracts.interval import Interval
from hearth.contracts.limits import FolderLimits, MailLimits
from hearth.contracts.part import Part

KINDS = frozenset({"folder", "ftp", "mail", "s3", "sftp"})


class FileDelivery(Part):
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


class FileSource(Part):
    """Files whose delivery (when they were written; of several that belong together the newest) lies in the interval."""

    LATER: ClassVar = frozenset({"delivery"})
    counted_in: ClassVar = "files"
    has_names: ClassVar = True

    connection: str
    pattern: str = Field(description="shell pattern of the file names")
    delivery: FileDelivery | None = Field(default=None, description="null: every file is a delivery of its own")
    limits: FolderLimits = FolderLimits()

    @property
    def where(self) -> str:
        """The place of the files within the connection, as people call it."""
        raise NotImplementedError

    @property
    def place(self) -> str:
        return f"{self.where}/{self.pattern}"

    def takes(self, name: str) -> bool:
        return fnmatchcase(name, self.pattern)

    def looked_through(self, interval: Interval) -> Interval | None:
        """Deliveries among which late ones are looked for while an interval is pulled; null: all that are listed."""
        return None


class SftpSource(FileSource):
    kind: Literal["sftp"]
    folder: str

    @property
    def where(self) -> str:
        return self.folder


class FolderSource(FileSource):
    """A folder of this machine, or mounted on it, below the root that the connection (type `fs`) opens."""

    kind: Literal["folder"]
    folder: str = Field(description="below the path of the connection")

    @property
    def where(self) -> str:
        return self.folder

    @field_validator("folder")
    @classmethod
    def _below(cls, folder: str) -> str:
        if ".." in folder.split("/") or "\0" in folder:
            raise ValueError(f"{folder!r} leads out of the root that the connection opens; say a folder below it, without ..")
        return folder


class FtpSource(FileSource):
    """`tls`: explicit (AUTH TLS), of the login and of the files. Without it everybody on the way reads both."""

    kind: Literal["ftp"]
    folder: str
    tls: bool = True

    @property
    def where(self) -> str:
        return self.folder


class S3Source(FileSource):
    """Objects whose key is `prefix` and a name without a further /."""

    kind: Literal["s3"]
    bucket: str
    prefix: str = ""

    @property
    def where(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


class MailSource(FileSource):
    """Attachments of the mails in a mailbox (IMAP). `from`: whose mails are taken; `subject`: a shell pattern."""

    kind: Literal["mail"]
    folder: str = Field(default="INBOX", description="the mailbox")
    from_: list[Annotated[str, StringConstraints(pattern=r"^[!#-'*+\-./-9=?A-Z^-~]+@[A-Za-z0-9.-]+$")]] = Field(
        alias="from", min_length=1, description="exact addresses"
    )
    subject: str | None = None
    tls: bool = Field(default=True, description="from the first byte on")
    limits: MailLimits = MailLimits()

    @property
    def where(self) -> str:
        return self.folder

    def looked_through(self, interval: Interval) -> Interval | None:
        """A server dates a mail itself when it comes: late is only what a person moved here, and every look reads whole mails."""
        return Interval(interval.start - timedelta(days=self.limits.late_days), interval.end)
