"""Rows of an Excel sheet: merged headers, empty rows by the ten thousand, bombs.

Reads with calamine (values only, no formulas are evaluated, no macros run).
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from hearth.cleaning.bounded import read_whole
from hearth.cleaning.cells import SheetNumber
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.old_workbook import as_xlsx
from hearth.contracts.file_format import XlsxFormat

log = logging.getLogger(__name__)
Merged = tuple[tuple[int, int], tuple[int, int]]
"""((row, column) of the first cell, of the last), from 0."""
DAY_ZERO = {1900: datetime(1899, 12, 30), 1904: datetime(1904, 1, 1)}
"""Day 0 of Excel's two systems of days; of the older one as spreadsheets count it from March 1900 on."""
MAY_BE_DAYS = {"instant", "date", "clock", "integer"}
"""What a column is read as when a number in it may be a day; a whole number may be the year of one."""
WORKBOOK = "xl/workbook.xml"
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")


def read_sheets(
    name: str, stream: IO[bytes], form: XlsxFormat, wanted: dict[str, set[str]]
) -> Iterator[tuple[list[str], Iterator[list[Any]]]]:
    """(column names, non-empty rows as wide as the header) of each sheet the contract reads. `wanted`: the columns it maps, and
    what each is read as. Raises UnreadableFile."""
    data = as_xlsx(name, read_whole(name, stream, form.limits), form.limits)
    day_zero = DAY_ZERO[1904 if _counts_from_1904(data) else 1900]
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        there = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        chosen = form.sheets or [form.sheet or next(iter(there), "")]
        if missing := [sheet for sheet in chosen if sheet not in there]:
            raise UnreadableFile(f"{name}: expected {f'sheet(s) {missing}' if any(missing) else 'a sheet'}, came {there}.")
        if form.sheets is None:
            _tell_others(name, workbook, form, set(wanted), [sheet for sheet in there if sheet not in chosen])
        for sheet in chosen:
            yield _read(name, workbook.get_sheet_by_name(sheet), form, wanted, day_zero)
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"{name}: not a readable workbook: {error}. Ask the sender for it again.") from error


def _read(
    name: str, sheet: CalamineSheet, form: XlsxFormat, wanted: dict[str, set[str]], day_zero: datetime
) -> tuple[list[str], Iterator[list[Any]]]:
    header, below, rest = _headed(sheet.iter_rows(), form)
    if header is None:
        raise UnreadableFile(f"{name}: sheet {sheet.name!r} is empty; expected {form.header_rows} header line(s).")
    merged = [
        ((top, left), (bottom, _)) for (top, left), (bottom, _) in sheet.merged_cell_ranges or [] if bottom > max(top, below - 1)
    ]
    if form.fill_merged is None:
        _refuse_merged(name, sheet.name, header, set(wanted), merged, below)
    elif form.fill_merged:
        rest = _filled(rest, merged, below)
    timed = [at for at, column in enumerate(header) if wanted.get(column, set()) & MAY_BE_DAYS]
    return header, (_fit(_with_days(row, timed, day_zero), len(header)) for row in map(_trim, rest) if row)


def _with_days(row: list[Any], timed: list[int], day_zero: datetime) -> list[Any]:
    """The row, with numbers where a time is wanted as what may be a day."""
    for at in timed:
        if at < len(row) and type(row[at]) is float:
            row[at] = SheetNumber.of(row[at], day_zero)
    return row


def _headed(rows: Iterator[list[Any]], form: XlsxFormat) -> tuple[list[str] | None, int, Iterator[list[Any]]]:
    """(column names, number of the row below them from 0, the rows from there on); rows without a value above them do not count."""
    counted = ((at, row) for at, row in enumerate(map(_trim, rows), 1))
    filled = ((at, row) for at, row in counted if row)
    for _ in range(form.skip_rows):
        next(filled, None)
    below, first = next(filled, (0, []))
    if not first:
        return None, 0, iter([])
    others = [row for _, row in zip(range(form.header_rows - 1), counted, strict=False)]
    return _merge_header([first, *(row for _, row in others)]), below + len(others), (row for _, row in counted)


def _tell_others(name: str, workbook: CalamineWorkbook, form: XlsxFormat, wanted: set[str], others: list[str]) -> None:
    """Raises UnreadableFile for a sheet that nobody reads although it has rows of the same columns; says what else is not read."""
    for other in others:
        sheet = workbook.get_sheet_by_name(other)
        header, _, rest = _headed(sheet.iter_rows(), form)
        number = sum(1 for row in rest if row)
        if header is not None and wanted <= set(header) and number:
            raise UnreadableFile(
                f"{name}: sheet {other!r} has the columns of the contract too, and {number} row(s) that nobody would read. Say"
                f" sheets: [..., {other}] in the contract's format to read them as well; with sheets, others are left out."
            )
        if header is not None:
            log.warning("%s: sheet %r is not read; below its first line it has %d row(s)", name, other, number)


def _refuse_merged(name: str, sheet: str, header: list[str], wanted: set[str], merged: list[Merged], below: int) -> None:
    """Raises UnreadableFile for cells merged over several rows in a column of the contract: whose the value is, it has to say."""
    for (top, left), (bottom, _) in merged:
        if left < len(header) and header[left] in wanted:
            raise UnreadableFile(
                f"{name}: in sheet {sheet!r} cells of {header[left]!r} are merged over {bottom - max(top, below) + 1} rows, from"
                f" row {max(top, below) + 1} on. Say fill_merged: true in the contract's format where the value stands for each"
                " of them, false where for the first."
            )


def _filled(rows: Iterator[list[Any]], merged: list[Merged], below: int) -> Iterator[list[Any]]:
    """The rows from number `below` on, with the value of a merged cell in each row it is merged over."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in merged:
        starts.setdefault(top, []).append((left, bottom))
    held: dict[int, tuple[Any, int]] = {}
    for at, cells in enumerate(rows, below):
        row = list(cells)
        held = {column: (value, last) for column, (value, last) in held.items() if at <= last}
        if any(map(is_filled, row)):  # a row of which nothing is left but the merged cell is none
            row += [""] * (max(held, default=-1) + 1 - len(row))
            for column, (value, _) in held.items():
                row[column] = value
        held |= {column: (row[column], last) for column, last in starts.get(at, []) if column < len(row)}
        yield row


def _counts_from_1904(data: bytes) -> bool:
    """Whether the workbook's day 0 is the one of old Macintoshes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        return WORKBOOK in names and _DATE_1904.search(archive.read(names[WORKBOOK])) is not None


def _trim(row: list[Any]) -> list[Any]:
    """The row without empty cells at its end; a row of empty cells becomes []."""
    end = len(row)
    while end and not is_filled(row[end - 1]):
        end -= 1
    return row[:end]


def is_filled(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


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
