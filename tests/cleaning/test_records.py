"""Landing files become records: nothing is read as something else, and what is refused is told without its content."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, renamed
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.file_format import CsvFormat
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import names

TICKET = {
    "ticket_no": "T1", "kind": "投诉", "category": "不热", "status": "待受理", "channel": "phone",
    "created_at": "2026-01-01T08:00:00", "accepted_at": None, "assigned_at": None, "on_site_at": None, "solved_at": None,
    "closed_at": None, "follow_up_at": None, "household_no": "H1", "related_no": None, "satisfaction": None, "user_fault": None,
    "caller_name": "王小明", "caller_phone": "13812345678", "caller_address": "路", "content": "不热", "version": 1,
    "updated_at": "2026-01-01T09:00:00", "seat_no": 1,
}  # fmt: skip
HEADER = "器具编号,器具类型,检定日期,修正值(℃),有效期至,检定单位"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PSEUDONYM_KEY", "for-tests-only-0123456789abcdef")  # pragma: allowlist secret


def cleaned(feed: str, data: bytes, kind: str, compression: str = "none") -> Rows:
    contract = find_contract(feed)
    file = LandedFile(1, "came.txt", "0" * 64, datetime(2026, 1, 2, tzinfo=UTC), kind, compression)
    (records,) = read_records(contract, file, io.BytesIO(data))
    return clean(contract, records, Pseudonyms())


def tickets(*changes: dict[str, Any]) -> Rows:
    lines = "".join(json.dumps({**TICKET, **change}, ensure_ascii=False) + "\n" for change in changes)
    return cleaned("hotline_963963", gzip.compress(lines.encode()), "ndjson", "gzip")


@pytest.mark.parametrize("written", ["2026-01-01T00:30:00Z", "2026-01-01T08:30:00+08:00", "2026-01-01T08:30:00.000+0800"])
def test_a_time_that_says_its_distance_from_utc_is_believed(written: str) -> None:
    rows = tickets({"created_at": written})
    assert rows.frame["created_at"].iloc[0] == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert tickets({"created_at": "2026-01-01T08:30:00"}).frame["created_at"].iloc[0] == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


@pytest.mark.fault("F45")
def test_a_renamed_column_of_texts_is_missed_although_nothing_is_required_of_it() -> None:
    line = {("household_number" if name == "household_no" else name): value for name, value in TICKET.items()}
    with pytest.raises(UnreadableFile, match="'household_no' may be 'household_number' now"):
        cleaned("hotline_963963", gzip.compress((json.dumps(line, ensure_ascii=False) + "\n").encode()), "ndjson", "gzip")
    assert tickets({"household_no": None}).frame["household_id"].isna().all(), "nobody named is no renamed column"


def test_an_emoji_cut_in_half_costs_one_character() -> None:
    line = json.dumps({**TICKET, "household_no": "H1\ud83d"})  # escaped, as a service writes it
    rows = cleaned("hotline_963963", gzip.compress((line + "\n").encode()), "ndjson", "gzip")
    assert not rows.bits.any()
    assert rows.frame["household_id"].iloc[0] == "H1\ufffd"


def test_an_object_where_a_time_should_be_is_one_refused_row() -> None:
    rows = tickets({}, {"ticket_no": "T2", "created_at": [2026, 1, 1]}, {"ticket_no": "T3", "created_at": {"at": 1}})
    assert [names(int(bits)) for bits in rows.bits] == [[], ["unreadable_time"], ["unreadable_time"]]


@pytest.mark.fault("F25")
def test_versions_are_told_apart_to_the_last_digit() -> None:
    rows = tickets({"version": 2**53}, {"version": 2**53 + 1}, {"version": "9007199254740995"}, {"version": 1e19})
    assert np.asarray(rows.frame["source_version"])[:3].tolist() == [2**53, 2**53 + 1, 9007199254740995]
    assert [names(int(bits)) for bits in rows.bits] == [[], [], [], ["unreadable_value"]]


@pytest.mark.fault("F27")
def test_a_quotation_mark_never_swallows_the_lines_after_it() -> None:
    lines = [f"S{number},测温仪,2026-01-01,0.1,2027-01-01,所" for number in range(100)]
    lines[10] = lines[10].replace("所", '"所')
    with pytest.raises(UnreadableFile, match="quoted from line 12 on is not ended properly up to line 10"):
        cleaned("calibrations", "\n".join([HEADER, *lines, ""]).encode("gb18030"), "csv")
    lines[10] = lines[10].replace('"所', '"东\n西""所"')  # quoted as it should be
    rows = cleaned("calibrations", "\n".join([HEADER, *lines, ""]).encode("gb18030"), "csv")
    assert len(rows) == 100
    assert not rows.bits.any()


def test_a_lost_header_line_is_told_without_the_row_that_stands_there() -> None:
    with pytest.raises(UnreadableFile, match=r"came 6 names, none of them known\. If the header line is missing") as told:
        cleaned("calibrations", "S1,测温仪,2026-01-01,王小明,13812345678,所\n".encode("gb18030"), "csv")
    assert "王小明" not in str(told.value)
    assert "13812345678" not in str(told.value)


@pytest.mark.fault("F25")
def test_a_number_too_large_to_be_exact_is_a_number_still() -> None:
    rows = tickets({"satisfaction": 5}, {"ticket_no": "T2", "satisfaction": 10**18}, {"ticket_no": "T3", "version": 10**18 + 1})
    assert [names(int(bits)) for bits in rows.bits][::2] == [[], []]
    assert rows.bits[1], "no such satisfaction"
    assert rows.frame["source_version"].iloc[2] == 10**18 + 1


@pytest.mark.fault("F27")
def test_nul_bytes_cost_their_own_line_and_no_other() -> None:
    lines = [f"S{number},测温仪,2026-01-01,0.1,2027-01-01,所" for number in range(4)]
    lines[1] = lines[1].replace("0.1", "0.\x001")
    rows = cleaned("calibrations", "\n".join([HEADER, *lines]).encode("gb18030"), "csv")
    assert [bool(bits) for bits in rows.bits] == [False, True, False, False]


LINES = [f"S{number},测温仪,2026-01-01,0.1,2027-01-01,所" for number in range(3)]


def calibrations(text: str, data: bytes | None = None, **said: Any) -> Rows:
    """`said`: of the contract's format."""
    contract = find_contract("calibrations")
    contract = contract.model_copy(update={"format": CsvFormat(**{"kind": "csv", "encoding": "gb18030", **said})})
    file = LandedFile(1, "came.txt", "0" * 64, datetime(2026, 1, 2, tzinfo=UTC), "csv")
    (records,) = read_records(contract, file, io.BytesIO(data if data is not None else text.encode("gb18030")))
    return clean(contract, records, Pseudonyms())


def test_a_packed_file_says_that_it_is_packed_whatever_the_encoding() -> None:
    packed = gzip.compress("\n".join([HEADER, *LINES]).encode("gb18030"))
    for encoding in ("utf-8", "gb18030", "latin-1"):
        with pytest.raises(
            UnreadableFile, match=r"starts with 1f 8b\): it is gzip; say compression: gzip in the contract's format"
        ):
            calibrations("", packed, encoding=encoding)
    assert len(calibrations("", packed, compression="gzip")) == 3
    with pytest.raises(UnreadableFile, match="cut off or not gzip after line"):
        calibrations("", packed[:-20], compression="gzip")
    with pytest.raises(UnreadableFile, match="cut off or not gzip after line 0"):
        calibrations(HEADER, compression="gzip")
    with pytest.raises(UnreadableFile, match="a workbook is kind: xlsx"):
        calibrations("PK\x03\x04")


def test_a_delimiter_at_the_end_of_lines_or_of_the_header_is_no_column() -> None:
    for header, end in ((HEADER, ","), (HEADER, ", ,"), (HEADER + ",", ""), (HEADER + ",", ",")):
        rows = calibrations("\n".join([header, *(line + end for line in LINES)]))
        assert not rows.bits.any() and rows.frame["serial_no"].tolist() == ["S0", "S1", "S2"]
    surplus = calibrations("\n".join([HEADER, LINES[0] + ",x", LINES[1], LINES[2].rpartition(",")[0]]))
    assert [names(int(bits)) for bits in surplus.bits] == [["unreadable_record"], [], ["unreadable_record"]]


def test_what_stands_above_the_header_is_left_out_or_told() -> None:
    assert len(calibrations("\n".join(["", " , ", HEADER, *LINES]))) == 3
    titled = "\n".join(["检定台账", "", "2026年,,,", HEADER, *LINES])
    with pytest.raises(UnreadableFile, match=r"named in row 3 \(blank ones not counted\), below 2 other row.* say skip_rows: 2"):
        calibrations(titled)
    with pytest.raises(UnreadableFile, match="say skip_rows: 2"):
        calibrations(titled, skip_rows=1)
    assert len(calibrations(titled, skip_rows=2)) == 3


@pytest.mark.parametrize(
    ("missing", "spare", "hint"),
    [
        ("Created Date", ["Street Name", "Closed"], None),
        ("Created Date", ["Street Name", "created_date"], "created_date"),
        ("室温(℃)", ["室温", "测点高度"], "室温"),
        ("household_no", ["household_number", "house"], "household_number"),
        ("id", ["width", "identity"], None),
    ],
)
def test_a_hint_names_what_is_nearly_the_same_and_nothing_else(missing: str, spare: list[str], hint: str | None) -> None:
    assert renamed(missing, spare) == hint
