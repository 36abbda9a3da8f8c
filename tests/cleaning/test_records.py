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
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import Rows, clean
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
