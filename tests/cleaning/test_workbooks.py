"""Workbooks as people leave them: what cannot be known is refused or missing, never a number that nobody wrote."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
import xlsxwriter

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import names

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


def workbook(epoch_1904: bool, title_row: bool = False) -> bytes:
    """One round of five: a number, a number as text, an error, a formula that was never computed, an error as text."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": epoch_1904}) as book:
        book.add_worksheet("旧数据").write_row(0, 0, NAMES)
        sheet = book.add_worksheet("测温记录")
        book.worksheets()[0].hide()
        sheet.activate()
        sheet.set_first_sheet()
        if title_row:
            sheet.merge_range(0, 0, 0, 9, "2016年1月测温记录")
        sheet.write_row(int(title_row), 0, NAMES)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row in range(1 + title_row, 6 + title_row):
            sheet.write_datetime(row, 0, datetime(2016, 1, 12), day)
            sheet.write_row(row, 1, ["18:05", f"P{row}", 19.5, 1.4, "I-1", "2015-09-20", 130, "甲", "是"])
        sheet.write_string(2, 3, "１９.５")
        sheet.write_formula(3, 3, "=1/0", None, "#DIV/0!")
        sheet.write_formula(4, 3, "=C4", None, "")
        sheet.write_string(5, 3, "#N/A")
    return buffer.getvalue()


def read(data: bytes) -> Rows:
    contract = find_contract("fixed_rounds_xlsx")
    file = LandedFile(1, "round.xlsx", "0" * 64, datetime(2016, 1, 13, tzinfo=UTC), "xlsx", "none")
    (records,) = read_records(contract, file, io.BytesIO(data))
    return clean(contract, records, Pseudonyms("0123456789abcdef"))


@pytest.mark.fault("F28")
@pytest.mark.parametrize("epoch_1904", [False, True])
def test_errors_and_formulas_without_a_value_are_no_numbers_and_days_are_those_shown(epoch_1904: bool) -> None:
    rows = read(workbook(epoch_1904))
    reasons = [names(int(bits)) for bits in rows.bits]
    assert reasons == [[], [], ["missing_value"], ["missing_value"], ["unreadable_value"]]
    assert rows.frame["temperature_degc"].tolist()[:2] == [19.5, 19.5] and rows.frame["temperature_degc"].isna().sum() == 3
    assert set(rows.frame["read_at"]) == {datetime(2016, 1, 12, 10, 5, tzinfo=UTC)}


@pytest.mark.fault("F28")
def test_a_merged_title_above_the_header_is_refused_by_name() -> None:
    with pytest.raises(UnreadableFile, match=r"round\.xlsx: expected"):
        read(workbook(epoch_1904=False, title_row=True))
