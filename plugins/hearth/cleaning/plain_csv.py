"""Blocks of CSV without a quotation mark, as columns: there a delimiter parts two cells and a line end two lines, whoever reads it.

What is not plain is left to the csv module: from a quotation mark, a NUL, a lone carriage return or a wrong encoding on all that
comes, for what it tells may lie further on; for a line of another length or a blank one its block alone.
"""

from __future__ import annotations

import codecs
import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from hearth.cleaning.bounded import NOT_GZIP, cut_off, holds_longer_line
from hearth.cleaning.cells import mask
from hearth.contracts.file_format import CsvFormat

BLOCK_BYTES = 8 << 20
PIECE_BYTES = 1 << 20
"""Pieces of a block are read side by side."""
_NEWLINE_IS_ONE_BYTE = {"ascii", "utf-8", "utf-8-sig", "gb2312", "gbk", "gb18030", "big5", "iso8859-1", "cp1252"}
"""Encodings in which the byte of a line end is nothing else."""


class Blocks:
    """The plain blocks of a file one after the other, as long as there are any; `rest` is what was not taken.

    `taken`, `lines`, `characters`: bytes, lines and characters of the blocks given.
    """

    def __init__(self, name: str, stream: io.BufferedReader[Any], form: CsvFormat) -> None:
        self._name, self._stream, self._form, self._untaken = name, stream, form, b""
        self.taken = self.lines = self.characters = 0
        try:
            self._encoding = codecs.lookup(form.encoding).name
        except LookupError:
            self._encoding = ""  # told by who reads the rest

    def next(self) -> str | None:
        """Whole lines; None at the end, or where what comes is not plain."""
        if self._untaken or self._encoding not in _NEWLINE_IS_ONE_BYTE:
            return None
        self._untaken = self._lines()
        text = self._plain(self._untaken)
        if text is not None:
            self.taken, self.lines = self.taken + len(self._untaken), self.lines + self._untaken.count(b"\n")
            self.characters += len(text)
            self._untaken = b""
        return text

    def _lines(self) -> bytes:
        """Some whole lines, unless the last one is too long. Raises UnreadableFile."""
        parts: list[bytes] = []
        try:
            while sum(map(len, parts)) < BLOCK_BYTES and (part := self._stream.read1(PIECE_BYTES)):
                parts.append(part)
            if parts and not parts[-1].endswith(b"\n"):
                parts.append(self._stream.readline(self._form.limits.line_bytes + 1))
        except NOT_GZIP as error:
            raise cut_off(self._name, self.lines + b"".join(parts).count(b"\n"), error) from error
        return b"".join(parts)

    def _plain(self, data: bytes) -> str | None:
        if not data or b'"' in data or b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
            return None
        if holds_longer_line(data, self._form.limits.line_bytes):
            return None
        try:
            text = data.decode("utf-8" if self._encoding == "utf-8-sig" else self._encoding)
        except UnicodeDecodeError:
            return None
        return text.lstrip("\ufeff") if self.taken == 0 else text

    @property
    def rest(self) -> io.BufferedReader[Any]:
        """What was not taken; `tell` counts from the beginning of the file."""
        return io.BufferedReader(_Chained(self._untaken, self._stream, self.taken))


class _Chained(io.RawIOBase):
    def __init__(self, begun: bytes, stream: io.BufferedReader[Any], at: int) -> None:
        self._begun, self._stream, self._at = io.BytesIO(begun), stream, at

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._begun.read(len(buffer)) or self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def as_columns(text: str, delimiter: str, width: int, wanted: list[int]) -> list[pa.ChunkedArray] | None:
    """The wanted cells of each line, as texts; None where a line has not `width` cells or holds nothing."""
    if not delimiter.isascii():
        return None
    names = [str(at) for at in range(width)]
    try:
        table = pa_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pa_csv.ReadOptions(column_names=names, block_size=PIECE_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    return [table[at] for at in wanted] if not _blank(table).any() else None


def _blank(table: pa.Table) -> np.ndarray:
    """Which lines hold nothing but blanks: they are no rows."""
    blank = np.ones(len(table), bool)
    for column in table.columns:
        if not blank.any():
            break
        left = column if blank.all() else column.filter(pa.array(blank))
        blank[blank] = mask(pc.or_(pc.equal(pc.binary_length(left), 0), pc.utf8_is_space(left)))
    return blank


def frame_of(columns: list[pa.ChunkedArray], names: list[str]) -> pd.DataFrame:
    """The columns under their names."""
    return pd.DataFrame(
        {name: pd.Series(pd.array(column, dtype=pd.ArrowDtype(pa.string()))) for name, column in zip(names, columns, strict=True)}
    )
