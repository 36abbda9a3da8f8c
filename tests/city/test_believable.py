"""The city behaves like one: cold far homes, complaints where it is cold, a second season better than the first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city.calendar import SEASONS
from city.cases import Discontent, live_through
from city.network import Network, build_network
from city.points import build_points
from city.renewal import plan_projects, renewed_stations
from city.rooms import Rooms
from city.size import size_of
from city.streams import Streams
from city.weather import Weather
from tests.support.reading import City

SCALE = 0.1


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    streams = Streams(2, SCALE)
    network = build_network(size_of(SCALE), streams)
    projects = plan_projects(network, streams)
    return Rooms(network, Weather(streams), streams, renewed_stations(projects, network))


@pytest.fixture(scope="module")
def winters(rooms: Rooms) -> Discontent:
    return live_through(rooms, Streams(2, SCALE))


def _net(rooms: Rooms) -> Network:
    return rooms.network


def test_near_homes_are_warmer_than_far_ones_and_renewal_brings_them_together(rooms: Rooms) -> None:
    position = _net(rooms).building_position[_net(rooms).household_building]
    gap = [rooms.base[s][position == 0].mean() - rooms.base[s][position == 2].mean() for s in (0, 1)]
    assert 1 < gap[0] < 3
    assert gap[1] < gap[0]


def test_top_and_corner_flats_are_colder(rooms: Rooms) -> None:
    mean = [rooms.base[0][_net(rooms).household_flat == flat].mean() for flat in range(4)]
    assert max(mean[0], mean[3]) < mean[1] - 0.5


def test_the_cold_spell_reaches_the_rooms(rooms: Rooms) -> None:
    for season, grid in enumerate(rooms.grids):
        daily = np.array([rooms.day_mean(season, d).mean() for d in range(2, grid.days)])
        assert daily.min() < daily.mean() - 0.4


def test_the_second_winter_is_warmer_and_has_fewer_complaints(winters: Discontent) -> None:
    first, second = (winters.true_state[s.code]["percent"] for s in SEASONS)
    assert 92 < first < 97
    assert first < second < 99
    cases = np.bincount(winters.season)
    assert 0.3 < cases[1] / cases[0] < 0.8
    assert 50 < 10_000 * cases[0] / (270_000 * SCALE) < 150


def test_those_who_complain_are_cold(rooms: Rooms, winters: Discontent) -> None:
    first = winters.season == 0
    assert rooms.base[0][winters.household[first]].mean() < rooms.base[0].mean() - 1.5


def test_mobile_points_stand_in_colder_homes_and_all_stations_are_measured(rooms: Rooms) -> None:
    points = build_points(_net(rooms), rooms, Streams(2, SCALE))
    base = {kind: rooms.base[0][p.household].mean() for kind, p in points.items()}
    assert base["mobile"] < base["fixed"] - 0.3
    for kind in points:
        stations = set(_net(rooms).household_station(0)[points[kind].household])
        assert len(stations) == size_of(SCALE).stations


def test_renewal_reaches_its_share_of_the_plan(whole_city: City) -> None:
    progress = pd.read_csv(whole_city.folder / "truth" / "renewal_progress.csv")
    company = progress[(progress["unit_kind"] == "company") & (progress["heating_date"] >= "2016-11-20")]
    assert company["first_planned_length_m"].unique().tolist() == [560.0]
    assert (company["planned_length_m"] < 560).all(), "a plan was cut in August"
    assert (company["unplanned_length_m"] > 0).all()
    assert company["percent"].between(85, 100).all()
    no_plan = progress[progress["planned_length_m"].isna()]
    assert len(no_plan) > 0
    assert no_plan["percent"].isna().all()
