"""Values as they come become typed columns; bad ones become reasons and never an exception."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.cleaning.cells import SheetNumber
from hearth.cleaning.columns import convert
from hearth.cleaning.times import clock_text
from hearth.cleaning.workbook import DAY_ZERO
from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Column
from hearth.contracts.mapping import Mapping
from hearth.contracts.reasons import names

TEMPERATURE = ENTITIES["room_reading"].columns_by_name["temperature_degc"]


def day(number: float, year: int = 1900) -> SheetNumber:
    """A number of a workbook in one of the two systems of days."""
    return SheetNumber.of(number, DAY_ZERO[year])


def number(values: list, unit: str = "degC", **options: object) -> tuple[list, list]:
    return run(TEMPERATURE, values, unit=unit, **options)


def run(column: Column, cells: list, zone: str = "Asia/Shanghai", **options: object) -> tuple[list, list]:
    mapping = Mapping.model_validate({"from": "x", **options})
    made, bits = convert(column, mapping, pd.Series(cells, dtype=object), zone)
    return [None if pd.isna(v) else v for v in made], [names(int(b)) for b in bits]


@pytest.mark.fault("F25")
def test_numbers_as_people_write_them() -> None:
    made, reasons = number(["19.4", " 19.4 ", "１９.５", 20, 20.5, "1e1", "-0"])
    assert made == [19.4, 19.4, 19.5, 20.0, 20.5, 10.0, 0.0]
    assert reasons == [[]] * 7


@pytest.mark.parametrize("value", ["--", "暂无", "18.x", "NaN", "Infinity", float("inf"), "1e400", True, "19,4", "=1+1", "1_0"])
@pytest.mark.fault("F25", "F27")
def test_unreadable_numbers(value: object) -> None:
    made, reasons = number([value])
    assert made == [None] and reasons == [["unreadable_value"]]


def test_missing_error_code_and_zero_in_the_unit_as_sent() -> None:
    made, reasons = number(["", None, "85", 0, 68], unit="degF", error_codes=[-1010], zero_is_missing=True)
    assert reasons == [["missing_value"], ["missing_value"], [], ["missing_value"], []]
    assert made[2] == pytest.approx(29.4444444) and made[4] == pytest.approx(20.0)
    _, coded = number(["85.0", -1010], error_codes=[85.0, -1010])
    assert coded == [["error_code"], ["error_code"]]


@pytest.mark.fault("F24")
def test_times_with_and_without_offset_formats_and_numbers() -> None:
    column = Column("read_at", "instant", required=True)
    made, reasons = run(column, ["2016-01-12 03:00:05", "2016-01-12T03:00:05+00:00", "2016-02-30 01:00:00", "soon", day(42380.5)])
    assert made[0] == pd.Timestamp(2016, 1, 11, 19, 0, 5, tz=UTC) and made[1] == pd.Timestamp(2016, 1, 12, 3, 0, 5, tz=UTC)
    assert reasons == [[], [], ["unreadable_time"], ["unreadable_time"], []]
    assert made[4] == pd.Timestamp(2016, 1, 11, 4, 0, tz=UTC), "Excel's number for noon of 11 January, local"
    epoch, _ = run(column, [1452567600000, "1452567600000"], epoch="ms")
    assert epoch == [pd.Timestamp(2016, 1, 12, 3, tz=UTC)] * 2


@pytest.mark.fault("F24")
def test_an_hour_that_does_not_exist_is_no_time_and_a_doubled_one_is_its_first() -> None:
    column = Column("read_at", "instant")
    made, reasons = run(column, ["2016-03-13 02:30:00", "2016-11-06 01:30:00"], zone="America/New_York")
    assert reasons[0] == ["unreadable_time"]
    assert made[1] == pd.Timestamp(2016, 11, 6, 5, 30, tz=UTC)


def test_dates_choices_and_flags() -> None:
    made, _ = run(Column("d", "date"), ["2016-01-12", day(42381), "2016/1/12"], formats=["%Y-%m-%d", "%Y/%m/%d"])
    assert made == [date(2016, 1, 12)] * 3
    kind = ENTITIES["service_ticket"].columns_by_name["kind"]
    made, reasons = run(kind, ["投诉", "表扬", ""], values={"投诉": "complaint"})
    assert made == ["complaint", None, None] and reasons == [[], ["unknown_code"], ["missing_value"]]
    made, reasons = run(Column("f", "flag"), ["是", "否", 1, "maybe", None])
    assert made == [True, False, True, None, None] and reasons[3] == ["unreadable_value"]


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes(), st.binary(max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.lists(JUNK, min_size=1, max_size=8), st.sampled_from([c for e in ENTITIES.values() for c in e.columns]))
@pytest.mark.fault("F25")
def test_no_content_raises_and_every_row_is_a_value_or_has_a_reason(values: list, column: Column) -> None:
    """Whatever comes: as many rows out as in; a required value is there or a reason says why not; numbers are finite."""
    unit = {"unit": column.unit} if column.unit else {}
    mapping = Mapping.model_validate({"from": "x", **unit})
    made, bits = convert(column, mapping, pd.Series(values, dtype=object), "America/New_York")
    assert len(made) == len(bits) == len(values)
    if column.required:
        assert not (made.isna().to_numpy(bool) & (bits == 0)).any()
    if column.kind == "number":
        assert np.isfinite(made.to_numpy(np.float64, na_value=0.0)).all()


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Warsaw"]),
)
@pytest.mark.fault("F24")
def test_local_text_to_utc_and_back_is_the_same_wall_clock(moment: datetime, zone: str) -> None:
    """Every existing local time survives the way to UTC and back; a skipped one is refused, never shifted."""
    from zoneinfo import ZoneInfo

    moment = moment.replace(microsecond=0)
    made, reasons = run(Column("read_at", "instant"), [moment.isoformat(" ")], zone=zone)
    if reasons[0]:
        assert moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != moment
    else:
        assert made[0].tz_convert(zone).tz_localize(None) == moment


DAY, TIME = Column("d", "date"), Column("read_at", "instant")
YEAR = ENTITIES["pipe_segment"].columns_by_name["year_laid"]


@pytest.mark.parametrize(
    ("cell", "options", "year"),
    [
        (1998, {}, 1998),
        ("1998", {}, 1998),
        (1998.0, {"formats": ["%Y/%m/%d"]}, 1998),
        (day(1998), {}, 1998),
        (day(28_000), {}, 1976),
        (28_000, {}, None),
        ("1998-12-31T16:00:00Z", {}, 1999),
    ],
)
def test_a_year_is_a_year_and_a_day_only_in_a_workbook(cell: object, options: dict, year: int | None) -> None:
    made, reasons = run(YEAR, [cell], date_part="year", **options)
    assert made == [year] and reasons == [[] if year else ["unreadable_value"]]


@pytest.mark.parametrize(
    ("cell", "formats", "made"),
    [
        (150101, ["%y%m%d"], date(2015, 1, 1)),
        (day(150101), ["%y%m%d"], date(2015, 1, 1)),
        (20141101, ["%Y%m%d"], date(2014, 11, 1)),
        (day(20141101), ["%Y%m%d"], date(2014, 11, 1)),
        (20141101, [], date(2014, 11, 1)),
        (day(42380), ["%Y%m%d"], date(2016, 1, 11)),
        (day(40918, 1904), [], date(2016, 1, 11)),
        (day(59), [], date(1900, 2, 28)),
        (42380, [], None),
        (42380, ["%Y-%m-%d"], None),
        ("201511", ["%Y%m%d"], None),
        (201511, ["%Y%m%d"], None),
        ("2015111", ["%Y%m%d"], None),
        ("1/5/2016", ["%d/%m/%Y"], date(2016, 5, 1)),
        ("2016-1-5 3", ["%Y-%m-%d %H"], date(2016, 1, 5)),
        ("2014-10-31T16:00:00Z", [], date(2014, 11, 1)),
        ("2014-10-31T15:59:59Z", [], date(2014, 10, 31)),
        ("2014-10-31 16:00:00 +0000", ["%Y-%m-%d %H:%M:%S %z"], date(2014, 11, 1)),
    ],
)
def test_a_day_is_read_by_its_format_and_a_number_is_one_only_in_a_workbook(cell: object, formats: list, made: date | None) -> None:
    values, reasons = run(DAY, [cell, None], formats=formats)
    assert values == [made, None] and reasons == [[] if made else ["unreadable_time"], []]


@pytest.mark.parametrize(
    ("text", "form", "made"),
    [
        ("20151101083000123", "%Y%m%d%H%M%S%f", datetime(2015, 11, 1, 8, 30, 0, 123_000)),
        ("2015110183000", "%Y%m%d%H%M%S", None),
        ("20151101 8:30", "%Y%m%d %H:%M", datetime(2015, 11, 1, 8, 30)),
        ("11/02/2014 1:05 am", "%m/%d/%Y %I:%M %p", datetime(2014, 11, 2, 1, 5)),
        ("2014-11-02 24:00", "%Y-%m-%d %H:%M", datetime(2014, 11, 3)),
    ],
)
def test_times_side_by_side_need_all_their_digits(text: str, form: str, made: datetime | None) -> None:
    values, _ = run(TIME, [text], zone="UTC", formats=[form])
    assert values == [made and pd.Timestamp(made, tz="UTC")]


def test_a_clock_time_of_a_workbook_is_not_a_millisecond_off() -> None:
    values, reasons = run(TIME, [day(42380 + 8.5 / 24), day(42380.999999999), day(0.3), day(3e6)], zone="UTC")
    assert values == [pd.Timestamp(2016, 1, 11, 8, 30, tz=UTC), pd.Timestamp(2016, 1, 12, tz=UTC), None, None]
    assert reasons == [[], [], ["unreadable_time"], ["unreadable_time"]]


def test_an_epoch_is_one_on_a_date_column_too() -> None:
    made, reasons = run(DAY, ["1420070400000", 1420070400000, -1, 0, "soon"], epoch="ms", error_codes=[-1], empty=["0"])
    assert made == [date(2015, 1, 1), date(2015, 1, 1), None, None, None]
    assert reasons == [[], [], ["error_code"], [], ["unreadable_time"]]


def test_codes_of_whole_numbers_and_zeros_that_stand_for_nothing() -> None:
    households = ENTITIES["new_community"].columns_by_name["households"]
    made, reasons = run(households, [65535, "65535.0", 0, 120], error_codes=[65535], zero_is_missing=True)
    assert made == [None, None, None, 120] and reasons == [["error_code"], ["error_code"], ["missing_value"], []]
    made, reasons = run(households, [0, "0", 0.0, "0.00", day(0), 7], empty=["0"])
    assert made == [None] * 5 + [7] and reasons == [[]] * 6


def test_what_a_spreadsheet_ruined_is_no_identifier() -> None:
    column = ENTITIES["service_ticket"].columns_by_name["ticket_no"]
    ruined = ["1.20162E+13", "1E+13", "1.2e+5", day(20162012345678901234.0), 1e15, "合计"]
    made, reasons = run(column, ruined)
    assert made == [None] * 6 and reasons == [["unreadable_value"]] * 6
    kept = ["2E5", "1.2E5", "20162012345678901234", 20162012345678901234, day(201620123456789), 7.5, "E+13"]
    made, reasons = run(column, kept)
    assert made == ["2E5", "1.2E5", "20162012345678901234", "20162012345678901234", "201620123456789", "7.5", "E+13"]
    assert reasons == [[]] * 7
    note, _ = run(Column("content", "text"), ["1.20162E+13"])
    assert note == ["1.20162E+13"], "a note is what it is"


def test_a_constant_is_read_as_a_value_that_was_sent() -> None:
    for column, constant, unit, made in ((TEMPERATURE, 68, "degF", 20.0), (DAY, "2016-11-01", None, date(2016, 11, 1))):
        mapping = Mapping.model_validate({"constant": constant, **({"unit": unit} if unit else {})})
        values, bits = convert(column, mapping, pd.Series(["x"] * 3), "Asia/Shanghai")
        assert values.tolist() == pytest.approx([made] * 3) if unit else values.tolist() == [made] * 3
        assert not bits.any()


@pytest.mark.parametrize("clock", ["8:30", "08:30", "８：３０", "8:30:00", time(8, 30)])
def test_a_time_of_day_beside_its_date_is_read_as_people_write_it(clock: object) -> None:
    assert clock_text(clock).startswith("08:30")
    assert clock_text("18:30") == "18:30"
