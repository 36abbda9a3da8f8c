"""What a pull would take away: held until a person decides, for every way a source can lose its past."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.interval import Interval
from hearth.contracts.loading import REPOSITORY, find_contract
from hearth.health import flow
from hearth.health.problem import Surroundings
from hearth.intake import take_in
from hearth.landing.landing import LandedPull
from hearth.landing.store import LandingStore, StoredFile
from hearth.warehouse import ledger
from hearth.warehouse.migrate import migrate, role_urls
from local.postgres import Server
from tests.support.weather import DAY, ZONE, Source, hours, load, pull, stands
from tests.support.world import Warehouse


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def holds(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows("select pull_id, rows_before, rows_now, state from ledger.hold_state order by hold_id")


@pytest.mark.parametrize(
    ("stood", "comes", "is_held"),
    [(24, 0, True), (24, 11, True), (24, 12, False), (24, 23, False), (1, 0, True), (19, 9, False), (20, 9, True), (0, 0, False)],
)
@pytest.mark.fault("F48")
def test_a_pull_that_would_erase_what_stands_is_held(
    installed: Warehouse, source: Source, stood: int, comes: int, is_held: bool
) -> None:
    source.items = hours(stood)
    load(pull())
    source.items = hours(comes)
    second = pull()
    if is_held:
        with pytest.raises(take_in.BatchHeld, match=rf"{comes} rows of .* would take the place of {stood}"):
            load(second)
    else:
        load(second)
    assert stands(installed) == (stood if is_held else comes)
    assert holds(installed) == ([(second, stood, comes, "open")] if is_held else [])


@pytest.mark.fault("F48")
def test_a_longer_pull_is_compared_with_all_the_intervals_it_replaces(installed: Warehouse, source: Source) -> None:
    days = [DAY, DAY + timedelta(days=1)]
    for day in days:
        source.items = hours(24, day)
        load(pull(day))
    source.items = hours(23, days[1])
    with pytest.raises(take_in.BatchHeld, match=r"23 rows of .* would take the place of 48"):
        load(pull(DAY, days=2))
    assert stands(installed, days=2) == 48


def test_a_contract_sets_its_own_share(installed: Warehouse, source: Source) -> None:
    contract = find_contract("weather")
    wider = contract.model_copy(update={"expected": contract.expected.model_copy(update={"hold_below_percent": 5})})
    assert wider.content_hash == contract.content_hash, "what is held says nothing about what the rows mean"
    source.items = hours(24)
    load(pull())
    source.items = hours(3)
    take_in.clean_validate_load(wider, pull(), "test")
    assert stands(installed) == 3


def test_a_person_accepts_refuses_or_lets_an_earlier_pull_stand_again(installed: Warehouse, source: Source) -> None:
    source.items = hours(24)
    first = pull()
    load(first)
    source.items = []
    second = pull()
    for _ in range(2):
        with pytest.raises(take_in.BatchHeld):
            load(second)
    assert len(holds(installed)) == 1, "the same pull is held once"
    with psycopg.connect(installed.url) as connection:
        (problem,) = flow.held_pulls(Surroundings(connection, DAY, {}))
    assert problem.where == "feed weather, hold 1" and "hearth held accept 1" in problem.todo
    listed = hearth("held", "list")
    assert "hold 1  weather" in listed.output and "24 rows stand" in listed.output and listed.exit_code == 0

    assert hearth("held", "refuse", "1", "--why", "the station was being serviced").exit_code == 0
    assert load(second)["rows_read"] == 0, "a refused pull is passed over when its task runs again"
    assert stands(installed) == 24
    assert "is refused by" in hearth("held", "accept", "1", "--why", "no").output

    third = pull()
    with pytest.raises(take_in.BatchHeld):
        load(third)
    accepted = hearth("held", "accept", "2", "--why", "the vendor withdrew the day")
    assert accepted.exit_code == 0, accepted.output
    assert stands(installed) == 0

    assert load(first)["rows_read"] == 0, "an outdated pull does not come back by itself"
    chosen = hearth("pulls", "stand", str(first), "--why", "the vendor was wrong")
    assert chosen.exit_code == 0 and stands(installed) == 24, chosen.output
    assert load(third)["rows_read"] == 0, "the pull it took the place of does not come back by itself either"
    assert stands(installed) == 24
    source.items = hours(23)
    load(pull())
    assert stands(installed) == 23, "a later pull replaces the chosen one as it would any"


def test_a_newer_pull_with_the_rows_settles_a_hold(installed: Warehouse, source: Source) -> None:
    source.items = hours(24)
    load(pull())
    source.items = []
    with pytest.raises(take_in.BatchHeld):
        load(pull())
    source.items = hours(24)
    load(pull())
    assert [state for *_, state in holds(installed)] == ["overtaken"]
    assert hearth("held", "list").output == "no pull is held\n"


def export(warehouse: Warehouse, at: datetime, segments: int) -> int:
    """The pull of a full export of the pipe register that was delivered at a moment."""
    header = "行号,管段编号,管网级别,公称直径,材质,保温,敷设方式,长度(m),敷设年份,权属,起点,终点,状态"
    lines = [f"{n},S{n:04},一次网,200,钢,聚氨酯,直埋,120.5,1998,公司,N{n},N{n + 1},在用" for n in range(segments)]
    body = "\ufeff" + "\n".join([header, *lines]) + "\n"
    store, interval = LandingStore(), Interval(at - timedelta(hours=1), at + timedelta(hours=1))
    sha256, stored_as, size = store.store("pipe_register", [body.encode()], ".csv")
    files = [StoredFile(1, f"pipe_register_{at:%Y%m%d}.csv", sha256, size, at, stored_as, "csv", "none")]
    facts = {"feed": "pipe_register", "interval": [interval.start, interval.end], "source": "test", "landed_at": at}
    manifest, digest = store.write_manifest("pipe_register", interval.start, interval.end, facts, files)
    return ledger.record_pull(LandedPull("pipe_register", interval, "test", "test", manifest, digest, files))


@pytest.mark.fault("F49")
def test_a_full_export_is_compared_with_the_one_before(installed: Warehouse) -> None:
    contract = find_contract("pipe_register")
    day = datetime(2015, 11, 10, tzinfo=ZONE)
    pulls = [export(installed, day + timedelta(days=7 * week), segments) for week, segments in enumerate((90, 89, 44, 88))]
    for number, pull_id in enumerate(pulls):
        if number == 2:
            with pytest.raises(take_in.BatchHeld, match=r"44 rows of .* would take the place of 89"):
                take_in.clean_validate_load(contract, pull_id, "test")
        else:
            take_in.clean_validate_load(contract, pull_id, "test")
    sizes = "select count(*) from raw.pipe_segment where arrived_at >= %s group by arrived_at order by arrived_at"
    assert installed.rows(sizes, day) == [(90,), (89,), (88,)]


def test_a_restore_follows_what_was_decided_about_pulls(
    installed: Warehouse, source: Source, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First pull 24 rows, second none and accepted, first stands again; another day's empty pull is refused."""
    source.items = hours(24)
    first = pull()
    load(first)
    source.items = []
    with pytest.raises(take_in.BatchHeld):
        load(pull())
    assert hearth("held", "accept", "1", "--why", "withdrawn").exit_code == 0
    assert hearth("pulls", "stand", str(first), "--why", "the withdrawal was wrong").exit_code == 0
    day = DAY + timedelta(days=1)
    source.items = hours(24, day)
    load(pull(day))
    source.items = []
    with pytest.raises(take_in.BatchHeld):
        load(pull(day))
    assert hearth("held", "refuse", "2", "--why", "they are there").exit_code == 0
    assert (stands(installed), stands(installed, day)) == (24, 24)
    acts = tmp_path / "acts.jsonl"
    assert hearth("acts", "export", str(acts)).exit_code == 0

    url = postgres.create_database("restored")
    for name in [name for name in os.environ if name.startswith("HEARTH_WAREHOUSE_URL_")]:
        monkeypatch.setenv(name, os.environ[name].replace("/installed", "/restored"))
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path / "feeds"))
    (tmp_path / "feeds").mkdir()
    shutil.copy(REPOSITORY / "feeds" / "weather.yml", tmp_path / "feeds")
    engineer = os.environ["HEARTH_WAREHOUSE_URL_ENGINEER"]
    monkeypatch.setenv("HEARTH_WAREHOUSE_URL_ENGINEER", os.environ["HEARTH_WAREHOUSE_URL_LOADER"].replace("_loader", "_engineer"))
    migrate(url, role_urls())
    monkeypatch.setenv("HEARTH_WAREHOUSE_URL_ENGINEER", engineer)
    told = hearth("restore", "--acts", str(acts))
    assert told.exit_code == 0 and "an earlier pull stands again: 24 of 24 rows" in told.output, told.output
    made = Warehouse(url)
    assert (stands(made), stands(made, day)) == (24, 24)
    kept = "select decision, why, who from ledger.hold_decision order by hold_id"
    assert made.rows(kept) == installed.rows(kept) and len(made.rows(kept)) == 2
    assert made.rows("select why from ledger.pull_choice") == [("the withdrawal was wrong",)]
    postgres.drop_database("restored")
