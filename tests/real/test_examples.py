"""The contracts and dated rows of the real place, without the data itself."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hearth.contracts.loading import load_contracts
from hearth.dated.calendar import load_seasons
from hearth.dated.dated_rows import place_time_zone, read_rows
from hearth.dated.limits import Limits
from local.instance import REPOSITORY
from local.real import FEEDS, INTERVALS, SEEDS
from local.real_sources import DELIVERED, DataMissing, arrange, create_app

CHANGCHUN = REPOSITORY / "dbt_project" / "seeds" / "changchun"


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def test_every_contract_is_well_formed_and_has_its_interval() -> None:
    contracts = load_contracts(FEEDS)
    assert set(contracts) == set(INTERVALS) == {"rooms", "outdoor", "tickets_311", "pipe_register", "pipe_breaks"}


def test_every_delivery_lies_in_an_interval_of_a_feed() -> None:
    for name, delivered in DELIVERED.items():
        assert any(start <= delivered < end for start, end in INTERVALS.values()), name


@pytest.mark.parametrize("seed", sorted(path.name for path in CHANGCHUN.glob("*.csv")))
def test_the_seeds_have_the_columns_of_the_others(seed: str) -> None:
    assert header(SEEDS / seed) == header(CHANGCHUN / seed)


def test_every_limit_is_dated_and_given_once() -> None:
    day = date(2014, 12, 1)
    assert Limits.from_seeds(SEEDS).on(day).keys() == Limits.from_seeds(CHANGCHUN).on(day).keys()


def test_seasons_and_place() -> None:
    assert place_time_zone(SEEDS) == "America/New_York"
    assert [(season.code, season.days) for season in load_seasons(SEEDS)] == [("2013-14", 243), ("2014-15", 243)]


def test_what_comes_from_elsewhere_names_its_source() -> None:
    """A number that is not our decision carries the address it was read at."""
    for seed in ("served_household", "hourly_standard", "heating_season"):
        rows = read_rows(seed, SEEDS)
        assert rows
        assert all(row["source_url"].startswith("http") and row["verified"] == "true" for row in rows), seed


def test_a_folder_without_the_files_is_a_plain_message(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"expected rooms/heat_sensor_readings_2014_2015\.csv"):
        arrange(tmp_path, tmp_path / "served")


@pytest.fixture
def tickets(tmp_path: Path) -> TestClient:
    """The ticket server over three tickets, one of them a minute before midnight."""
    lines = ["Unique Key,Created Date", "3,12/26/2013 12:00:00 AM", "1,12/25/2013 12:00:00 AM", "2,12/25/2013 11:59:08 PM"]
    (tmp_path / "tickets.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return TestClient(create_app(tmp_path / "tickets.csv", "sesame"))


def ask(client: TestClient, **query: str) -> Any:
    interval = {"created_from": "2013-12-25T00:00:00-05:00", "created_to": "2013-12-26T00:00:00-05:00"}
    return client.get("/v1/311/tickets", params={**interval, **query}, headers={"Authorization": "Bearer sesame"}).json()


def test_the_ticket_server_pages_through_its_interval(tickets: TestClient) -> None:
    first = ask(tickets, limit="1")
    assert (first["total"], [item["Unique Key"] for item in first["items"]], first["next"]) == (2, ["1"], "1")
    second = ask(tickets, limit="1", cursor=first["next"])
    assert ([item["Unique Key"] for item in second["items"]], second["next"]) == (["2"], None)


def test_the_ticket_server_wants_its_token(tickets: TestClient) -> None:
    assert tickets.get("/v1/311/tickets", params={"created_from": "2013-12-25T00:00:00Z"}).status_code == 401
