"""The same rows from files that spell them otherwise: other names, the file's name, parts of texts, numbers as people write."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from hearth.cleaning.columns import convert
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import Rows, clean, masked_records
from hearth.contracts.contract import Contract
from hearth.contracts.entity import Column
from hearth.contracts.mapping import CELL, COLUMN, FILE_NAME, Mapping
from hearth.contracts.reasons import names

SOURCE = {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}
NUMBER = {"from": "t", "unit": "degC"}


def contract(format_kind: str = "csv", spread: dict[str, Any] | None = None, **columns: Any) -> Contract:
    mapped = {"point_id": "id", "read_at": "at", "temperature_degc": NUMBER, **columns}
    return Contract.model_validate({
        "feed": "rooms", "title": "Rooms", "entity": "room_reading", "owner": {"team": "t"}, "arrival": "file", "source": SOURCE,
        "schedule": {"season": "0 0 * * *"}, "format": {"kind": format_kind}, "time_zone": "Asia/Shanghai", "columns": mapped,
        "spread": spread, "ignore": ["u"] if spread else [],
    })  # fmt: skip


NOBODY = Pseudonyms("0123456789abcdef")


def chunks(told: Contract, text: str, name: str = "rooms.csv", kind: str = "csv") -> Iterator[Rows]:
    file = LandedFile(1, name, "", datetime(2030, 1, 1, tzinfo=UTC), kind)
    return (clean(told, records, NOBODY) for records in read_records(told, file, io.BytesIO(text.encode())))


def read(told: Contract, text: str, name: str = "rooms.csv", kind: str = "csv") -> list[tuple[Any, ...]]:
    """(point, temperature, reasons) of each row."""
    found = []
    for rows in chunks(told, text, name, kind):
        cells = zip(rows.frame["point_id"], rows.frame["temperature_degc"], rows.bits.tolist(), strict=True)
        found += [(None if pd.isna(p) else p, None if pd.isna(t) else t, tuple(names(bits))) for p, t, bits in cells]
    return found


def one(told: Contract, cell: str, column: str = "t") -> tuple[Any, ...]:
    """What becomes of a cell of one column in a file of tabs."""
    cells = {"id": "R1", "at": "2016-01-12 08:00:00", "t": "20.5", column: cell}
    tabbed = Contract.model_validate({**told.model_dump(by_alias=True, mode="json"), "format": {"kind": "csv", "delimiter": "\t"}})
    (row,) = read(tabbed, "\t".join(cells) + "\n" + "\t".join(cells.values()) + "\n")
    return row


def test_a_column_is_known_under_each_name_it_has_had() -> None:
    told = contract(point_id={"from": ["测点编号", "id", "point"]})
    for name in ("测点编号", "id", "point"):
        assert read(told, f"{name},at,t\nR1,2016-01-12 08:00:00,20.5\n") == [("R1", 20.5, ())]
    with pytest.raises(UnreadableFile, match=r"expected column.* '测点编号'"):
        read(told, "sensor,at,t\nR1,2016-01-12 08:00:00,20.5\n")
    both = read(told, "id,测点编号,at,t\nOLD,R1,2016-01-12 08:00:00,20.5\nR2,,2016-01-12 08:00:00,20.5\n")
    assert [point for point, _, _ in both] == ["R1", "R2"], "the newest name that has a value"
    dashes = contract(point_id={"from": ["测点编号", "id"], "empty": ["-"]})
    assert read(dashes, "id,测点编号,at,t\nR2,-,2016-01-12 08:00:00,20.5\n") == [("R2", 20.5, ())], (
        "by the column's own word for nothing"
    )


def test_records_of_one_file_may_use_the_old_and_the_new_name() -> None:
    told = contract("ndjson", point_id={"from": ["id", "point"]})
    lines = [{"id": "R1", "at": "2016-01-12 08:00:00", "t": 20.5}, {"point": "R2", "at": "2016-01-12 08:00:00", "t": 21}]
    assert read(told, "\n".join(map(json.dumps, lines)), kind="ndjson") == [("R1", 20.5, ()), ("R2", 21.0, ())]
    torn = [*map(json.dumps, lines), '{"id": "R3", "at']
    assert [p for p, _, _ in read(told, "\n".join(torn), kind="ndjson")] == ["R1", "R2", None], "and line by line"


def test_names_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValidationError, match="'t': another name of one column cannot be a column of its own"):
        contract(point_id={"from": ["id", "t"]})
    with pytest.raises(ValidationError, match="a name stands there twice"):
        contract(point_id={"from": ["id", "id"]})
    with pytest.raises(ValidationError, match="expected a name, or a list"):
        contract(point_id={"from": []})


def test_a_value_stands_in_the_name_of_the_file() -> None:
    told = contract(point_id={"from": "<file>", "pattern": r"^room-(\w+)_\d{8}\.csv$"})
    text = "at,t\n2016-01-12 08:00:00,20.5\n"
    assert read(told, text, "room-A0042_20160112.csv") == [("A0042", 20.5, ())]
    assert read(told, text, "hall.csv") == [(None, 20.5, ("unreadable_value",))]
    with pytest.raises(ValidationError, match="is the name of a file, or of the page a device was asked for"):
        Contract.model_validate({
            **told.model_dump(by_alias=True, mode="json"), "format": {"kind": "ndjson"}, "arrival": "at",
            "source": {"kind": "sql", "connection": "c", "query": "select 1 where at >= :interval_start and at < :interval_end"},
        })  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "made"),
    [("1号楼-0402", "0402"), ("0402", "0402"), ("", None), ("x", None)],
)
def test_a_part_of_a_text_is_meant(cell: str, made: str | None) -> None:
    point, _, reasons = one(contract(point_id={"from": "id", "pattern": r"(\d{4})$"}), cell, "id")
    assert point == made and ("unreadable_value" in reasons) == (cell == "x")


def test_times_and_numbers_may_have_a_pattern_too() -> None:
    told = contract(
        read_at={"from": "at", "pattern": r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"},
        temperature_degc={**NUMBER, "pattern": r"=\s*([\d.]+)"},
    )
    assert one(told, "2016-01-12 08:00:00.1234567", "at")[2] == ("unreadable_value",), "the temperature has no sign of equality"
    assert one(told, "T = 20.5 C")[1:] == (20.5, ())


@pytest.mark.parametrize("pattern", ["id", "(a)(b)", "(", r"(?=x)(y)"])
def test_a_pattern_has_one_group_and_no_way_back(pattern: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        contract(point_id={"from": "id", "pattern": pattern})


@pytest.mark.parametrize(
    ("options", "cell", "made"),
    [
        ({"decimal": ","}, "20,5", 20.5),
        ({"decimal": ","}, "20", 20.0),
        ({"decimal": ","}, "-0,5", -0.5),
        ({"decimal": ","}, "20.5", None),
        ({"decimal": ","}, "1,234,5", None),
        ({"decimal": ",", "thousands": "."}, "1.020,5", 1020.5),
        ({"decimal": ",", "thousands": "."}, "20,5", 20.5),
        ({"decimal": ",", "thousands": "."}, "20.5", None),
        ({"thousands": ","}, "1,020.5", 1020.5),
        ({"thousands": ","}, "20,5", None),
        ({"thousands": " "}, "1\u00a0020.5", 1020.5),
        ({"written_with": ["℃", "°C", "约"]}, "20.5 ℃", 20.5),
        ({"written_with": ["℃", "°C", "约"]}, "约20.5°C", 20.5),
        ({"written_with": ["℃"]}, "20.5 F", None),
        ({"written_with": ["%"], "decimal": ","}, "20,5 %", 20.5),
    ],
)
def test_numbers_as_people_write_them(options: dict[str, Any], cell: str, made: float | None) -> None:
    _, value, reasons = one(contract(temperature_degc={**NUMBER, **options}), cell)
    assert value == made and (reasons == ()) == (made is not None), reasons


def test_numbers_that_come_as_numbers_stay_so() -> None:
    told = contract("ndjson", temperature_degc={**NUMBER, "decimal": ",", "written_with": ["℃"]})
    cells = [20.5, "20,5", "20,5 ℃", 21]
    lines = [json.dumps({"id": f"R{n}", "at": "2016-01-12 08:00:00", "t": cell}) for n, cell in enumerate(cells)]
    assert [t for _, t, _ in read(told, "\n".join(lines), kind="ndjson")] == [20.5, 20.5, 20.5, 21.0]


def test_codes_that_are_not_named_may_stay_as_they_are() -> None:
    told = contract(point_id={"from": "id", "values": {"A": "R1", "*": "*"}})
    assert [one(told, cell, "id")[0] for cell in ("A", "R7", "")] == ["R1", "R7", None]


def test_options_that_a_column_would_not_use_are_refused() -> None:
    with pytest.raises(ValidationError, match="decimal says how numbers are written"):
        contract(point_id={"from": "id", "decimal": ","})
    with pytest.raises(ValidationError, match="cannot stand before the decimals and between thousands"):
        contract(temperature_degc={**NUMBER, "decimal": ",", "thousands": ","})


def test_a_contract_that_says_nothing_new_means_what_it_meant() -> None:
    assert not any(
        word in contract().content_text for word in ("or_from", 'pattern": null', "decimal", "thousands", "written_with")
    )
    assert contract(temperature_degc={**NUMBER, "decimal": ","}).content_hash != contract().content_hash


@pytest.mark.parametrize(
    ("cell", "formats", "made"),
    [
        ("2016-01-12 24:00", [], "2016-01-12T16:00:00+00:00"),
        ("2016-01-12T24:00:00", [], "2016-01-12T16:00:00+00:00"),
        ("31/12/2015 24:00", ["%d/%m/%Y %H:%M"], "2015-12-31T16:00:00+00:00"),
        ("2016-01-12 24:00:00Z", [], "2016-01-13T00:00:00+00:00"),
        ("2016-01-12 24:30", [], None),
        ("2016-01-12 8:24:00", ["%Y-%m-%d %H:%M:%S"], "2016-01-12T00:24:00+00:00"),
        ("2016-01-12 14:24:00", ["%Y-%m-%d %H:%M:%S"], "2016-01-12T06:24:00+00:00"),
        ("12/1/16 0:24:00", ["%d/%m/%y %H:%M:%S"], "2016-01-11T16:24:00+00:00"),
        ("2016-01-12 14.24:00", ["%Y-%m-%d %H.%M:%S"], "2016-01-12T06:24:00+00:00"),
        ("24:00 12/01/2016", ["%H:%M %d/%m/%Y"], "2016-01-12T16:00:00+00:00"),
        ("2016-02-30 24:00", [], None),
        ("2016-01-12 08:00:00.1234567", [], "2016-01-12T00:00:00.123456+00:00"),
        ("2016-01-12T08:00:00.1234567+08:00", [], "2016-01-12T00:00:00.123456+00:00"),
    ],
)
def test_times_as_clocks_and_databases_write_them(cell: str, formats: list[str], made: str | None) -> None:
    mapping = Mapping.model_validate({"from": "at", "formats": formats})
    values, bits = convert(Column("read_at", "instant"), mapping, pd.Series([cell]), "Asia/Shanghai")
    assert (None if values.isna()[0] else values[0].isoformat()) == made and bool(bits[0]) == (made is None)


WIDE = {
    "point_id": {"from": "<column>", "pattern": r"^T-(\w+)$"},
    "temperature_degc": {"from": "<cell>", "unit": "degC", "decimal": ","},
}


def wide(format_kind: str = "csv", **more: Any) -> Contract:
    told = contract(format_kind).model_dump(by_alias=True, mode="json")
    columns = {**told["columns"], **WIDE, **more.pop("columns", {})}
    form = {"kind": "csv", "delimiter": ";"} if format_kind == "csv" else {"kind": format_kind}
    return Contract.model_validate(
        {**told, "format": form, "spread": {"columns": ["T-A", "T-B", "T-C"]}, "columns": columns, **more}
    )


def test_a_row_of_several_points_is_a_reading_of_each_that_has_one() -> None:
    told = wide(columns={"read_at": {"from": "at", "formats": ["%d/%m/%Y %H:%M"]}})
    text = "at;T-B;T-A;other;T-C\n1/2/2016 8:00;21,5;20,5;x;\n1/2/2016 9:00;;;x;\n1/2/2016 10:00;-;20,6;x;99,9\n"
    assert read(told, text) == [
        ("A", 20.5, ()), ("B", 21.5, ()), ("A", None, ("missing_value",)), ("A", 20.6, ()), ("B", None, ("unreadable_value",)),
        ("C", 99.9, ()),
    ]  # fmt: skip
    (rows,) = chunks(told, text)
    assert list(zip(rows.frame["position"], rows.frame["sub_position"], strict=True)) == [
        (1, 0),
        (1, 1),
        (2, 0),
        (3, 0),
        (3, 1),
        (3, 2),
    ]
    assert rows.frame["read_at"].iloc[-1].isoformat() == "2016-02-01T02:00:00+00:00"
    (record,) = masked_records(told, rows, np.array([4]), NOBODY)
    assert json.loads(record) == {"at": "1/2/2016 10:00", "T-A": "20,6", "T-B": "-", "T-C": "99,9"}, "the row as it came"


def test_columns_of_numbers_and_texts_are_spread_as_well() -> None:
    lines = [
        {"at": "2016-01-12 08:00:00", "T-A": 20.5, "T-B": "21,5", "T-C": None},
        {"at": "2016-01-12 09:00:00", "T-A": None, "T-B": None, "T-C": 19},
    ]
    assert read(wide("ndjson"), "\n".join(map(json.dumps, lines)), kind="ndjson") == [
        ("A", 20.5, ()),
        ("B", 21.5, ()),
        ("C", 19.0, ()),
    ]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"spread": None}, "say in `spread` which columns are meant"),
        ({"columns": {"point_id": "id"}}, "no column comes from <column>"),
        ({"columns": {"temperature_degc": NUMBER}}, "no column comes from <cell>"),
        ({"columns": {"battery_v": {"from": "<cell>", "unit": "V"}}}, "<cell> is the value of one column"),
        ({"columns": {"battery_v": {"from": "T-A", "unit": "V"}}}, "T-A are columns of their own as well"),
        ({"spread": {"columns": ["T-A", "T-A"]}}, "stand"),
    ],
)
def test_a_half_said_spread_is_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        wide(**more)


def test_points_that_name_themselves_by_their_column() -> None:
    ids = {
        "household_id": {"from": "<column>", "values": {"T-A": "H1", "*": "H2"}},
        "building_id": "=B",
        "station_id": "=S",
        "branch_id": "=Z",
    }
    told = wide(points={"valid_from": "2015-05-01", "point_kind": "remote", "room_type": "bedroom", **ids})
    text = "at;T-A;T-B;T-C\n2016-01-12 08:00:00;20,5;;21\n"
    (rows,) = chunks(told, text)
    assert rows.named is not None and rows.named.to_numpy().tolist() == [["H1", "B", "S", "Z"], ["H2", "B", "S", "Z"]]


def test_each_value_has_the_unit_that_a_second_column_tells() -> None:
    by_name = {"from": "t", "unit_from": "u", "units": {"℃": "degC", "℉": "degF"}}
    told = contract(temperature_degc=by_name)
    text = "id,at,t,u\nR1,2016-01-12,20.5,℃\nR2,2016-01-12,68, ℉\nR3,2016-01-12,20,K\nR4,2016-01-12,,K\n"
    assert read(told, text) == [("R1", 20.5, ()), ("R2", 20, ()), ("R3", None, ("unknown_code",)), ("R4", None, ("missing_value",))]
    assert read(contract(temperature_degc={**by_name, "error_codes": [68]}), text)[1] == ("R2", None, ("error_code",)), "as sent"


def test_a_point_has_a_unit_of_its_own() -> None:
    temperature = {"from": "t", "unit_from": "id", "units": {"*": "degC", "R2": "degF"}}
    assert read(contract(temperature_degc=temperature), "id,at,t\nR1,2016-01-12 08:00:00,20.5\nR2,2016-01-12 08:00:00,68\n") == [
        ("R1", 20.5, ()),
        ("R2", 20, ()),
    ]
    for unit_from, units, given, expected in (
        (COLUMN, temperature["units"], "", [("R1", 20, ()), ("R2", 20, ())]),
        ("u", {"F": "degF"}, "F", [("R1", pytest.approx(-20 / 3), ()), ("R2", 20, ())]),
    ):
        cell = {"from": CELL, "unit_from": unit_from, "units": units}
        wide = contract(spread={"columns": ["R1", "R2"]}, point_id=COLUMN, temperature_degc=cell)
        assert read(wide, f"at,u,R1,R2\n2016-01-12 08:00:00,{given},20,68\n") == expected
    by_file = contract(temperature_degc={**temperature, "unit_from": FILE_NAME, "units": {"old.csv": "degF", "*": "degC"}})
    assert read(by_file, "id,at,t\nR1,2016-01-12 08:00:00,68\n", "old.csv") == [("R1", 20, ())]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"unit": None}, "say the unit as sent"),
        ({"unit_from": "u"}, "give both or none"),
        ({"unit_from": "u", "units": {"F": "degF"}}, "remove one of them"),
        ({"unit": None, "unit_from": "u", "units": {"F": "kW"}}, "unit 'kW' cannot become degC"),
    ],
)
def test_units_half_said_are_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract(temperature_degc={**NUMBER, **said})
