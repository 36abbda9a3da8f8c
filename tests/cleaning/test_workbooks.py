"""Workbooks as people leave them: what cannot be known is refused or missing, never a number that nobody wrote."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, gathered
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.file_format import XlsxFormat
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


def read(data: bytes, **said: Any) -> Rows:
    """`said`: of the contract's format."""
    contract = find_contract("fixed_rounds_xlsx")
    contract = contract.model_copy(update={"format": XlsxFormat(**{"kind": "xlsx", "sheet": "测温记录", **said})})
    file = LandedFile(1, "round.xlsx", "0" * 64, datetime(2016, 1, 13, tzinfo=UTC), "xlsx", "none")
    (records,) = gathered(read_records(contract, file, io.BytesIO(data)), 10**6)
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
    with pytest.raises(UnreadableFile, match=r"round\.xlsx: the columns of the contract are named in row 2 .* say skip_rows: 1"):
        read(workbook(epoch_1904=False, title_row=True))
    assert len(read(workbook(epoch_1904=False, title_row=True), skip_rows=1)) == 5


def book(fill: Callable[[xlsxwriter.Workbook], None], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as made:
        fill(made)
    return buffer.getvalue()


def row(point: str, day: Any = "2016-01-12", clock: Any = "18:05") -> list[Any]:
    return [day, clock, point, 19.5, 1.4, "I-1", "2015-09-20", 130, "甲", "是"]


def sheet(made: xlsxwriter.Workbook, name: str, *rows: list[Any], hidden: bool = False, first: int = 0) -> Any:
    """`first`: blank rows above the header."""
    sheet = made.add_worksheet(name)
    for at, cells in enumerate([list(NAMES), *rows], first):
        sheet.write_row(at, 0, cells)
    if hidden:
        sheet.hide()
    return sheet


@pytest.mark.parametrize(("epoch_1904", "number"), [(False, 42381), (True, 40919)])
def test_days_and_clocks_that_are_plain_numbers_are_those_excel_shows(epoch_1904: bool, number: int) -> None:
    data = book(lambda made: sheet(made, "测温记录", row("P1", number, 8.5 / 24)), date_1904=epoch_1904)
    rows = read(data)
    assert rows.frame["read_at"].tolist() == [datetime(2016, 1, 12, 0, 30, tzinfo=UTC)] and not rows.bits.any()


@pytest.mark.parametrize("hidden", [False, True])
def test_rows_that_continue_on_another_sheet_are_read_when_said_and_else_refused(hidden: bool) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        sheet(made, "测温记录", row("P1"))
        sheet(made, "续", row("P2"), row("P3"), hidden=hidden, first=2)
        made.add_worksheet("说明").write(0, 0, "由现场填写")

    with pytest.raises(
        UnreadableFile, match=r"sheet '续' has the columns of the contract too, and 2 row\(s\) that nobody would read"
    ):
        read(book(fill))
    both = read(book(fill), sheet=None, sheets=["测温记录", "续"])
    assert both.frame["point_id"].tolist() == ["P1", "P2", "P3"] and both.frame["position"].tolist() == [1, 2, 3]
    assert read(book(fill), sheet=None, sheets=["测温记录"]).frame["point_id"].tolist() == ["P1"]
    with pytest.raises(UnreadableFile, match=r"expected sheet\(s\) \['附'\], came"):
        read(book(fill), sheet=None, sheets=["测温记录", "附"])


def test_what_is_not_read_of_other_columns_is_told_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        sheet(made, "测温记录", row("P1"))
        made.add_worksheet("说明").write_column(0, 0, ["由现场填写", "a", "b"])

    assert len(read(book(fill))) == 1
    assert "sheet '说明' is not read; below its first line it has 2 row(s)" in caplog.text


def test_a_cell_merged_over_rows_is_filled_when_said_and_else_refused() -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        there = sheet(made, "测温记录", *(row(f"P{n}") for n in range(4)), first=3)
        plain = made.add_format()
        there.merge_range(4, 0, 6, 0, "2016-01-20", plain)
        there.merge_range(5, 8, 6, 9, "乙", plain)  # two columns: the left one has it

    with pytest.raises(UnreadableFile, match=r"cells of '测温日期' are merged over 3 rows, from row 5 on\. Say fill_merged: true"):
        read(book(fill))
    filled = read(book(fill), fill_merged=True)
    assert [t.day for t in filled.frame["read_at"]] == [20, 20, 20, 12] and not filled.bits.any()
    first = read(book(fill), fill_merged=False)
    assert [names(int(bits)) for bits in first.bits] == [[], ["missing_key"], ["missing_key"], []]
