"""What is left out of what came: a bad channel leaves its row, a line that is no record is none; both are counted."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, Records
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.entities import ENTITIES
from hearth.contracts.reasons import names
from hearth.validation.batch import BatchValidation, gate
from tests.support import extremes

CHANNELS = {
    "secondary_supply_degc": {"from": "t2s", "unit": "degC", "error_codes": [-39.9]},
    "heat_kw": {"from": "pw", "unit": "kW"},
}
KEY = {"system_id": "id", "read_at": "at", "is_replay": "again"}
GOOD = {"id": "A", "at": "2016-12-01T08:00:00", "again": False, "t2s": 45.5, "pw": 120, "arrived": "2016-12-01T08:01:00"}


def contract(**changes: Any) -> Contract:
    made = extremes.contract(ENTITIES["station_reading"], "stations") | {"columns": KEY | CHANNELS} | changes
    return Contract.model_validate(made)


def judged(made: Contract, *changes: dict[str, Any]) -> tuple[Rows, list[list[str]]]:
    body = json.dumps({"code": 0, "data": {"items": [GOOD | change for change in changes]}}).encode()
    file = LandedFile(1, "page", "", datetime(2030, 1, 1, tzinfo=UTC), "json")
    (records,) = read_records(made, file, io.BytesIO(body))
    rows = clean(made, records, Pseudonyms("0123456789abcdef"))
    bits = BatchValidation(made).validate(rows)
    return rows, [names(int(b)) for b in bits]


BAD = (
    {"t2s": -39.9},
    {"t2s": "--"},
    {"t2s": 5000},
    {"pw": 9e9, "t2s": None},
    {"t2s": -39.9, "pw": "x"},
    {"at": "soon", "t2s": -39.9},
    {"again": "maybe"},
    {},
    {"t2s": None, "pw": None},
)


def test_one_bad_channel_is_null_and_counted_and_a_row_goes_when_all_of_them_or_its_key_is_bad() -> None:
    rows, reasons = judged(contract(), *BAD)
    all_bad, no_key, no_flag = ["unreadable_value", "error_code"], ["unreadable_time"], ["unreadable_value"]
    assert reasons == [[], [], [], ["out_of_range"], all_bad, no_key, no_flag, [], []]
    accepted = [not reason for reason in reasons]
    supply, power = (rows.frame[name][accepted].astype(object) for name in ("secondary_supply_degc", "heat_kw"))
    assert supply.where(supply.notna(), None).tolist() == [None, None, None, 45.5, None]
    assert power.where(power.notna(), None).tolist() == [120, 120, 120, 120, None]
    found = rows.left_out(rows.frame.index.isin([n for n, good in enumerate(accepted) if good]))
    column = "secondary_supply_degc"
    assert found == {(column, "error_code"): 1, (column, "unreadable_value"): 1, (column, "out_of_range"): 1}
    cells = rows.frame["left_out"].astype(object).where(rows.frame["left_out"].notna(), None).tolist()
    told = [f"{column}:{reason}" for reason in ("error_code", "unreadable_value", "out_of_range")]
    assert [cell for cell, good in zip(cells, accepted, strict=True) if good] == [*told, None, None]


def test_all_bad_channels_of_a_row_are_named_in_the_order_of_the_columns() -> None:
    more = CHANNELS | {"flow_m3_h": {"from": "flow", "unit": "m3/h", "zero_is_missing": True}}
    rows, reasons = judged(contract(columns=KEY | more), {"flow": 0, "pw": 9e9}, {"flow": 0, "pw": 9e9, "t2s": -39.9})
    assert reasons[0] == [] and reasons[1] == ["missing_value", "error_code", "out_of_range"]
    assert rows.frame["left_out"][0] == "flow_m3_h:missing_value,heat_kw:out_of_range"


def test_a_plant_loses_its_channel_too_and_a_word_that_is_none_still_costs_the_row() -> None:
    columns = {
        "source_id": "id", "read_at": "at", "source_kind": {"from": "kind", "values": {"电厂": "plant"}},
        "heat_kw": CHANNELS["heat_kw"], "return_degc": {"from": "t2s", "unit": "degC", "error_codes": [-39.9]},
    }  # fmt: skip
    rows, reasons = judged(contract(entity="source_reading", columns=columns), {"kind": "电厂", "t2s": -39.9}, {"kind": "锅炉"})
    assert reasons == [[], ["unknown_code"]] and rows.frame["left_out"][0] == "return_degc:error_code"


def test_the_word_of_earlier_drafts_is_read_and_changes_nothing() -> None:
    said = contract(bad_channel="null_and_counted")
    assert judged(said, *BAD)[1] == judged(contract(), *BAD)[1]
    assert "bad_channel" not in contract().content_text, "contracts that do not say it keep their hash"


def test_only_a_wide_row_has_channels() -> None:
    with pytest.raises(ValidationError, match=r"room_reading has one measure a row; only station_reading, .*_reading have"):
        contract(entity="room_reading", bad_channel="null_and_counted",
                 columns={"point_id": "id", "read_at": "at", "temperature_degc": {"from": "t2s", "unit": "degC"}})  # fmt: skip


def test_a_channel_that_is_gone_holds_nothing_but_is_told() -> None:
    day, counts = date(2016, 12, 1), Counts(rows_read=110, rows_quarantined=10)
    few, many = (Counter({("heat_kw", "out_of_range"): n, ("flow_m3_h", "error_code"): 1}) for n in (10, 11))
    many["heat_kw", "error_code"] += 1
    assert gate(contract(), counts, day, few).severity is None
    verdict = gate(contract(), counts, day, many)
    assert verdict.severity == "warning" and verdict.message.endswith("; heat_kw was left out of 12 of them")
    assert gate(contract(), Counts(rows_read=12), day, many).severity is None, "a few rows say nothing of the feed"


def segments(**changes: Any) -> Contract:
    columns = {"segment_no": "管段编号", "length_m": {"from": "长度", "unit": "m"}}
    made = extremes.contract(ENTITIES["pipe_segment"], "pipes") | {"columns": columns, "format": {"kind": "csv"}, "arrival": "file"}
    return Contract.model_validate(made | {"source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}, **changes})


def read(made: Contract) -> Records:
    text = "序号,管段编号,长度\n1,G1,10\n小计,,10\n2,G2,5\n合计,合计,15\n,G3,1\n"
    (records,) = read_records(made, LandedFile(1, "f", "", None, "csv"), io.BytesIO(text.encode()))
    return records


def test_a_total_below_a_table_is_no_record_where_the_contract_says_so_and_is_counted() -> None:
    records = read(segments(no_record={"column": "序号", "texts": ["小计", "合计"]}))
    assert records.frame["管段编号"].tolist() == ["G1", "G2", "G3"]
    assert (records.position.tolist(), records.no_record) == ([1, 3, 5], 2), "the others keep their number in the file"


def test_a_total_that_the_contract_does_not_know_is_refused() -> None:
    rows = clean(segments(), read(segments()), Pseudonyms("0123456789abcdef"))
    assert [names(int(bits)) for bits in rows.bits] == [[], ["missing_key"], [], ["unreadable_value"], []]
