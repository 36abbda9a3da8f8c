"""Simple workbooks of one header line, with the dates of their makers: as Excel dates, as text, with slashes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

_MADE = datetime(2015, 1, 1)
_BLANK_ROWS = 6


def workbook(sheet_name: str, header: Sequence[str], rows: Sequence[Sequence[Any]], dates: frozenset[int]) -> bytes:
    """A sheet of rows; columns in `dates` hold ISO texts that become dates in two rows of three."""
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False})
    book.set_properties({"created": _MADE})
    sheet = book.add_worksheet(sheet_name)
    as_date = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, header)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if value is None or value == "":
                continue
            if column in dates:
                _write_day(sheet, number, column, value, as_date)
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write_number(number, column, value)
    for blank in range(len(rows) + 1, len(rows) + 1 + _BLANK_ROWS):
        sheet.write_blank(blank, 0, None, as_date)
    book.close()
    return body.getvalue()


def _write_day(sheet: Any, row: int, column: int, text: str, as_date: Any) -> None:
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        sheet.write_string(row, column, text)
        return
    if row % 3 == 2:
        sheet.write_string(row, column, f"{day.year}/{day.month}/{day.day}")
    else:
        sheet.write_datetime(row, column, day, as_date)
