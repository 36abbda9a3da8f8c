"""What is read as columns is read as line by line, what is judged by value as row by row: one result, whichever way was taken."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hearth.cleaning import json_items, plain_csv
from hearth.cleaning.ahead import ahead
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import clean
from hearth.contracts.contract import Contract
from hearth.contracts.loading import find_contract
from hearth.lake.sorting import sorted_by
from hearth.validation import suites
from hearth.validation.suites import Suite

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SENSORS = Contract.model_validate(
    {
        "feed": "sensors", "title": "Sensors", "entity": "room_reading", "owner": {"team": "t"}, "arrival": "file",
        "source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}, "schedule": {"season": "0 0 * * *"},
        "format": {"kind": "csv", "encoding": "utf-8"}, "time_zone": "Asia/Shanghai",
        "columns": {"point_id": "id", "read_at": "at", "temperature_degc": {"from": "t", "unit": "degC"}},
    }
)  # fmt: skip


def told(contract: Contract, data: bytes, kind: str) -> Any:
    """All that reading gives of a file: its rows with their places and reasons, or the words that refuse it."""
    file = LandedFile(1, "f", "", datetime(2030, 1, 1, tzinfo=UTC), kind)
    try:
        chunks = [
            clean(contract, records, Pseudonyms("0123456789abcdef")) for records in read_records(contract, file, io.BytesIO(data))
        ]
    except UnreadableFile as error:
        return str(error)
    frames = [rows.frame.assign(bits=rows.bits) for rows in chunks]
    return pd.concat(frames, ignore_index=True).to_dict("records") if frames else []


def same(one: Any, other: Any) -> bool:
    """NaN and NA are what they are."""
    return repr(one) == repr(other)


CELL = st.sampled_from(["", " ", "R1", "室温", "20.5", "2016-01-01 08:00:00", "a b", "\u2028"])
ODD = st.sampled_from(['"a,b"', '"', "\r", "\0", "\ufeff", '"a\nb"', 'a"b', ",", "\n", "\r\n"])
LINE = st.lists(CELL, min_size=1, max_size=5).map(",".join) | st.lists(CELL, min_size=3, max_size=3).map(",".join)
TEXT = st.lists(LINE | st.tuples(LINE, ODD, LINE).map("".join), max_size=12)


@many
@given(TEXT, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 90), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
@example(["R1,2016-01-01 08:00:00,20"] * 3 + ['"'], "\n", True, 30, "utf-8")
def test_csv_as_columns_and_by_its_lines(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], end: str, ended: bool, block: int, encoding: str
) -> None:
    text = end.join(["id,at,t", *lines]) + (end if ended else "")
    contract = SENSORS.model_copy(update={"format": SENSORS.format.model_copy(update={"encoding": encoding})})
    monkeypatch.setattr(plain_csv, "BLOCK_BYTES", block)
    monkeypatch.setattr(plain_csv, "PIECE_BYTES", 16)
    data = text.encode(encoding, "replace")
    as_columns = told(contract, data, "csv")
    with monkeypatch.context() as patched:
        patched.setattr(plain_csv.Blocks, "next", lambda self: None)
        assert same(as_columns, told(contract, data, "csv"))


def test_most_of_a_csv_file_is_read_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line too short sends its block to the csv module, and no other one."""
    monkeypatch.setattr(plain_csv, "BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(plain_csv, "PIECE_BYTES", 1 << 10)
    by_lines: list[int] = []
    as_columns = plain_csv.as_columns

    def seen(*given: Any) -> Any:
        made = as_columns(*given)
        by_lines.append(made is None)
        return made

    monkeypatch.setattr("hearth.cleaning.tables.as_columns", seen)
    lines = ["R1,2016-01-01 08:00:00,20"] * 400
    lines[200] = "R1"
    rows = told(SENSORS, "\n".join(["id,at,t", *lines]).encode(), "csv")
    assert len(rows) == 400 and len(by_lines) > 5 and sum(by_lines) == 1


VALUE = st.sampled_from([None, "R1", "20.5", 20, 20.5, -1, 2**53 + 1, True, [1], {"a": 1}, "2016-01-01 08:00:00"])
RECORD = st.dictionaries(st.sampled_from(["id", "at", "t", "other", "more"]), VALUE, max_size=5).map(json.dumps)
REGULAR = st.builds(
    lambda p, v: json.dumps({"id": p, "at": "2016-01-01 08:00:00", "t": v}), st.sampled_from(["R1", "R2"]), st.floats(0, 40)
)
BROKEN = st.sampled_from(
    ["{", "[]", "5", '{"id": "R1"} {"id": "R2"}', '{"id": "R1", "x": 1, "x": 1}', '{"id":\n"R1"}', " ", "", '{"t": NaN}']
)


@many
@given(st.lists(REGULAR | RECORD, max_size=8), st.lists(REGULAR | RECORD | BROKEN, max_size=8), st.integers(1, 80))
@example([], ['{"id": "R1", "t": 20}', '{"id": "R1", "t": 20.5}'], 70)
@example([], ['{"id": "R1"} {"id": "R2"}', '{"id":\n"R1"}', '{"id": "R1", "at": "2016-01-01 08:00:00", "t": 0.0}'], 1)
def test_json_lines_as_columns_and_one_by_one(
    monkeypatch: pytest.MonkeyPatch, before: list[str], lines: list[str], looked: int
) -> None:
    first = json.dumps({"id": "R1", "at": "2016-01-01 08:00:00", "t": 20})
    data = "\n".join([first, *before, *lines]).encode()
    contract = SENSORS.model_copy(update={"format": find_contract("remote_points").format})
    monkeypatch.setattr("hearth.cleaning.json_columns.LOOKED_AT", looked)
    as_columns = told(contract, data, "ndjson")
    with monkeypatch.context() as patched:
        patched.setattr(json_items, "read_columnar", lambda *_: (None, set()))
        assert same(as_columns, told(contract, data, "ndjson"))


@settings(many, max_examples=12)
@given(st.lists(st.tuples(st.sampled_from([20.0, 99.0, -90.0, float("nan")]), st.floats(-1e7, 1e7)), min_size=1, max_size=40))
def test_a_value_is_judged_once_for_all_its_rows(monkeypatch: pytest.MonkeyPatch, values: list[tuple[float, float]]) -> None:
    n = len(values)
    frame = pd.DataFrame(values, columns=["temperature_degc", "age_minutes"]).assign(
        problem_bits=np.arange(n, dtype=np.int32) % 3, point_is_known=np.arange(n) % 2 == 0, text_characters=1.0,
        note_characters=0.0, control_characters=0.0, battery_v=np.nan, height_m=np.nan,
        windows_closed_minutes=np.nan, calibrated_on=np.nan,
    )  # fmt: skip
    limits = dict.fromkeys(
        ["room_min_degc", "room_watch_low_degc", "amount_min", "min_age_minutes", "date_min_year"], -50.0
    ) | dict.fromkeys(
        ["room_max_degc", "room_watch_high_degc", "max_age_minutes", "battery_max_v", "height_max_m", "closed_time_max_minutes",
         "date_max_year", "text_max_characters", "control_characters_max", "note_max_characters"], 50.0
    )  # fmt: skip
    found = []
    for small, few in ((10_000, 10_000), (0, 10_000), (0, 2)):
        monkeypatch.setattr(suites, "SMALL", small)
        monkeypatch.setattr("hearth.validation.distinct.FEW", few)
        suite, apart = Suite("room_reading"), {"temperature_degc": np.zeros(n, np.int32)}
        bits = []
        for part in (slice(0, n // 2), slice(n // 2, n)):  # of the second chunk most values were seen in the first
            chunk = {name: own[part] for name, own in apart.items()}
            bits += suite.validate(frame[part].reset_index(drop=True), limits, chunk).tolist()
        found.append((bits, apart["temperature_degc"].tolist(), suite.report(), suite.worst_severity))
    assert same(found[0], found[1]) and same(found[0], found[2])


def test_an_expectation_that_looks_beyond_a_value_is_asked_of_whole_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a share, of two columns, of a sum: what only all rows can tell."""
    between = {"column": "a", "min_value": 0, "max_value": 5}
    told = [
        ("expect_column_values_to_be_between", between | {"mostly": 0.5}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "b", "column_B": "a"}),
        ("expect_column_sum_to_be_between", {"column": "a", "max_value": 1}),
        ("expect_column_values_to_be_between", between),
    ]
    expectations = [
        {"type": kind, "kwargs": kwargs, "meta": {"reason": "out_of_range"}, "severity": "critical"} for kind, kwargs in told
    ]
    (tmp_path / "own.json").write_text(json.dumps({"name": "own", "expectations": expectations}))
    frame, found = pd.DataFrame({"a": np.arange(9.0), "b": [4.5] * 9}), []
    for small in (100, 0):
        monkeypatch.setattr(suites, "SMALL", small)
        suite = Suite("own", tmp_path)
        found.append((suite.validate(frame, {}).tolist(), suite.report()))
    assert same(*found)
    shares, pairs, sums, values = found[0][1]["results"]
    assert (shares["success"], pairs["success"], sums["success"], values["success"]) == (True, False, False, False)
    assert (values["examples"], sums["observed_value"], len(pairs["examples"])) == ([6.0, 7.0, 8.0], 36.0, 4)


@many
@given(st.lists(st.tuples(st.sampled_from(["b", "a", "室", None]), st.integers(-(2**62), 2**62), st.integers(0, 2)), max_size=20))
def test_packed_rows_are_in_the_order_of_their_columns(rows: list[tuple[Any, int, int]]) -> None:
    kinds = pa.schema([("x", pa.string()), ("y", pa.int64()), ("z", pa.int64())])
    for kept in (rows, [row for row in rows if row[0]], [(a or "", b % 1000, c) for a, b, c in rows]):
        table = pa.Table.from_pylist([dict(zip("xyz", row, strict=True)) for row in kept], schema=kinds)
        by_arrow = table.sort_by([(name, "ascending") for name in "xyz"])
        assert sorted_by(table, "xyz").equals(by_arrow)


def test_what_is_read_ahead_comes_in_order_and_fails_where_it_is_due() -> None:
    closed: list[int] = []

    def made(upto: int) -> Any:
        try:
            yield from range(upto)
            raise UnreadableFile("no more")
        finally:
            closed.append(upto)

    whole = ahead(made(3))
    assert [next(whole), next(whole), next(whole)] == [0, 1, 2]
    with pytest.raises(UnreadableFile, match="no more"):
        next(whole)
    assert closed == [3]
    left_early = ahead(made(5))
    assert next(left_early) == 0
    left_early.close()
    assert closed == [3, 5]  # and so is the file behind it
