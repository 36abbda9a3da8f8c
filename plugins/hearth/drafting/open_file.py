"""The bytes of a sample, unpacked where they are packed, and the encoding of its text."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from hearth.contracts.limits import FileLimits
from hearth.drafting.sample import LOOKED_AT_BYTES, NotASample

BLOCK = 1 << 20
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"


class _Patient(io.RawIOBase):
    """A stream whose sudden end is its end: samples are cut off."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._left = stream, LOOKED_AT_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read1(min(len(buffer), self._left))  # `read` of a file that is cut off loses its last block
        except EOFError:
            return 0
        except OSError as error:
            raise NotASample(f"not gzip to its end: {error}; get the file again") from error
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The sample's bytes, at most as many as a draft looks at."""
    with path.open("rb") as file, gzip.open(file) if is_gzip(path) else file as stream:
        yield io.BufferedReader(_Patient(stream), BLOCK)


def lines_of(name: str, text: IO[Any]) -> Iterator[Any]:
    """Lines of a text, or of bytes. Raises NotASample at one so long that no contract reads it."""
    limit = FileLimits().line_bytes
    while line := text.readline(limit + 1):
        if len(line) > limit:
            raise NotASample(f"{name}: a line is longer than {limit} bytes; is this the file the source delivers?")
        yield line


def encoding_of(path: Path) -> tuple[str, str | None]:
    """(encoding as a contract says it, what is to be asked about it)."""
    with unpacked(path) as stream:
        start = stream.read(4096)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", None
    if b"\0" in start:
        return ("utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"), None
    if _reads(path, "utf-8"):
        return "utf-8-sig", None
    if _reads(path, "gb18030") and _looks_chinese(path):
        return "gb18030", None
    return "cp1252", "the encoding is neither UTF-8 nor Chinese (gb18030); read as cp1252 here: ask the sender which it is"


def _reads(path: Path, encoding: str) -> bool:
    """Whether all that is looked at can be decoded; a sign that is cut off at the end of the sample counts for nothing."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with unpacked(path) as stream:
        try:
            while block := stream.read(BLOCK):
                decoder.decode(block)
        except UnicodeDecodeError:
            return False
    return True


def _looks_chinese(path: Path) -> bool:
    """Western letters read as gb18030 become signs nobody writes; those of GB2312 are the ones in use."""
    with unpacked(path) as stream:
        text = codecs.getincrementaldecoder("gb18030")().decode(stream.read(BLOCK))
    signs = [sign for sign in text if ord(sign) > 0x7F]
    common = sum(len(sign.encode("gb2312", "ignore")) > 0 for sign in signs)
    return not signs or common >= 0.9 * len(signs)
