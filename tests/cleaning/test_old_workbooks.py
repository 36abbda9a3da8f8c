"""Workbooks of before 2007: the same rows as from today's, and what their reader cannot bear ends its own process alone."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import xlwt

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, gathered
from hearth.cleaning.rows import clean
from hearth.contracts.file_format import XlsxFormat
from hearth.contracts.limits import FileLimits
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import names
from hearth.drafting.looking import look_at

NAMES = (
    "测温日期",
    "测温时间",
    "测点编号",
    "室温(℃)",
    "测点高度(m)",
    "仪器编号",
    "检定日期",
    "关窗时长(min)",
    "测温员",
    "用户签字",
)
DAY = date(2016, 1, 12)
DAYS_OF_1904 = 1462


def old(epoch_1904: bool = False, rows: int = 1) -> bytes:
    """A title, the header, rows of P1, one with an error, one whose day is a number, and two of a merged point."""
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = epoch_1904
    hidden = book.add_sheet("旧数据")
    hidden.visibility = 1
    sheet = book.add_sheet("测温记录")
    as_day, as_clock = (xlwt.easyxf(num_format_str=text) for text in ("yyyy-mm-dd", "hh:mm"))
    sheet.write_merge(0, 0, 0, 9, "2016年1月测温记录")
    numbers = (42381 - (DAYS_OF_1904 if epoch_1904 else 0), 0.7534722222222222)

    def write(row: int, day: Any, clock: Any, temperature: Any, point: str | None = "P1") -> None:
        cells = [(0, day, as_day), (1, clock, as_clock), (3, temperature, None), (4, 1.4, None), (6, "2015-09-20", None)]
        for column, value, style in [*cells, (2, point, None), (5, "I-1", None), (7, 130, None), (8, "甲", None), (9, "是", None)]:
            if value is not None:
                sheet.write(row, column, value, *([style] if style is not None and not isinstance(value, float) else []))

    for column, name in enumerate(NAMES):
        sheet.write(1, column, name)
    for row in range(rows):
        write(2 + row, numbers[0], time(18, 5), 19.5)
    write(2 + rows, numbers[0], time(18, 5), xlwt.Formula("1/0"))
    write(3 + rows, float(numbers[0]), numbers[1], 20.0)
    sheet.write_merge(4 + rows, 5 + rows, 2, 2, "P2")
    for row in (4, 5):
        write(row + rows, numbers[0], time(18, row), 18, None)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def read(data: bytes, **said: Any) -> list[tuple[Any, ...]]:
    """(point, time, temperature, reasons) of each row."""
    contract = find_contract("fixed_rounds_xlsx")
    form = XlsxFormat(**{"kind": "xlsx", "sheet": "测温记录", "skip_rows": 1, "fill_merged": True, **said})
    contract = contract.model_copy(update={"format": form})
    file = LandedFile(1, "round.xls", "0" * 64, datetime(2016, 1, 13, tzinfo=UTC), "xlsx", "none")
    (records,) = gathered(read_records(contract, file, io.BytesIO(data)), 10**6)
    rows = clean(contract, records, Pseudonyms("0123456789abcdef"))
    cells = rows.frame[["point_id", "read_at", "temperature_degc"]].astype(object).itertuples(index=False)
    return [(*cell, names(int(bits))) for cell, bits in zip(cells, rows.bits, strict=True)]


@pytest.mark.fault("F28")
@pytest.mark.parametrize("epoch_1904", [False, True])
def test_an_old_workbook_gives_what_is_seen_in_it(epoch_1904: bool) -> None:
    at = datetime(2016, 1, 12, 10, 5, tzinfo=UTC)
    found = read(old(epoch_1904))
    assert found[0] == ("P1", at, 19.5, [])
    assert found[1][1] == at and found[1][3] == ["missing_value"], "an error is no number"
    assert found[2] == ("P1", at, 20.0, []), "a day and a time that are shown as numbers"
    assert [(row[0], row[2]) for row in found[3:]] == [("P2", 18.0)] * 2, "a merged cell is each row's"


def test_a_draft_is_made_of_one(tmp_path: Any) -> None:
    path = tmp_path / "round.xls"
    path.write_bytes(old())
    sample = look_at(path)
    assert sample.format == {"kind": "xlsx", "sheet": "测温记录", "skip_rows": 1} and tuple(sample.columns) == NAMES


def protected() -> bytes:
    """Excel's own mark of a password, in place of the record that says nothing."""
    return old().replace(struct.pack("<HH", 0x00E1, 2), struct.pack("<HH", 0x002F, 2), 1)


def wide() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("测温记录")
    for row in range(2_000):
        for column in range(256):
            sheet.write(row, column, 19.25)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], dict[str, int], str]] = {
    "cut": (lambda: old(rows=500)[:9_000], {}, r"not an old workbook .* can be read"),
    "noise": (lambda: old()[:8] + b"\xff" * 4096, {}, r"not an old workbook .* can be read"),
    "password": (protected, {}, "without a password"),
    "memory": (wide, {"workbook_bytes": 1 << 20}, "MemoryError.*format.limits.workbook_bytes"),
    "cells": (lambda: old(rows=500), {"cells": 4_000}, "format.limits.cells"),
    "page": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", {}, "a web page or XML under the name of a workbook"),
}  # fmt: skip


@pytest.mark.fault("F34", "F56")
@pytest.mark.parametrize("case", REFUSED)
def test_one_that_cannot_be_read_is_refused_by_name(case: str) -> None:
    make, limits, message = REFUSED[case]
    with pytest.raises(UnreadableFile, match=f"(?s)^round.xls: .*{message}"):
        read(make(), limits=FileLimits(**limits))
