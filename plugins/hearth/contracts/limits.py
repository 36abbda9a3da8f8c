"""What a pull and a file may take at most. Each limit has a default; a contract sets it at `source.limits`, `format.limits`.

They say when to stop, not what the rows mean: they are no part of a contract's content hash.
"""

from __future__ import annotations

from pydantic import Field

from hearth.contracts.part import Part

MIB = 1 << 20


class PullLimits(Part):
    """Of one pull, from any source: how long it may take, and how many bytes it may bring."""

    pull_seconds: float = Field(default=7200, gt=0)
    pull_bytes: int = Field(default=16 << 30, gt=0)


class HttpLimits(PullLimits):
    """`request_seconds`: one page, from asking to its last byte. `empty_pages`: pages without records in a row."""

    request_seconds: float = Field(default=300, gt=0)
    pages: int = Field(default=20_000, gt=0)
    empty_pages: int = Field(default=10, gt=0)


class FolderLimits(PullLimits):
    """`listed_files`: names in the folder, of any pattern."""

    listed_files: int = Field(default=200_000, gt=0)


class MailLimits(FolderLimits):
    """`mail_bytes`: one mail as it was sent, read whole. `late_days`: so far back late mails are looked for."""

    mail_bytes: int = Field(default=64 * MIB, gt=0)
    late_days: int = Field(default=7, ge=0)


class SqlLimits(PullLimits):
    """`statement_seconds`: one statement, which the source ends itself too (MySQL: with all of its rows)."""

    connect_seconds: float = Field(default=30, gt=0)
    statement_seconds: float = Field(default=3600, gt=0)


class MqttLimits(PullLimits):
    """Where one is reached, the run ends with what came, and the rest waits at the broker.

    `quiet_seconds` without a message: no more are waiting. `listen_seconds`: of one run, where messages never end.
    `message_bytes`: a larger one lands in a file of its own and is no record.
    """

    connect_seconds: float = Field(default=30, gt=0)
    listen_seconds: float = Field(default=60, gt=0)
    quiet_seconds: float = Field(default=2, gt=0)
    message_bytes: int = Field(default=4 * MIB, gt=0)


class FileLimits(Part):
    """Of one landing file. Memory follows all but the last, time follows `unpacked_bytes`.

    `document_bytes`: a file that is read whole (a JSON page or document, a workbook as it comes). `workbook_bytes`: all parts of
    a workbook unpacked, and all texts of its sheet; an old .xls may take four times as much memory. `cells`: rows times columns
    up to the last cell with a value, empty ones too. `line_bytes`: one line of CSV or JSON lines. `lines_apart`: of `measures`,
    how far the lines of one row may lie apart. `unpacked_bytes`: the whole file, unpacked.
    """

    document_bytes: int = Field(default=32 * MIB, gt=0)
    workbook_bytes: int = Field(default=256 * MIB, gt=0)
    cells: int = Field(default=5_000_000, gt=0)
    columns: int = Field(default=2_000, gt=0)
    line_bytes: int = Field(default=8 * MIB, gt=0)
    lines_apart: int = Field(default=500_000, gt=0)
    unpacked_bytes: int = Field(default=32 << 30, gt=0)
