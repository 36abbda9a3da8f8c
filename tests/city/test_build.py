"""A city is made of its seed, its scale and its window, and of nothing else."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from city.build import build_city
from city.calendar import SEASONS, SPAN, Window, day_number
from city.cases import Served
from city.network import build_network
from city.size import size_of
from city.streams import Streams
from tests.support.reading import City


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_and_another_seed_another_city(tmp_path: Path) -> None:
    window = Window(date(2016, 12, 20), date(2016, 12, 27))
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        build_city(tmp_path / name, seed=seed, scale=0.01, window=window)
    one, again, other = (_digests(tmp_path / n) for n in ("one", "again", "other"))
    assert one == again
    for changed in ("planted.json", "sql/register.household_log.csv", "http/remote/2016-12-22.ndjson.gz"):
        assert one[changed] != other[changed]


def test_scale_one_is_the_company_of_the_report() -> None:
    size = size_of(1.0)
    assert (size.residents, size.enterprises) == (270_000, 1_100)
    assert (size.branches, size.stations, size.systems, size.communities, size.buildings) == (10, 170, 268, 600, 5_600)
    assert (size.fixed_points, size.mobile_points, size.remote_points) == (2_600, 2_000, 696)


@pytest.mark.parametrize("scale", [0.003, 0.01, 0.05])
def test_a_small_city_still_has_everything(scale: float) -> None:
    size = size_of(scale)
    network = build_network(size, Streams(1, scale))
    assert size.branches >= 2
    assert size.stations >= 4
    assert size.remote_points >= 12
    assert min(size.fixed_points, size.mobile_points, size.remote_points) >= size.stations
    for station in range(size.stations):
        assert set(network.building_position[network.building_station[0] == station]) == {0, 1, 2}
    assert len(set(network.household_building)) == size.buildings


def test_about_two_of_a_hundred_households_are_suspended() -> None:
    network = build_network(size_of(0.1), Streams(1, 0.1))
    share = len(network.suspended_households()) / size_of(0.1).residents
    assert 0.01 < share < 0.025
    midwinter = day_number(date(2016, 1, 15))
    served = Served(network).on(midwinter)
    assert 0.94 < served.mean() < 0.99


def test_the_calendar_is_the_one_of_changchun() -> None:
    assert [s.days for s in SEASONS] == [170, 169]
    assert Window(date(2015, 5, 1), date(2017, 4, 7)) == SPAN


def test_nothing_arrives_outside_the_window(brief_city: City) -> None:
    start, end = pd.Timestamp("2016-12-10"), pd.Timestamp("2017-01-12")
    for source, field in (("remote", "recvTime"), ("city_line_12345", "updateTime")):
        arrivals = [pd.Timestamp(item[field]) for item in brief_city.items(source)]
        assert arrivals == sorted(arrivals)
        assert start <= min(arrivals)
        assert max(arrivals) < end
    rounds = [arrival for _, _, arrival in brief_city.files("rounds/")]
    assert start <= min(rounds)
    assert max(rounds) < end


def test_the_register_comes_whole_and_before_the_readings(brief_city: City) -> None:
    points = pd.read_csv(brief_city.folder / "sql" / "register.point_log.csv")
    first = points.sort_values("recorded_at").drop_duplicates("point_id")
    early = first[first["valid_from"] < "2015-06-01"]
    assert len(early) > 50
    assert (early["recorded_at"] < "2015-06-01").all()


def test_late_points_measure_before_the_register_knows_them(brief_city: City) -> None:
    points = pd.read_csv(brief_city.folder / "sql" / "register.point_log.csv").set_index("point_id")
    remote = [i["recvTime"] for i in brief_city.items("remote")]
    (late,) = brief_city.planted["late_registered_points"]["remote"]
    readings = [i["recvTime"] for i in brief_city.items("remote") if i["devId"] == late]
    assert remote
    assert min(readings) < points.loc[late, "recorded_at"] < max(readings)
    assert points.loc[late, "valid_from"] <= min(readings)[:10]


def test_personal_data_can_be_found_by_its_prefix(brief_city: City) -> None:
    households = pd.read_csv(brief_city.folder / "sql" / "register.household_log.csv", dtype=str)
    assert households["owner_phone"].str.startswith("1990000").all()
    assert all(item["residentPhone"].startswith("1990000") for item in brief_city.items("mobile"))
