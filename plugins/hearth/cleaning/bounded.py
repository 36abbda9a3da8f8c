"""Reading no more of a landing file than its limits allow."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO

from hearth.cleaning.errors import AGAIN, UnreadableFile
from hearth.contracts.limits import FileLimits


def too_much(name: str, limits: FileLimits, limit: str, what: str) -> UnreadableFile:
    """The error for a file that goes beyond a limit, with its name, its value and where it is set."""
    value = getattr(limits, limit)
    return UnreadableFile(
        f"{name}: {what}; the limit format.limits.{limit} is {value}, and nothing of it was loaded. Ask the sender what"
        " it is; if the file is right, set the limit in the contract.",
        AGAIN,
    )


NOT_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


def cut_off(name: str, lines: int, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{name}: cut off or not gzip after line {lines}: {error}.")


def holds_longer_line(lines: bytes, limit: int) -> bool:
    """Whether a line has more bytes than the limit. Looks at line ends a limit apart, not at every one."""
    at = 0
    while len(lines) - at > limit:
        end = lines.rfind(b"\n", at, at + limit + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def read_whole(name: str, stream: IO[bytes], limits: FileLimits) -> bytes:
    """A file that can only be read as a whole. Raises UnreadableFile."""
    data = stream.read(limits.document_bytes + 1)
    if len(data) > limits.document_bytes:
        raise too_much(name, limits, "document_bytes", "it is larger")
    return data


class Counted(io.RawIOBase):
    """A stream that knows how many bytes it gave, and gives no more than `unpacked_bytes`. Raises UnreadableFile."""

    def __init__(self, name: str, stream: IO[bytes], limits: FileLimits) -> None:
        self._name, self._stream, self._limits, self.given = name, stream, limits, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.given

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self.given += len(data)
        if self.given > self._limits.unpacked_bytes:
            raise too_much(self._name, self._limits, "unpacked_bytes", "it is larger")
        buffer[: len(data)] = data
        return len(data)
