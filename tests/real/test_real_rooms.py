"""Rooms of twelve flats in New York: the figures counted independently of this project, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from tests.support.world import Warehouse

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def readings(data: Path) -> pd.DataFrame:
    """The file as pandas reads it: flat, local day, degC, whether warm enough."""
    frame = pd.read_csv(data / "rooms" / "heat_sensor_readings_2014_2015.csv")
    frame["at"] = pd.to_datetime(frame["date_of_sensor"], format="ISO8601", utc=True)
    frame["local"] = frame["at"].dt.tz_convert(NEW_YORK)
    frame["day"] = frame["local"].dt.date
    frame["ok"] = (frame["temp"] - 32) * 5 / 9 >= 18
    return frame


def test_percent_of_readings_is_the_counted_one(figures: dict[str, Any]) -> None:
    rooms = figures["rooms"]
    assert (rooms["readings"], rooms["readings_ok"]) == (3569, 3043)
    assert round(rooms["readings_percent"] / 100, 6) == 0.852620


def test_share_of_each_flat_is_the_counted_one(figures: dict[str, Any], readings: pd.DataFrame) -> None:
    shares = {flat["flat"]: flat["share"] for flat in figures["flats"]}
    assert {flat: round(shares[flat], 4) for flat in ("U02", "U07", "U04")} == {
        "U02": 0.0183,
        "U07": 0.2809,
        "U04": 1.0,
    }
    assert shares == pytest.approx(readings.groupby("user_id")["ok"].mean().to_dict(), abs=1e-12)


def test_the_cold_flat_stays_in_the_figures(figures: dict[str, Any], loaded: Warehouse) -> None:
    """U02 has 61 degF for ten days on a sensor of whole degrees: truly cold, not stuck."""
    flat = next(flat for flat in figures["flats"] if flat["flat"] == "U02")
    assert flat["readings_stuck"] == 0
    assert flat["judged_days"] >= 10
    assert flat["complying_days"] == 0
    days = loaded.rows(
        "select count(*), count(*) filter (where complies) from intermediate.int_household_day"
        " where household_id = 'U02' and point_kind = 'all'"
    )
    assert days == [(flat["judged_days"], 0)]


def test_household_days_of_the_season_follow_from_those_of_the_flats(figures: dict[str, Any]) -> None:
    rooms = figures["rooms"]
    assert rooms["judged_household_days"] == sum(flat["judged_days"] for flat in figures["flats"])
    assert rooms["complying_household_days"] == sum(flat["complying_days"] for flat in figures["flats"])
    assert rooms["percent"] == pytest.approx(100 * rooms["complying_household_days"] / rooms["judged_household_days"])


def test_household_days_are_those_whose_readings_stand_for_enough_of_them(loaded: Warehouse, readings: pd.DataFrame) -> None:
    """A flat-day is judged when its readings stand for 75 % of it, but for readings excluded on it or on the day before."""
    enough = set()
    for flat, group in readings.groupby("user_id"):
        series = group.sort_values("at")
        for day in series["day"].unique():
            held, length = _held(series, day, 3600)
            if sum(held) >= 0.75 * length:
                enough.add((flat, day))
    judged = loaded.rows("select household_id, heating_date from intermediate.int_household_day where point_kind = 'all'")
    assert set(judged) <= enough
    excluded = loaded.rows(
        "select household_id, heating_date + later from intermediate.int_point_day cross join (values (0), (1)) as v (later)"
        " where readings > readings_accepted"
    )
    assert enough - set(judged) <= set(excluded)


def test_the_value_of_a_day_is_weighted_by_time(loaded: Warehouse, readings: pd.DataFrame) -> None:
    """Redone from the file for every judged day on which nothing was excluded, today or yesterday."""
    clean = loaded.rows(
        "select p.household_id, p.heating_date, p.value_degc from intermediate.int_point_day p"
        " where p.is_judged and not exists (select from intermediate.int_point_day q where q.point_id = p.point_id"
        " and q.heating_date between p.heating_date - 1 and p.heating_date + 1 and q.readings > q.readings_accepted)"
    )
    assert len(clean) > 100
    by_flat = {flat: group.sort_values("at") for flat, group in readings.groupby("user_id")}
    for flat, day, value in clean:
        assert value == pytest.approx(_time_weighted(by_flat[flat], day), abs=0.002), (flat, day)


def _time_weighted(series: pd.DataFrame, day: Any) -> float:
    """Each reading holds until the next one, at most two hours, within the local day; in whole seconds."""
    held, _ = _held(series, day, 7200)
    values = ((series["temp"] - 32) * 5 / 9).tolist()
    return sum(v * s for v, s in zip(values, held, strict=True)) / sum(held)


def _held(series: pd.DataFrame, day: Any, at_most: int) -> tuple[list[int], int]:
    """Seconds of the local day that each reading holds until the next one, at most so many; and how many the day has."""
    start = pd.Timestamp(day, tz=NEW_YORK)
    seconds = series["at"].map(pd.Timestamp.timestamp).astype("int64").tolist()
    first, beyond = int(start.timestamp()), int((start + pd.DateOffset(days=1)).timestamp())
    ends = [min(after, at + at_most) for at, after in zip(seconds, [*seconds[1:], 2**62], strict=True)]
    return [max(0, min(end, beyond) - max(at, first)) for at, end in zip(seconds, ends, strict=True)], beyond - first


def test_the_own_rule_of_the_place(figures: dict[str, Any], readings: pd.DataFrame, data: Path) -> None:
    """68 degF from 6 to 22 h when it is below 55 degF outdoors, 55 degF at night when it is below 40."""
    outdoor = pd.read_csv(data / "rooms" / "outdoor_daily_mean_2010_2015.csv", header=None, names=["day", "mean"])
    outdoor["day"] = pd.to_datetime(outdoor["day"], format="%m/%d/%y").dt.date
    mean = readings["day"].map(outdoor[outdoor["mean"] > -49].set_index("day")["mean"])
    by_day = readings["local"].dt.hour.between(6, 21)
    below = mean.lt(55).where(by_day, mean.lt(40))
    warm = readings["temp"].ge(68).where(by_day, readings["temp"].ge(55))
    for rule in figures["own_rule"]:
        of = {"day": by_day, "night": ~by_day, "all": by_day | True}[rule["period"]]
        expected = (int((of & below).sum()), int((of & below & warm).sum()), int((of & mean.isna()).sum()))
        assert (rule["readings"], rule["readings_ok"], rule["outdoors_unknown"]) == expected, rule["period"]
    assert {rule["period"] for rule in figures["own_rule"]} == {"day", "night", "all"}


def test_85_degf_is_a_warm_room_here(figures: dict[str, Any]) -> None:
    assert figures["dirt"]["readings_at_85_degf"] == 7
