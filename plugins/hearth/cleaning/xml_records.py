"""Elements of an XML file become records, as they are read; nothing outside of the file is asked for, and no entity is made."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

import numpy as np
import pandas as pd

from hearth.cleaning.bounded import too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.records import LandedFile, Records, require_columns
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import XmlFormat
from hearth.contracts.reasons import BIT

BLOCK_BYTES = 1 << 20
RECORDS_AT_ONCE = 50_000
DOUBLED = object()


def read_xml(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """A record that names a column twice is unreadable: nobody can tell which is meant. Raises UnreadableFile."""
    form = contract.format
    assert isinstance(form, XmlFormat)
    reader, unpacked = _Reader(file, form), 0
    decode = codecs.getincrementaldecoder(form.encoding)() if form.encoding else None
    try:
        while block := stream.read(BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > form.limits.unpacked_bytes:
                raise too_much(file.name, form.limits, "unpacked_bytes", "it is larger")
            reader.parser.Parse(decode.decode(block).encode() if decode else block, False)
            while len(reader.made) >= RECORDS_AT_ONCE:
                yield reader.taken(contract, first)
                first += RECORDS_AT_ONCE
        reader.parser.Parse(decode.decode(b"", True).encode() if decode else b"", True)
    except expat.ExpatError as error:
        raise UnreadableFile(f"{file.name}: not XML at line {error.lineno}: {expat.ErrorString(error.code)}.") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{file.name}: not {form.encoding}: {error.reason}. Say the file's format.encoding.") from error
    if reader.made:
        yield reader.taken(contract, first)
    if not reader.number:
        raise UnreadableFile(
            f"{file.name}: expected elements {form.record!r} (format.record), came none; the elements there are"
            f" {', '.join(map(repr, sorted(reader.paths)[:20]))}. Correct format.record, or ask the sender what the file is."
        )


class _Reader:
    """Collects records while expat reads. `number`: all so far; `made`: those not taken yet."""

    def __init__(self, file: LandedFile, form: XmlFormat) -> None:
        self.file, self.form, self.number = file, form, 0
        self.made: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self._path: list[str] = []
        self._record: dict[str, Any] | None = None
        self._depth, self._text, self._size = form.record.strip("/").count("/") + 1, list[str](), 0
        self.parser = expat.ParserCreate("utf-8" if form.encoding else None)
        self.parser.buffer_text = True
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._begin, self._end
        self.parser.CharacterDataHandler, self.parser.StartDoctypeDeclHandler = self._characters, self._refuse_doctype

    def _refuse_doctype(self, *_: Any) -> None:
        raise UnreadableFile(
            f"{self.file.name}: it brings a document type (DOCTYPE), which can make a small file endless. Ask the sender"
            " for one without."
        )

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(":")[2])
        if self._record is None:
            path = "/".join(self._path)
            if len(self.paths) < 1000:
                self.paths.add(path)
            if path != self.form.record.strip("/"):
                return
            self._record, self._size = {}, 0
        self._text = []
        for attribute, value in attributes.items():
            self._set(".".join([*self._path[self._depth :], f"@{attribute.rpartition(':')[2]}"]), value)

    def _characters(self, text: str) -> None:
        if self._record is not None:
            self._grow(len(text))
            self._text.append(text)

    def _end(self, _: str) -> None:
        if self._record is not None:
            place, text = self._path[self._depth :], "".join(self._text).strip()
            if place and (text or ".".join(place) not in self._record):
                self._set(".".join(place), text or None)
            self._text = []
            if not place:
                self.made.append(self._record)
                self.number, self._record = self.number + 1, None
        self._path.pop()

    def _set(self, name: str, value: str | None) -> None:
        assert self._record is not None
        self._grow(len(value or ""))
        self._record[name] = DOUBLED if name in self._record else value
        if len(self._record) > self.form.limits.columns:
            raise too_much(self.file.name, self.form.limits, "columns", "a record has more columns")

    def _grow(self, characters: int) -> None:
        self._size += characters
        if self._size > self.form.limits.line_bytes:
            raise too_much(self.file.name, self.form.limits, "line_bytes", f"record {self.number + 1} is longer")

    def taken(self, contract: Contract, first: int) -> Records:
        """The next of those made, so many as are taken at once."""
        made, self.made = self.made[:RECORDS_AT_ONCE], self.made[RECORDS_AT_ONCE:]
        require_columns(contract, self.file, set().union(*made))
        wanted = contract.source_columns
        is_doubled = [any(value is DOUBLED for value in record.values()) for record in made]
        bits = np.where(is_doubled, BIT["unreadable_record"], 0).astype(np.int32)
        cells = ([None if bad else record.get(name) for record, bad in zip(made, is_doubled, strict=True)] for name in wanted)
        frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip(wanted, cells, strict=True)})
        return Records.of(self.file, frame, first, bits, 100 * len(made))
