"""Lines of one measure each become rows with a column for each measure; nothing that stands in a line is lost unseen."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.measures import by_key
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, Records
from hearth.cleaning.rows import Rows, clean, masked_records
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import names
from hearth.validation.batch import BatchValidation

SUPPLY = {"from": ["supply", "SUP"], "unit": "degC"}
MEASURES = {"name": "name", "value": "value", "columns": ["supply", "return"], "ignore": ["status"]}
NOBODY = Pseudonyms("0123456789abcdef")
HEAD = "meter;time;name;value\n"
AT = "2016-01-12 08:00:00"


def contract(columns: dict[str, Any] | None = None, limits: dict[str, int] | None = None, **more: Any) -> Contract:
    mapped = {
        "system_id": "meter", "read_at": "time", "secondary_supply_degc": SUPPLY,
        "secondary_return_degc": {"from": "return", "unit": "0.1 degC"}, **(columns or {}),
    }  # fmt: skip
    return Contract.model_validate({
        "feed": "meters", "title": "Meters", "entity": "station_reading", "owner": {"team": "t"}, "arrival": "file",
        "source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}, "schedule": {"season": "0 0 * * *"},
        "format": {"kind": "csv", "delimiter": ";", "limits": limits or {}}, "time_zone": "Asia/Shanghai",
        "measures": MEASURES, "columns": mapped, **more,
    })  # fmt: skip


def records(told: Contract, lines: str, at_once: int | None = None) -> list[Records]:
    file = LandedFile(1, "f", "", datetime(2016, 1, 13, tzinfo=UTC), "csv")
    (read,) = read_records(told, file, io.BytesIO((HEAD + lines).encode()))
    starts = range(0, len(read), at_once or len(read))
    return list(by_key(told, [read.take(np.arange(at, min(at + (at_once or len(read)), len(read)))) for at in starts]))


def judged(told: Contract, lines: str) -> tuple[Rows, list[list[str]]]:
    (read,) = records(told, lines)
    rows = clean(told, read, NOBODY)
    return rows, [names(int(bits)) for bits in BatchValidation(told).validate(rows)]


def values(rows: Rows, column: str) -> list[Any]:
    return [None if pd.isna(value) else value for value in rows.frame[column]]


def test_the_lines_of_a_key_are_one_row_at_the_first_of_them() -> None:
    lines = f"A;{AT};supply;45\nB;{AT};return;400\nA;{AT};return;390\nB;{AT};SUP;44\nB;{AT};status;ok\nA;{AT};supply;45\n"
    rows, reasons = judged(contract(), lines)
    assert reasons == [[], []], "the same value again says nothing new"
    assert (values(rows, "system_id"), rows.frame["position"].tolist()) == (["A", "B"], [1, 2])
    assert values(rows, "secondary_supply_degc") == [45, 44] and values(rows, "secondary_return_degc") == [39, 40]


def test_what_fits_in_no_row_waits_as_a_row_at_its_own_line() -> None:
    lines = f"A;{AT};supply;45\nA;{AT};odd;1\nA;{AT};return;400\nA;{AT};supply;46\nbroken\n"
    rows, reasons = judged(contract(), lines)
    assert reasons == [[], ["unknown_code"], ["conflicting_duplicate"], ["unreadable_record"]]
    assert rows.frame["position"].tolist() == [1, 2, 4, 5]
    assert rows.frame["left_out"][0] == "secondary_supply_degc:conflicting_duplicate", "nothing says which one is right"
    assert values(rows, "secondary_supply_degc")[0] is None and values(rows, "secondary_return_degc")[0] == 40
    told = masked_records(contract(), rows, np.array([1, 2]), NOBODY)
    assert '"name": "odd", "value": "1"' in told[0] and '"name": "supply", "value": "46"' in told[1]


def test_a_value_that_cannot_be_read_is_left_out_alone_and_an_empty_one_is_none() -> None:
    rows, reasons = judged(contract(), f"A;{AT};supply;x\nA;{AT};return;\nA;{AT};return;400\n")
    assert reasons == [[]] and rows.frame["left_out"][0] == "secondary_supply_degc:unreadable_value"
    assert values(rows, "secondary_return_degc") == [40]


def test_a_row_arrives_with_the_last_of_its_lines() -> None:
    told = contract(arrival="came", format={"kind": "csv", "delimiter": ";"})
    text = f"meter;time;name;value;came\nA;{AT};supply;45;2016-01-12 08:00:03\nA;{AT};return;400;2016-01-12 08:00:01\n"
    (read,) = by_key(told, read_records(told, LandedFile(1, "f", "", None, "csv"), io.BytesIO(text.encode())))
    assert [at.isoformat() for at in clean(told, read, NOBODY).frame["arrived_at"]] == ["2016-01-12T00:00:03+00:00"]


@pytest.mark.parametrize("seed", range(3))
def test_held_lines_make_the_same_rows_as_all_at_once(seed: int) -> None:
    drawn = random.Random(seed)
    blocks = [[f"M{n};{AT};{name};{n % 40 + 1}\n" for name in ("supply", "return", "odd", "supply")] for n in range(60)]
    near = [[line for block in blocks[at : at + 5] for line in block] for at in range(0, 60, 5)]
    text = "".join(line for lines in near for line in drawn.sample(lines, len(lines)))
    whole = pd.concat([part.frame.assign(at=part.position) for part in records(contract(), text)])
    parts = records(contract(limits={"lines_apart": 25}), text, at_once=7)
    assert len(parts) > 3
    pieces = pd.concat([part.frame.assign(at=part.position) for part in parts])
    in_order = ["at", "meter", "supply", "return", "name", "value"]
    same = [frame.sort_values("at")[in_order].astype(object).fillna("-").to_numpy().tolist() for frame in (whole, pieces)]
    assert same[0] == same[1] and len(whole) == 120


def test_lines_of_a_row_that_lie_too_far_apart_refuse_the_file() -> None:
    text = "".join(f"M{n};{AT};supply;45\n" for n in range(50)) + f"M0;{AT};return;400\n"
    assert sum(map(len, records(contract(limits={"lines_apart": 60}), text, 5))) == 50
    with pytest.raises(UnreadableFile, match=r"format\.limits\.lines_apart is 10"):
        records(contract(limits={"lines_apart": 10}), text, 5)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"measures": {**MEASURES, "columns": ["supply", "return", "energy"]}}, "no column comes from energy"),
        ({"measures": {**MEASURES, "ignore": ["supply"]}}, "stand"),
        ({"columns": {"system_id": "supply", "secondary_supply_degc": {"from": "x", "unit": "degC"}}}, "is of the key"),
        ({"columns": {"heat_kw": {"from": "value", "unit": "kW"}}}, "says another thing in each line"),
        ({"version": "supply"}, "read as a column of the file too"),
        ({"columns": {"read_at": {"from": "time", "doubled_hour": "in_order"}}}, "lines of one row have any order"),
    ],
)
def test_half_said_measures_are_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        contract(**more)
