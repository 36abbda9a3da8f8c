"""The same row gives the same result whichever way it came: CSV, workbook, JSON page, JSON lines, what an SQL source lands."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import names
from hearth.sources.sql_values import plain

ROWS = 1000
FORMATS: dict[str, dict[str, Any]] = {
    "csv": {"kind": "csv"},
    "xlsx": {"kind": "xlsx"},
    "json": {"kind": "json"},
    "ndjson": {"kind": "ndjson"},
    "sql": {"kind": "ndjson", "compression": "gzip"},
}
COLUMNS: dict[str, Any] = {
    "point_id": "id",
    "read_at": {"from": "at", "empty": ["", "1901-01-01T00:00:00"]},
    "temperature_degc": {"from": "t", "unit": "degC", "error_codes": [-999], "empty": ["", "85"]},
    "is_replay": "again",
    "battery_v": {"from": "mv", "unit": "mV", "zero_is_missing": True},
    "place_in_room": {"from": "place", "values": {"客厅": "living", "caf\u0065\u0301": "cafe", "1": "one"}},
    "windows_closed_minutes": {"from": "closed", "unit": "min", "error_codes": [65535], "empty": ["", "0"]},
    "instrument_no": "no",
    "calibrated_on": {"from": "day", "formats": ["%Y-%d-%m %H:%M:%S", "%Y%m%d", "%d/%m/%Y"]},
    "staff": "who",
}
SOURCES = [m if isinstance(m, str) else m["from"] for m in COLUMNS.values()]


def contract(kind: str, **changes: Any) -> Contract:
    given = {
        "feed": "sensors", "title": "Sensors", "entity": "room_reading", "owner": {"team": "t"},
        "source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}, "schedule": {"season": "0 0 * * *"},
        "format": FORMATS[kind], "arrival": "file", "time_zone": "Asia/Shanghai", "columns": COLUMNS, **changes,
    }  # fmt: skip
    return Contract.model_validate(given)


def as_written(cell: Any) -> str:
    """As a sender of CSV writes it."""
    if isinstance(cell, (bool, type(None))):
        return {True: "true", False: "false", None: ""}[cell]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([SOURCES, *([as_written(row[name]) for name in SOURCES] for row in rows)])
    return text.getvalue().encode()


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for column, name in enumerate(SOURCES):
            sheet.write_string(0, column, name)
            for line, row in enumerate(rows, 1):
                cell = row[name]
                if isinstance(cell, (bool, str)):
                    (sheet.write_boolean if isinstance(cell, bool) else sheet.write_string)(line, column, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(line, column, cell, moment)
                elif cell is not None:
                    sheet.write_number(line, column, float(cell))
    return buffer.getvalue()


def as_json(rows: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False, default=plain) for row in rows]


def landed(kind: str, rows: list[dict[str, Any]]) -> bytes:
    if kind in ("csv", "xlsx"):
        return (as_csv if kind == "csv" else as_xlsx)(rows)
    lines = as_json(rows)
    data = f"[{','.join(lines)}]" if kind == "json" else "".join(line + "\n" for line in lines)
    return gzip.compress(data.encode()) if kind == "sql" else data.encode()


def cleaned(kind: str, data: bytes, **changes: Any) -> Rows:
    agreed = contract(kind, **changes)
    file = LandedFile(1, "f", "", datetime(2030, 1, 1, tzinfo=UTC), agreed.format.kind, "gzip" if kind == "sql" else "none")
    (records,) = read_records(agreed, file, io.BytesIO(data))
    return clean(agreed, records, Pseudonyms("0123456789abcdef"))


LETTERS = "ab19 E.+-:/\u3000１５管e\u0301é'\",;\n"
TEXT = st.text(LETTERS, max_size=8)
NUMBER = st.one_of(st.integers(-(10**14), 10**14), st.floats(-1e9, 1e9).map(lambda v: round(v, 3)))
ODD = st.one_of(st.none(), st.just(""), st.just("NULL"), st.booleans(), TEXT)
WHOLE_SECONDS = st.datetimes(datetime(1950, 1, 1), datetime(2040, 1, 1)).map(lambda t: t.replace(microsecond=0))
NO_TEXT_IDS = st.sampled_from(["1.20162E+13", "2E5", "12345678901234567890", "合计", "No", "012345"])
CELLS = {
    "id": st.one_of(ODD, NO_TEXT_IDS, st.integers(0, 10**14), st.floats(0, 1e6).map(lambda v: round(v, 2))),
    "at": st.one_of(ODD, WHOLE_SECONDS, WHOLE_SECONDS.map(str), WHOLE_SECONDS.map(lambda t: t.isoformat() + "Z"),
        st.sampled_from(["1901-01-01 00:00:00", datetime(1901, 1, 1), "2016-02-30 01:00:00", "20160112", 20160112])),
    "t": st.one_of(ODD, NUMBER, NUMBER.map(str),
        st.sampled_from([-999, "-999.0", 85, "85.0", "１９.５", "1e3", "+5", ".5", "1e999", "1_0"])),
    "again": st.one_of(ODD, st.sampled_from(["是", "否", 1, 0, 1.0, "TRUE", 2])),
    "mv": st.one_of(ODD, NUMBER, st.sampled_from([0, "0.0", -0.0])),
    "place": st.one_of(ODD, st.sampled_from(["客厅", "caf\u0065\u0301", "caf\u00e9", 1, "1", " 客厅 "])),
    "closed": st.one_of(ODD, st.sampled_from([65535, "65535", 0, "0", "0.0", 12, "12", 12.5, 3_000_000_000])),
    "no": st.one_of(ODD, NO_TEXT_IDS, st.integers(0, 999_999)),
    "day": st.one_of(ODD, st.sampled_from(["2016-05-01 00:00:00", "2016-30-01 00:00:00", "1/5/2016", "31/12/2015", 20141101,
        "20141101", "201511", 20141301, "2016-02-30 00:00:00"])),
    "who": st.one_of(ODD, TEXT),
}  # fmt: skip


@settings(max_examples=25, deadline=None, phases=(Phase.generate,))  # the first row that differs is told: nothing to shrink
@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=30))
def test_a_thousand_rows_are_the_same_in_every_format(drawn: list[dict[str, Any]]) -> None:
    rows = [drawn[at % len(drawn)] for at in range(ROWS)]
    # A blank line is no row; nothing else is blank in every format.
    rows = [row if any(as_written(cell).strip() for cell in row.values()) else {**row, "no": "1"} for row in rows]
    made = {kind: cleaned(kind, landed(kind, rows)) for kind in FORMATS}
    first = made.pop("csv")
    assert len(first) == ROWS
    for kind, other in made.items():
        for at, (mine, others) in enumerate(zip(first.bits, other.bits, strict=True)):
            assert names(int(mine)) == names(int(others)), f"{kind}: {rows[at]}"
        pd.testing.assert_frame_equal(first.frame, other.frame, obj=kind)


ALL_DAYS_UP_TO_12 = [{**dict.fromkeys(SOURCES), "id": f"P{n}", "at": "2016-01-12 08:00:00", "t": 20} for n in range(3)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_that_puts_the_day_first_is_kept_to_when_no_day_is_beyond_12(kind: str) -> None:
    rows = [
        {**row, "day": day}
        for row, day in zip(ALL_DAYS_UP_TO_12, ["2016-05-01 00:00:00", "2016-12-02 00:00:00", None], strict=True)
    ]
    assert cleaned(kind, landed(kind, rows)).frame["calibrated_on"].tolist()[:2] == [date(2016, 1, 5), date(2016, 2, 12)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_text_that_stands_for_nothing_does_so_in_every_format(kind: str) -> None:
    rows = [
        {**row, "at": at} for row, at in zip(ALL_DAYS_UP_TO_12, ["1901-01-01T00:00:00"] * 2 + ["2016-01-12 08:00:00"], strict=True)
    ]
    assert [names(int(bits)) for bits in cleaned(kind, landed(kind, rows)).bits] == [["missing_key"], ["missing_key"], []]


@pytest.mark.parametrize("broken", [False, True])
def test_an_id_is_composed_whether_another_line_is_broken_or_not(broken: bool) -> None:
    lines = as_json([{**row, "id": "e\u0301"} for row in ALL_DAYS_UP_TO_12]) + ["{"] * broken
    assert cleaned("ndjson", "".join(line + "\n" for line in lines).encode()).frame["point_id"].tolist()[:3] == ["\u00e9"] * 3


def test_numbers_and_texts_in_one_column_of_lines_are_read_to_the_last_digit() -> None:
    ids = [12345678901234567890, "12345678901234567890", 2**53 + 1, 7.0, "7"]
    rows = [{**ALL_DAYS_UP_TO_12[0], "id": point} for point in ids]
    for few in (
        rows,
        rows[:1],
        rows[2:3] * 500 + rows[3:4],
        rows[1:2] * 500 + rows[:1],
        [{**rows[0], "id": None}] * 500 + rows[:1],
    ):
        made = cleaned("ndjson", landed("ndjson", few)).frame["point_id"]
        assert [None if pd.isna(v) else v for v in made] == [None if r["id"] is None else as_written(r["id"]) for r in few]


def test_a_decimal_of_a_database_is_the_number_a_file_has() -> None:
    rows = [{**ALL_DAYS_UP_TO_12[0], "t": Decimal("19.40"), "id": Decimal("12345678901234567890")}]
    made = cleaned("sql", landed("sql", rows)).frame
    assert made["temperature_degc"].tolist() == [19.4] and made["point_id"].tolist() == ["12345678901234567890"]


def test_a_list_or_an_object_is_no_text() -> None:
    rows = [{**ALL_DAYS_UP_TO_12[0], "no": value} for value in (["a", "b"], {"a": 1}, "a")]
    for kind in ("json", "ndjson", "sql"):
        for some in (rows, rows[:1], rows[1:2]):
            bits = cleaned(kind, landed(kind, some)).bits
            assert [names(int(b)) for b in bits[:1]] == [["unreadable_value"]], kind


def test_a_clock_without_its_day_or_a_day_without_its_clock_is_no_time() -> None:
    columns = {**COLUMNS, "read_at": {"from": "day", "time_from": "place", "formats": ["%Y/%m/%d"]}}
    pairs = [("2016/01/12", "08:30"), ("2016/01/12", None), ("2016-01-12", "08:30"), (None, "08:30"), ("2016/01/12", "")]
    rows = [{**ALL_DAYS_UP_TO_12[0], "day": day, "place": clock} for day, clock in pairs]
    for kind in FORMATS:
        made = cleaned(
            kind, landed(kind, rows), columns={k: v for k, v in columns.items() if k not in ("calibrated_on", "place_in_room")}
        )
        assert [names(int(b)) for b in made.bits] == [
            [],
            ["unreadable_time"],
            ["unreadable_time"],
            ["missing_key"],
            ["unreadable_time"],
        ]
        assert made.frame["read_at"].iloc[0] == datetime.combine(date(2016, 1, 12), time(0, 30), UTC)
