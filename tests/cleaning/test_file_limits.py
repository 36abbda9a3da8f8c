"""Files that would eat the machine or say one thing twice: refused or quarantined before they are in memory."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, Records, gathered
from hearth.contracts.limits import FileLimits
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import names

CSV = "器具编号,器具类型,检定日期,修正值(℃),有效期至,检定单位"
OUTSIDE = {"stationId": "S1", "obsTime": "2026-01-01T08:00:00", "temp": 1.5, "pubTime": "2026-01-01T09:00:00"}


class Endless(io.RawIOBase):
    """Gives what it was told again and again; tells how much was taken."""

    def __init__(self, content: bytes) -> None:
        self.content, self.taken = content, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size < 100 << 20, "asked for everything at once"
        self.taken += size
        assert self.taken < 200 << 20, "read without end"
        return (self.content * (size // len(self.content) + 1))[:size]

    def readinto(self, buffer: Any) -> int:
        buffer[:] = self.read(len(buffer))
        return len(buffer)


def read(
    feed: str, data: bytes | Endless, kind: str, compression: str = "none", encoding: str = "", **limits: int
) -> list[Records]:
    """`encoding`: another one than in the contract."""
    contract = find_contract(feed)
    agreed = {"limits": FileLimits(**limits), **({"encoding": encoding} if encoding else {})}
    contract = contract.model_copy(update={"format": contract.format.model_copy(update=agreed)})
    file = LandedFile(1, "came.bin", "0" * 64, datetime(2026, 1, 2, tzinfo=UTC), kind, compression)
    return list(read_records(contract, file, io.BytesIO(data) if isinstance(data, bytes) else data))


def reasons(chunks: list[Records]) -> dict[int, list[str]]:
    return {int(at): names(int(bits)) for records in chunks for at, bits in zip(records.position, records.bits, strict=True)}


DOUBLED = [
    json.dumps(OUTSIDE)[:-1] + ', "temp": 99}',
    json.dumps(OUTSIDE)[:-1] + ', "sent": [{"by": {"x": 1, "x": 1}}]}',
    json.dumps(OUTSIDE)[:-1] + ', "\\u0074emp": 1.5}',
]


@pytest.mark.parametrize("kind", ["json", "ndjson", "ndjson.gz"])
def test_a_record_that_names_a_key_twice_waits_at_its_place(kind: str) -> None:
    """At any depth, of a column the contract reads or not, also where both values are the same."""
    records = [json.dumps(OUTSIDE), *DOUBLED, json.dumps({**OUTSIDE, "temp": 2.5})]
    if kind == "json":
        data = b'{"code": 0, "data": {"items": [' + ", ".join(records).encode() + b"]}}"
    else:
        data = "\n".join(records).encode()
    chunks = read("weather", gzip.compress(data) if kind == "ndjson.gz" else data, kind[:6], "gzip" if "gz" in kind else "none")
    assert reasons(chunks) == {1: [], **{at: ["unreadable_record"] for at in (2, 3, 4)}, 5: []}
    assert [value for records in chunks for value in records.frame["temp"]][::4] == [1.5, 2.5]


def test_a_page_that_names_its_list_twice_is_refused() -> None:
    with pytest.raises(UnreadableFile, match=r"came\.bin: expected a list at 'data.items'"):
        read("weather", b'{"code": 0, "data": {"items": [], "items": [{}]}}', "json")


def book(*cells: tuple[int, int, Any], blank: int = 0) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as made:
        sheet, grey = made.add_worksheet("储备"), made.add_format({"bg_color": "#eeeeee"})
        for row, column, value in cells:
            sheet.write(row, column, value)
        for row in range(blank):
            sheet.write_blank(row, 9, None, grey)
    return buffer.getvalue()


def changed(part: str, change: Callable[[bytes], bytes], also: str = "") -> bytes:
    """A workbook of two cells with one part changed, or another beside it."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book((0, 0, "a"), (1, 0, "b")))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, change(content) if entry.filename == part else content)
        if also:
            new.writestr(also, b"x")
    return buffer.getvalue()


def forged(data: bytes) -> bytes:
    """The list of contents says that every part is 10 bytes long."""
    made = bytearray(data)
    for found in re.finditer(rb"PK\x01\x02", data):
        made[found.start() + 24 : found.start() + 28] = (10).to_bytes(4, "little")
    return bytes(made)


SHEET = "xl/worksheets/sheet1.xml"
UNNUMBERED = b"<row><c><v>1</v></c></row>"
WORKBOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "last-cell": (lambda: book((0, 0, "a"), (1_048_575, 16_383, "x")), "to row 1048576 and column 16384; .*columns is 2000"),
    "far-right": (lambda: book((0, 0, "a"), (19_999, 1_500, "x")), "row 20000 and column 1501: 30020000 cells; .*cells is"),
    "columns": (lambda: book(*((0, n, f"c{n}") for n in range(16_000))), "column 2001; the limit format.limits.columns"),
    "unnumbered": (lambda: changed(SHEET, lambda xml: re.sub(rb'<row r="2".*</row>', b"<row><c><v>1</v></c></row>" * 3 + b"<row>"
        + b"<c><v>1</v></c>" * 3000 + b"</row>", xml)), "row 5 and column 2001"),
    "rows-elsewhere": (lambda: changed(SHEET, lambda xml: re.sub(rb'<row r="2".*</row>', b'<row r="9000000"><c r="A1"><v>1</v></c>'
        b"</row>" + UNNUMBERED, xml)), "row 9000001 and column 1: 9000001 cells"),
    "texts": (lambda: book(*((row, column, "z" * 32_000) for row in range(3000) for column in range(3))), "texts of its cells"),
    "bomb": (lambda: changed(SHEET, lambda xml: xml + b" " * (30 << 20)), "archive bomb; the limit format.limits.workbook_bytes"),
    "forged": (lambda: forged(changed(SHEET, lambda xml: xml + b" " * (30 << 20))), "archive bomb"),
    "doctype": (lambda: changed(SHEET, lambda xml: xml.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "bb">]>', 1)), "DOCTYPE"),
    "other-kind": (lambda: changed("", bytes, also="content.xml"), "another kind of archive"),
    "twice": (lambda: changed("", bytes, also="XL/sharedstrings.xml"), "another kind of archive"),
    "large": (lambda: b"PK" + b"x" * (33 << 20), "it is larger; the limit format.limits.document_bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", WORKBOOKS)
@pytest.mark.fault("F34", "F56")
def test_a_workbook_that_asks_for_too_much_is_refused_before_it_is_opened(case: str) -> None:
    make, message = WORKBOOKS[case]
    data, begun = make(), time.monotonic()
    limits = {"workbook_bytes": 20 << 20} if case in ("bomb", "forged", "texts") else {}
    with pytest.raises(UnreadableFile, match=f"came.bin.*{message}"):
        read("emergency_reserves", data, "xlsx", **limits)
    assert time.monotonic() - begun < 8


def test_cells_without_a_value_ask_for_nothing() -> None:
    with pytest.raises(UnreadableFile, match="expected the columns"):
        read("emergency_reserves", book((0, 0, "a"), blank=2_000), "xlsx", cells=10)


LINE = json.dumps(OUTSIDE).encode() + b"\n"
TABLES: dict[str, tuple[str, bytes | Endless, str, str, dict[str, int], str]] = {
    "csv-columns": ("calibrations", ",".join(f"c{n}" for n in range(40_000)).encode(), "csv", "none", {}, "has 40000 columns"),
    "csv-line": ("calibrations", Endless(b"x"), "csv", "none", {}, "line 1 is longer; .*line_bytes is 8388608"),
    "csv-late-line": ("calibrations", f"{CSV}\n1\n".encode("gb18030") + b"x" * 99, "csv", "none", {"line_bytes": 90}, "line 3"),
    "csv-bytes": ("calibrations", CSV.encode("gb18030") + b"\n1" * 999, "csv", "none", {"unpacked_bytes": 900}, "unpacked_bytes"),
    "json": ("weather", Endless(b"["), "json", "none", {}, "it is larger; the limit format.limits.document_bytes is 33554432"),
    "ndjson-line": ("weather", Endless(b"x"), "ndjson", "none", {}, "a line is longer; the limit format.limits.line_bytes"),
    "ndjson-line-within": ("weather", LINE * 9 + b" " * 999 + LINE * 9, "ndjson", "none", {"line_bytes": 900}, "line_bytes"),
    "gzip-line": ("weather", gzip.compress(b"0" * (60 << 20)), "ndjson", "gzip", {}, "a line is longer"),
    "gzip-bytes": ("weather", gzip.compress(LINE * 500_000), "ndjson", "gzip", {"unpacked_bytes": 40 << 20}, "unpacks to more, "),
    "ndjson-names": ("weather", LINE * 9000 + b"".join(b'{"k%d":1}\n' % n for n in range(2500)), "ndjson", "none", {}, "names"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.fault("F57")
def test_a_file_of_text_beyond_its_limits_is_refused(case: str) -> None:
    feed, data, kind, compression, limits, message = TABLES[case]
    begun = time.monotonic()
    with pytest.raises(UnreadableFile, match=f"came.bin: .*{message}"):
        read(feed, data, kind, compression, **limits)
    assert time.monotonic() - begun < 8


def test_lines_up_to_the_limit_are_read_whatever_stands_around_them() -> None:
    lines = b"".join(LINE + b" " * blank + b"\n" for blank in range(0, 300, 7))
    assert sum(map(len, read("weather", lines, "ndjson", line_bytes=300))) == 43


@pytest.mark.fault("F26")
def test_a_wrong_encoding_far_down_is_told_with_its_place() -> None:
    good = "".join(f"S{n},测温仪,2026-01-01,0.1,2027-01-01,所\n" for n in range(5000))
    before = f"{CSV}\n{good}".encode("gb18030")
    with pytest.raises(UnreadableFile, match=rf"not gb18030 at byte {len(before)} \(line 5002\): ff ff"):
        read("calibrations", before + b"\xff\xff\n", "csv")


LATIN_1 = b"R2,Caf\xe9,,,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.fault("F26")
def test_a_file_in_latin_1_is_refused_with_what_came_and_where(encoding: str) -> None:
    before = f"{CSV}\nR1,,,,,\n".encode(encoding)
    with pytest.raises(UnreadableFile, match=rf"came\.bin: not {encoding} at byte {len(before) + 6} \(line 3\): e9 2c"):
        read("calibrations", before + LATIN_1, "csv", encoding=encoding)


def test_large_records_are_not_gathered_by_their_number() -> None:
    record = json.dumps({**OUTSIDE, "temp": "x" * 6_000_000}).encode() + b"\n"
    chunks = [chunk for _ in range(9) for chunk in read("weather", record, "ndjson")]
    assert max(map(len, gathered(iter(chunks), 50_000))) == 3
