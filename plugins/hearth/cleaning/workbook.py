"""Rows of an Excel sheet: merged headers, empty rows by the ten thousand, bombs.

Reads with calamine (values only, no formulas are evaluated, no macros run).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.contract import XlsxFormat

MAX_UNPACKED_BYTES = 512 << 20
MAX_RATIO = 200
"""An ordinary sheet unpacks to 5-20 times its size; far beyond is a bomb, not a table."""


def read_sheet(name: str, stream: IO[bytes], form: XlsxFormat) -> tuple[list[str], Iterator[list[Any]]]:
    """(column names, non-empty rows as wide as the header). Raises UnreadableFile."""
    data = stream.read()
    _refuse_bomb(name, data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet_names = workbook.sheet_names
        if not sheet_names or (form.sheet is not None and form.sheet not in sheet_names):
            raise UnreadableFile(f"{name}: expected {f'sheet {form.sheet!r}' if form.sheet else 'a sheet'}, came {sheet_names}.")
        sheet = workbook.get_sheet_by_name(form.sheet or sheet_names[0])
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"{name}: not a readable workbook: {error}. Ask the sender for it again.") from error
    rows = (_trim(row) for row in sheet.iter_rows())
    header_rows = [row for _, row in zip(range(form.header_rows), rows, strict=False)]
    if not header_rows or not any(header_rows):
        raise UnreadableFile(f"{name}: the sheet is empty; expected {form.header_rows} header line(s).")
    header = _merge_header(header_rows)
    return header, (_fit(row, len(header)) for row in rows if row)


def _refuse_bomb(name: str, data: bytes) -> None:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise UnreadableFile(f"{name}: not an .xlsx file (it starts with {data[:4].hex(' ') or 'nothing'}).")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{name}: its list of contents is damaged: {error}. Ask the sender for it again.") from error
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > MAX_RATIO * max(len(data), 1) and unpacked > (64 << 20)):
        raise UnreadableFile(f"{name}: unpacks from {len(data)} to {unpacked} bytes; refused as an archive bomb.")


def _trim(row: list[Any]) -> list[Any]:
    """The row without empty cells at its end; a row of empty cells becomes []."""
    end = len(row)
    while end and (row[end - 1] is None or (isinstance(row[end - 1], str) and not row[end - 1].strip())):
        end -= 1
    return row[:end]


def _fit(row: list[Any], width: int) -> list[Any]:
    """Cells missing at the end are empty; cells beyond the header make the row unreadable later."""
    return row + [""] * (width - len(row)) if len(row) < width else row


def _merge_header(rows: list[list[Any]]) -> list[str]:
    """One name a column: `group / name` from a merged group line above, or the name alone."""
    width = max(len(row) for row in rows)
    names = [str(cell).strip() for cell in _fit(rows[-1], width)]
    for upper in reversed(rows[:-1]):
        group, merged = "", []
        for cell in _fit(upper, width):
            group = str(cell).strip() or group
            merged.append(group)
        names = [
            f"{group} / {name}" if group and name and group != name else name or group
            for group, name in zip(merged, names, strict=True)
        ]
    return names
