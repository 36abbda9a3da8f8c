"""Rows of an Excel sheet: merged headers, empty rows by the ten thousand, bombs.

Reads with calamine (values only, no formulas are evaluated, no macros run).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from hearth.cleaning.bounded import read_whole
from hearth.cleaning.cells import SheetNumber
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.workbook_check import refuse_oversized
from hearth.contracts.file_format import XlsxFormat

DAY_ZERO = {1900: datetime(1899, 12, 30), 1904: datetime(1904, 1, 1)}
"""Day 0 of Excel's two systems of days; of the older one as spreadsheets count it from March 1900 on."""
WORKBOOK = "xl/workbook.xml"
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")


def read_sheet(name: str, stream: IO[bytes], form: XlsxFormat) -> tuple[list[str], Iterator[list[Any]]]:
    """(column names, non-empty rows as wide as the header). Raises UnreadableFile."""
    data = read_whole(name, stream, form.limits)
    refuse_oversized(name, io.BytesIO(data), form.limits)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet_names = workbook.sheet_names
        if not sheet_names or (form.sheet is not None and form.sheet not in sheet_names):
            raise UnreadableFile(f"{name}: expected {f'sheet {form.sheet!r}' if form.sheet else 'a sheet'}, came {sheet_names}.")
        sheet = workbook.get_sheet_by_name(form.sheet or sheet_names[0])
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"{name}: not a readable workbook: {error}. Ask the sender for it again.") from error
    day_zero = DAY_ZERO[1904 if _counts_from_1904(data) else 1900]
    rows = (_trim([SheetNumber.of(cell, day_zero) if type(cell) is float else cell for cell in row]) for row in sheet.iter_rows())
    header_rows = [row for _, row in zip(range(form.header_rows), rows, strict=False)]
    if not header_rows or not any(header_rows):
        raise UnreadableFile(f"{name}: the sheet is empty; expected {form.header_rows} header line(s).")
    header = _merge_header(header_rows)
    return header, (_fit(row, len(header)) for row in rows if row)


def _counts_from_1904(data: bytes) -> bool:
    """Whether the workbook's day 0 is the one of old Macintoshes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        return WORKBOOK in names and _DATE_1904.search(archive.read(names[WORKBOOK])) is not None


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
