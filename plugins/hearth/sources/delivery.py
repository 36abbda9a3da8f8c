"""What a source hands over: named byte streams, nothing interpreted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


class SourceError(RuntimeError):
    """The source answered, but not with what was asked for: what was expected, what came, where, what to do."""


class SourceUnavailable(SourceError):
    """The source did not answer properly after several tries; the same pull may succeed later."""


@dataclass
class Delivery:
    """One file, page or query result of a pull.

    `name`: as the source calls it, made printable. `delivered_at`: when the source delivered it (files only).
    `chunks` is read once.
    """

    name: str
    chunks: Iterable[bytes]
    format_kind: str
    compression: str = "none"
    delivered_at: datetime | None = None

    def __post_init__(self) -> None:
        self.name = printable(self.name)


def printable(name: str) -> str:
    r"""A name from outside with its control signs, line ends and halves of surrogates written as \x00 (and \ as \\).

    No database text holds them, and two names stay two.
    """
    return "".join(
        sign.encode("unicode_escape").decode()
        if sign == "\\" or unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else sign
        for sign in name
    )
