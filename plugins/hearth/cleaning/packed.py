"""Files within a file: what is around them is taken off, and no more is unpacked than the limits allow."""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, cast

from hearth.cleaning.bounded import NOT_GZIP, Counted
from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.file_format import Format
from hearth.contracts.limits import FileLimits

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NOT_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What a damaged, an encrypted and a foreign archive raise."""


def unpacked(name: str, stream: IO[bytes], form: Format) -> Iterator[tuple[str, IO[bytes]]]:
    """(name for messages, bytes) of each file within, in order of their names. Raises UnreadableFile."""
    if form.compression == "zip":
        yield from _members(name, stream, form)
    elif form.compression == "gzip":
        counted = Counted(name, cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), form.limits)
        yield name, cast("IO[bytes]", _Told(name, counted))
    else:
        yield name, stream


def _members(name: str, stream: IO[bytes], form: Format) -> Iterator[tuple[str, IO[bytes]]]:
    try:
        archive = zipfile.ZipFile(stream)
    except NOT_ZIP as error:
        raise UnreadableFile(f"{name}: not a readable zip archive: {error}. Ask the sender for it again.") from error
    with archive:
        files = sorted((each for each in archive.infolist() if not each.is_dir()), key=lambda each: each.filename)
        chosen = [each for each in files if fnmatch.fnmatchcase(each.filename.rpartition("/")[2], form.members)]
        _refuse_foreign(name, files, chosen, form)
        left = form.limits.unpacked_bytes
        for each in chosen:
            with archive.open(each) as inside:
                counted = Counted(f"{name}, {each.filename!r} in it", inside, _with_left(form.limits, left))
                yield f"{name}/{each.filename}", cast("IO[bytes]", _Told(f"{name}, {each.filename!r} in it", counted))
            left = max(1, left - counted.given)


def _refuse_foreign(name: str, files: list[zipfile.ZipInfo], chosen: list[zipfile.ZipInfo], form: Format) -> None:
    """Raises UnreadableFile where nothing, or not everything, of an archive could be read: nobody would miss what is left."""
    if not chosen:
        raise UnreadableFile(
            f"{name}: expected files like {form.members!r} in the archive (format.members), came"
            f" {', '.join(repr(each.filename) for each in files[:10]) or 'none'}."
        )
    if len({each.filename for each in files}) < len(files):
        raise UnreadableFile(
            f"{name}: a name stands twice in the archive; which of the files is meant? Ask the sender for it again."
        )
    if locked := [each.filename for each in chosen if each.flag_bits & 1]:
        raise UnreadableFile(f"{name}: {locked[0]!r} in it asks for a password. Ask the sender for files without one.")
    if other := [each.filename for each in chosen if each.compress_type not in METHODS]:
        raise UnreadableFile(f"{name}: {other[0]!r} in it is packed by a method of its own. Ask the sender for an ordinary zip.")


def _with_left(limits: FileLimits, left: int) -> FileLimits:
    """All files of an archive together stay under the limit of one."""
    return limits.model_copy(update={"unpacked_bytes": left})


class _Told(io.BufferedReader):
    """Damage that shows while bytes are unpacked is told with the file's name."""

    def __init__(self, name: str, raw: Counted) -> None:
        super().__init__(raw)
        self._name = name

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(size)
        except (*NOT_ZIP, *NOT_GZIP, OSError) as error:
            raise UnreadableFile(f"{self._name}: cut off or damaged: {error}. Ask the sender for it again.") from error
