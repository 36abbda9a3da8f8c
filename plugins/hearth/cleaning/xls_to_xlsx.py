"""A program of its own: reads an old workbook (.xls) from its input and writes it as .xlsx, the same cells at the same places.

It may take so much memory as its argument says (bytes) and a while of processor time: what a hostile file asks for beyond that
ends this process and no other; what went wrong is the last line it says. Imports nothing of ours, for it is run alone.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Any

import xlrd
import xlsxwriter

PROCESSOR_SECONDS = 120


def main() -> None:
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    old = xlrd.open_workbook(file_contents=sys.stdin.buffer.read(), formatting_info=True, logfile=io.StringIO())
    sys.stdout.buffer.write(convert(old))


def convert(old: xlrd.Book) -> bytes:
    """The workbook as .xlsx: names of sheets, cells with their formats of numbers, merged cells, the system of days."""
    written = io.BytesIO()
    new = xlsxwriter.Workbook(written, {"in_memory": True, "date_1904": old.datemode == 1})
    formats = {key: new.add_format({"num_format": form.format_str}) for key, form in old.format_map.items()}
    by_cell = [formats.get(each.format_key) for each in old.xf_list]
    for number, sheet in enumerate(old.sheets()):
        made = new.add_worksheet(sheet.name)
        if old._sheet_visibility[number]:
            made.hide()
        for top, bottom, left, right in sheet.merged_cells:
            made.merge_range(top, left, bottom - 1, right - 1, "")
        for row in range(sheet.nrows):
            for column in range(sheet.row_len(row)):
                write(made, row, column, sheet.cell(row, column), by_cell)
    new.close()  # no `with`: where memory ends, Python 3.11 may go round in its way out of one for ever
    return written.getvalue()


def write(sheet: Any, row: int, column: int, cell: Any, formats: list[Any]) -> None:
    """One cell as it was; an error stays one, and nothing stays nothing."""
    if cell.ctype == xlrd.XL_CELL_TEXT:
        if sheet.write_string(row, column, cell.value):
            raise ValueError(f"the text in row {row + 1}, column {column + 1} is longer than a cell can hold")
    elif cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        sheet.write_number(row, column, cell.value, formats[cell.xf_index])
    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
        sheet.write_boolean(row, column, bool(cell.value))
    elif cell.ctype == xlrd.XL_CELL_ERROR:
        sheet.write_formula(row, column, "=NA()", None, xlrd.error_text_from_code.get(cell.value, "#N/A"))


if __name__ == "__main__":
    main()
