"""The heating systems are believable, and what is planted in their readings is what is written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from city.build import build_city
from tests.support.cities import WEEKS
from tests.support.reading import City


def test_supply_follows_the_weather_and_the_return_the_supply(whole_city: City, rows: dict[str, pd.DataFrame]) -> None:
    sound = rows["station_readings"]
    sound = sound[(sound["reason"] == "") & (sound["bad"] == "") & ~sound["duplicate"]]
    weather = rows["weather"].query("reason == '' and not duplicate").groupby("read")["value"].last()
    hourly = sound.assign(outdoor=sound["read"].dt.floor("h").map(weather)).dropna(subset=["outdoor"])
    assert np.corrcoef(hourly["t2s"], hourly["outdoor"])[0, 1] < -0.8
    assert (hourly["t2s"] - hourly["t2r"]).median() > 8
    assert hourly["t1s"].max() <= 90


def test_the_last_two_weeks_are_dense(rows: dict[str, pd.DataFrame]) -> None:
    read = rows["station_readings"]["read"]
    per_day = read.dt.date.value_counts()
    systems = rows["station_readings"]["sysId"].nunique()
    assert per_day[pd.Timestamp("2016-12-24").date()] <= 25 * systems
    assert per_day[pd.Timestamp("2017-04-01").date()] > 200 * systems


def test_every_kind_of_fault_is_written_down(whole_city: City) -> None:
    faults = pd.read_csv(whole_city.folder / "truth" / "faults.csv")
    systems = faults[faults["subject_kind"] == "system"]
    assert set(systems["fault"]) == {"leak", "blocked", "stuck", "silent", "sentinel", "swapped"}
    assert (faults["first_at"] < faults["before_at"]).all()


def test_a_city_of_systems_is_the_same_again(brief_city: City, tmp_path: Path) -> None:
    build_city(tmp_path, seed=5, scale=0.01, window=WEEKS)
    for path in sorted((brief_city.folder / "http" / "stations").iterdir()):
        assert path.read_bytes() == (tmp_path / "http" / "stations" / path.name).read_bytes(), path.name
