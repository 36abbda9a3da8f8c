"""What a workbook asks for, measured before it is opened: its reader makes room for every cell up to the last one used.

Everything is unpacked piece by piece and counted as it comes: the sizes that an archive says of itself are only its words.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.limits import FileLimits

PIECE_BYTES = 1 << 16
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
OTHER_KINDS = {"content.xml", "xl/workbook.bin"}
"""Parts of an OpenDocument sheet and of a binary workbook: read by other rules than the ones measured here."""
BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
LONGEST_NUMBER = 12
"""Digits, or letters, of a row, a column or a shared text that are looked at: more than any there is."""


def refuse_oversized(name: str, stream: IO[bytes], limits: FileLimits) -> None:
    """Raises UnreadableFile for what is no .xlsx file or more than the limits."""
    start = stream.read(4)
    if start[:2] != b"PK":
        page = start.lstrip(BEFORE_XML)[:1] == b"<"
        what = "a web page or XML under the name of a workbook" if page else f"it starts with {start.hex(' ') or 'nothing'}"
        raise UnreadableFile(f"{name}: not an .xlsx file ({what}). Have it saved as .xlsx.")
    try:
        with zipfile.ZipFile(stream) as archive:
            _measure(name, archive, limits)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{name}: its list of contents is damaged: {error}. Ask the sender for it again.") from error
    except (expat.ExpatError, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise UnreadableFile(f"{name}: not a readable workbook: {error}. Ask the sender for it again.") from error


def _measure(name: str, archive: zipfile.ZipFile, limits: FileLimits) -> None:
    entries = sorted(archive.infolist(), key=lambda entry: not _is_shared(entry))
    names = {entry.filename.lower() for entry in entries}
    is_workbook = any(part.replace("\\", "/").startswith("xl/") for part in names) and not OTHER_KINDS & names
    if not is_workbook or len(names) < len(entries) or any(entry.compress_type not in METHODS for entry in entries):
        raise UnreadableFile(f"{name}: not an .xlsx file but another kind of archive. Have it saved as .xlsx.")
    measure = _Measure(name, limits)
    for entry in entries:
        follower = _Shared(measure) if _is_shared(entry) else _Cells(measure)
        measure.follow(entry, archive, follower)
        if follower.repeated * max(measure.shared, default=0) > limits.workbook_bytes:  # it may be too much: add it up
            measure.follow(entry, archive, _Texts(measure))


def _is_shared(entry: zipfile.ZipInfo) -> bool:
    return "sharedstrings" in entry.filename.lower()


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """All that really comes out of an entry: zipfile stops at the size the entry claims, the reader of the sheet does not."""
    entry.file_size = sys.maxsize
    if hasattr(entry, "CRC"):
        del entry.CRC  # zipfile then leaves the comparison to the reader
    with archive.open(entry) as part:
        while piece := part.read(PIECE_BYTES):
            yield piece


class _Measure:
    """Counts unpacked bytes, cells and texts of a workbook, part by part; the shared texts first, for the sheets repeat them."""

    def __init__(self, name: str, limits: FileLimits) -> None:
        self.name, self.limits = name, limits
        self.unpacked, self.shared = 0, array("Q")

    def follow(self, entry: zipfile.ZipInfo, archive: zipfile.ZipFile, follower: _Shared | _Cells) -> None:
        """Unpack one part, counted, and let the follower see its XML."""
        parser: Any = None
        unpacked = 0
        for piece in _unpacked(archive, entry):
            if parser is None:
                is_xml = piece.lstrip(BEFORE_XML).startswith(b"<") and not entry.filename.lower().endswith(".vml")
                parser = follower.parser() if is_xml else False
            unpacked += len(piece)
            if self.unpacked + unpacked > self.limits.workbook_bytes:
                raise self.too_much("workbook_bytes", "unpacks to more, refused as an archive bomb", "Ask the sender what it is")
            if parser:
                parser.Parse(piece, False)
        if parser:
            parser.Parse(b"", True)
        self.unpacked += 0 if isinstance(follower, _Texts) else unpacked

    def too_much(self, limit: str, what: str, do: str) -> UnreadableFile:
        value = getattr(self.limits, limit)
        return UnreadableFile(
            f"{self.name}: {what}; the limit format.limits.{limit} is {value}. {do}, or set the limit in the contract."
        )


class _Shared:
    """Lengths of the texts that cells share."""

    def __init__(self, measure: _Measure) -> None:
        self.lengths, self.repeated = measure.shared, 0

    def parser(self) -> Any:
        made = _parser()
        made.StartElementHandler, made.CharacterDataHandler = self.begin, self.characters
        return made

    def begin(self, tag: str, _: object) -> None:
        if tag.rpartition(":")[2] == "si":
            self.lengths.append(0)

    def characters(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class _Cells:
    """Follows one part's rows and cells as the reader of the sheet does; a part without any counts nothing.

    `rows`, `columns`: how far values reach. `repeated`: cells that show a shared text.
    """

    def __init__(self, measure: _Measure) -> None:
        self.measure, self.numbers = measure, dict[str, int]()
        self.rows = self.columns = self.repeated = 0
        self.row = self.cell_row = self.column = 0
        self.is_shared = False

    def parser(self) -> Any:
        made = _parser()
        made.StartElementHandler = self.begin
        return made

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self.cell_row, self.column = self.row, self.column + 1
            if reference := attributes.get("r"):
                letters = reference.rstrip("0123456789")
                self.column = self.numbers.get(letters) or self.numbers.setdefault(letters, _number(letters))
                self.cell_row = int(reference[len(letters) :][:LONGEST_NUMBER] or 0)
            self.is_shared = attributes.get("t") == "s"
            self.repeated += self.is_shared
        elif tag in ("v", "is", "f"):
            if self.cell_row > self.rows or self.column > self.columns:
                self.reach()
        elif tag == "row":
            number = attributes.get("r", "")[:LONGEST_NUMBER]
            self.row, self.column = int(number) if number.isdecimal() else self.row + 1, 0

    def reach(self) -> None:
        """The present cell has a value: the table reaches to it."""
        self.rows, self.columns = max(self.rows, self.cell_row), max(self.columns, self.column)
        limits, here = self.measure.limits, f"its table reaches to row {self.rows} and column {self.columns}"
        if self.columns > limits.columns:
            raise self.measure.too_much("columns", here, "Have stray cells deleted")
        if self.rows * self.columns > limits.cells:
            raise self.measure.too_much("cells", f"{here}: {self.rows * self.columns} cells", "Have stray cells deleted")


class _Texts(_Cells):
    """Adds up the texts of all cells: the reader has a copy for each."""

    def __init__(self, measure: _Measure) -> None:
        super().__init__(measure)
        self.index, self.length = "", 0

    def parser(self) -> Any:
        made = super().parser()
        made.EndElementHandler, made.CharacterDataHandler = self.end, self.characters
        return made

    def characters(self, text: str) -> None:
        if self.is_shared:
            self.index += text

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] != "c":
            return
        number = self.index.strip()[:LONGEST_NUMBER]
        self.index = ""
        if self.is_shared and number.isdecimal() and int(number) < len(self.measure.shared):
            self.length += self.measure.shared[int(number)]
        if self.length > self.measure.limits.workbook_bytes:
            raise self.measure.too_much("workbook_bytes", "the texts of its cells are longer", "Ask the sender for a smaller table")


def _parser() -> Any:
    """An XML parser that refuses definitions: with them a short file says a long one."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_doctype
    return made


def _refuse_doctype(*_: object) -> None:
    raise expat.ExpatError("it holds definitions of its own (DOCTYPE)")


def _number(letters: str) -> int:
    """AA -> 27."""
    number = 0
    for letter in letters[:LONGEST_NUMBER].upper():
        number = number * 26 + ord(letter) - 64
    return number
