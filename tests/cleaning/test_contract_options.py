"""Options of a column: a default among `values`, the year of a date, the hour that clocks show twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from hearth.cleaning.columns import convert
from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.records import LandedFile, Records
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Column
from hearth.contracts.mapping import Mapping
from hearth.contracts.reasons import BIT

NEW_YORK, ADELAIDE = "America/New_York", "Australia/Adelaide"


def contract(**changes: Any) -> Contract:
    """A small contract of room readings whose times come in order."""
    columns = {
        "point_id": "sensor",
        "read_at": {"from": "time", "formats": ["%Y-%m-%d %H:%M"], "doubled_hour": "in_order"},
        "temperature_degc": {"from": "temp", "unit": "degC"},
    }
    given = {
        "feed": "sensors", "title": "Sensors", "entity": "room_reading", "owner": {"team": "t"},
        "source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"},
        "schedule": {"season": "0 0 * * *"}, "format": {"kind": "csv"}, "arrival": "file", "time_zone": NEW_YORK,
        "columns": columns, **changes,
    }  # fmt: skip
    return Contract.model_validate(given)


def records(lines: list[tuple[str, str]], file_id: int = 1, first: int = 1) -> Records:
    frame = pd.DataFrame({"sensor": [s for s, _ in lines], "time": [t for _, t in lines]}, dtype=object).assign(temp="20")
    file = LandedFile(file_id, "f", "", datetime(2030, 1, 1, tzinfo=UTC), "csv")
    return Records.of(file, frame, first, np.zeros(len(lines), np.int32))


def cleaned(lines: list[tuple[str, str]], remembered: DoubledHour | None = None, **options: Any) -> Rows:
    return clean(contract(**options), records(lines), Pseudonyms("0123456789abcdef"), remembered)


def clocks(rows: Rows) -> list[str]:
    return [pd.Timestamp(t).tz_convert("UTC").strftime("%H:%M") for t in rows.frame["read_at"]]


def text_column(values: dict[str, str], source: list[str | None], **facts: Any) -> tuple[list[Any], list[int]]:
    mapping = Mapping.model_validate({"from": "x", "values": values})
    made, bits = convert(Column("x", "text", **facts), mapping, pd.Series(source, dtype=object), NEW_YORK)
    return made.astype(object).where(made.notna(), None).tolist(), bits.tolist()


def test_a_star_among_values_takes_everything_not_named() -> None:
    made, bits = text_column({"HEATING": "complaint", "*": "consultation"}, ["HEATING", "Noise", None, "heating"])
    assert made == ["complaint", "consultation", None, "consultation"]
    assert bits == [0, 0, 0, 0]


def test_without_a_star_an_unnamed_value_is_an_unknown_code_in_any_text_column() -> None:
    made, bits = text_column({"N": "NORTH"}, ["N", "X", None])
    assert made == ["NORTH", None, None]
    assert bits == [0, BIT["unknown_code"], 0]


def test_the_year_of_a_date() -> None:
    mapping = Mapping.model_validate({"from": "x", "formats": ["%Y/%m/%d %H:%M:%S+00"], "date_part": "year"})
    source = pd.Series(["1979/01/01 00:00:00+00", "", "soon"], dtype=object)
    made, bits = convert(ENTITIES["pipe_segment"].columns_by_name["year_laid"], mapping, source, NEW_YORK)
    assert made.astype(object).where(made.notna(), None).tolist() == [1979, None, None]
    assert bits.tolist() == [0, 0, BIT["unreadable_value"]]


def test_order_tells_the_second_pass_of_each_point() -> None:
    night = ["00:45", "01:15", "01:45", "01:15", "01:45", "02:15"]
    lines = [(sensor, f"2014-11-02 {clock}") for clock in night for sensor in ("A", "B")]
    assert clocks(cleaned(lines))[::2] == ["04:45", "05:15", "05:45", "06:15", "06:45", "07:15"]
    assert clocks(cleaned(lines))[1::2] == clocks(cleaned(lines))[::2]


def test_a_time_that_goes_back_without_coming_twice_is_the_second_pass_too() -> None:
    lines = [("A", f"2014-11-02 {clock}") for clock in ("01:10", "01:40", "01:05", "01:35")]
    assert clocks(cleaned(lines)) == ["05:10", "05:40", "06:05", "06:35"]


def test_the_doubled_hour_may_be_cut_by_a_chunk_but_not_by_a_file() -> None:
    remembered, hashes = DoubledHour(), Pseudonyms("0123456789abcdef")
    halves = [[("A", "2014-11-02 01:30")], [("A", "2014-11-02 01:30")]]
    chunks = [clean(contract(), records(half, 1, n), hashes, remembered) for n, half in enumerate(halves, 1)]
    assert [clocks(chunk) for chunk in chunks] == [["05:30"], ["06:30"]]
    again = clean(contract(), records(halves[0], file_id=2), hashes, remembered)
    assert clocks(again) == ["05:30"]


def test_a_file_with_the_newest_row_first_is_read_as_the_same_file_turned_round() -> None:
    night = ["00:45", "01:15", "01:45", "01:15", "01:45", "02:15"]
    lines = [(sensor, f"2014-11-02 {clock}") for clock in night for sensor in ("A", "B")]
    assert clocks(cleaned(lines[::-1], rows="newest_first")) == clocks(cleaned(lines))[::-1]
    remembered, hashes = DoubledHour(), Pseudonyms("0123456789abcdef")
    turned = contract(rows="newest_first")
    halves = [clean(turned, records(part, 1, n), hashes, remembered) for n, part in enumerate((lines[:5:-1], lines[5::-1]), 1)]
    assert [clock for half in halves for clock in clocks(half)] == clocks(cleaned(lines))[::-1], "a chunk may cut it"


def test_a_file_in_another_order_than_the_contract_says_is_refused() -> None:
    lines = [("A", f"2014-11-02 {clock}") for clock in ("00:45", "01:15", "01:45", "01:15", "01:45", "02:15")]
    with pytest.raises(UnreadableFile, match=r"4 of 5 steps between its readings go the other way. Say rows: newest_first"):
        cleaned(lines[::-1])
    with pytest.raises(UnreadableFile, match="Say rows: oldest_first"):
        cleaned(lines, rows="newest_first")
    assert len(cleaned([("A", "2014-11-03 01:45"), ("A", "2014-11-03 01:15")])) == 2, "no other night asks for an order"


def test_next_year_begins_anew() -> None:
    lines = [("A", f"{day} 01:30") for day in ("2014-11-02", "2014-11-02", "2015-11-01", "2015-11-01")]
    assert clocks(cleaned(lines)) == ["05:30", "06:30", "05:30", "06:30"]


def test_a_zone_whose_doubled_hour_does_not_begin_on_a_whole_utc_hour() -> None:
    lines = [("A", f"2015-04-05 {clock}") for clock in ("02:00", "02:40", "02:00", "02:40")]
    assert clocks(cleaned(lines, time_zone=ADELAIDE)) == ["15:30", "16:10", "16:30", "17:10"]


def test_times_with_an_offset_are_what_they_say() -> None:
    columns = {**contract().model_dump(by_alias=True, exclude_unset=True)["columns"]}
    columns["read_at"] = {"from": "time", "doubled_hour": "in_order"}
    rows = cleaned([("A", "2014-11-02T01:30-05:00"), ("A", "2014-11-02T01:30-04:00")], columns=columns)
    assert clocks(rows) == ["06:30", "05:30"]


def test_first_and_last_are_an_hour_apart() -> None:
    made = {}
    for word in ("first", "last"):
        mapping = Mapping.model_validate({"from": "x", "formats": ["%Y-%m-%d %H:%M"], "doubled_hour": word})
        source = pd.Series(["2014-11-02 01:30", "2014-11-02 03:30"], dtype=object)
        made[word], _ = convert(Column("x", "instant"), mapping, source, NEW_YORK)
    assert made["last"][0] - made["first"][0] == timedelta(hours=1)
    assert made["last"][1] == made["first"][1]


@pytest.mark.parametrize(
    ("column", "mapping", "said"),
    [
        ("temperature_degc", {"from": "temp", "unit": "degC", "values": {"a": "b"}}, "values name texts"),
        ("point_id", {"from": "sensor", "date_part": "year"}, "date_part makes a whole number"),
        ("point_id", {"from": "sensor", "error_codes": [1]}, "error_codes are numbers; it is of kind text"),
        ("point_id", {"from": "sensor", "formats": ["%Y"]}, "formats is for times; it is of kind text and would not use formats"),
        ("read_at", {"from": "time", "error_codes": [0]}, "error_codes are numbers; it is of kind instant without epoch"),
        ("read_at", {"from": "time", "epoch": "s", "formats": ["%Y"]}, "epoch says the time is a number"),
        ("is_signed", {"from": "s", "zero_is_missing": True}, "of kind flag and would not use zero_is_missing"),
        ("calibrated_on", {"from": "day", "zero_is_missing": True}, "of kind date without epoch"),
        ("calibrated_on", {"from": "day", "time_from": "clock"}, "would not use time_from"),
        ("temperature_degc", {"from": "t", "unit": "degC", "time_zone": "UTC"}, "time_zone is for times"),
        ("calibrated_on", {"constant": "1/11/2016"}, "is no time; expected one in quotation marks, such as '2016-11-01'"),
        ("point_id", {"constant": 5}, "constant 5 of a column of kind text: expected a text in quotation marks"),
        ("is_signed", {"constant": "yes"}, "constant 'yes' of a column of kind flag: expected true or false"),
        ("windows_closed_minutes", {"constant": True, "unit": "min"}, "expected a whole number"),
        ("calibrated_on", {"from": "day", "doubled_hour": "in_order"}, "doubled_hour settles an instant"),
    ],
)
def test_an_option_on_the_wrong_kind_of_column_is_an_error(column: str, mapping: dict, said: str) -> None:
    columns = contract().model_dump(by_alias=True, exclude_unset=True)["columns"]
    with pytest.raises(ValidationError, match=said):
        contract(columns={**columns, column: mapping})


def test_an_option_is_refused_beside_columns_too() -> None:
    with pytest.raises(ValidationError, match="arrival: error_codes are numbers"):
        contract(arrival={"from": "time", "error_codes": [0]})
    with pytest.raises(ValidationError, match="rows: the order of the rows is used by doubled_hour"):
        contract(
            columns={**contract().model_dump(by_alias=True, exclude_unset=True)["columns"], "read_at": "time"}, rows="newest_first"
        )


def test_the_arrival_has_no_order_of_its_own() -> None:
    with pytest.raises(ValidationError, match="every row carries itself"):
        contract(arrival={"from": "time", "doubled_hour": "in_order"})
