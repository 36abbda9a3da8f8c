"""Files that appear in a folder after their interval was pulled, served over SFTP or mounted: taken, whenever they appear, once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.interval import Interval
from hearth.contracts.loading import REPOSITORY, find_contract, load_contracts
from hearth.intake import restore, take_in
from hearth.proof import stages
from tests.support.world import ZONE, Warehouse, World

FEED = "late_calibrations"
HEADER = "器具编号,器具类型,检定日期,修正值(℃),有效期至,检定单位"
FIRST = datetime(2016, 1, 4, tzinfo=ZONE)


class Folder:
    """A folder on the city's SFTP server and a feed that reads it."""

    def __init__(self, world: World) -> None:
        self.path = world.instance.city / "files" / "cases" / FEED
        self.path.mkdir(parents=True)

    def deliver(self, name: str, day: int, serial: str, offset: str = "0.1", hours: float = 12) -> None:
        """A file with one calibration, delivered on a day from FIRST on."""
        path = self.path / name
        path.write_bytes(f"{HEADER}\n{serial},测温仪,2015-09-01,{offset},2016-09-01,所\n".encode("gb18030"))
        at = (FIRST + timedelta(days=day, hours=hours)).timestamp()
        os.utime(path, (at, at))


@pytest.fixture
def kind() -> str:
    """How the folder is reached, unless a test says otherwise."""
    return "sftp"


@pytest.fixture
def folder(kind: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    made = Folder(world)
    text = (REPOSITORY / "feeds/calibrations.yml").read_text(encoding="utf-8")
    text = (
        text.replace("feed: calibrations", f"feed: {FEED}").replace("/calibrations", f"/cases/{FEED}").replace("JD_*.csv", "*.csv")
    )
    if kind == "folder":
        text = text.replace("kind: sftp, connection: hearth_files", "kind: folder, connection: hearth_mounted")
        mounted = {"conn_type": "fs", "extra": {"path": str(world.instance.city / "files")}}
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_MOUNTED", json.dumps(mounted))
    (tmp_path / f"{FEED}.yml").write_text(text.replace("format:", "reconcile: {}\nformat:"), encoding="utf-8")
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    yield made
    shutil.rmtree(made.path)


@pytest.fixture
def warehouse(world: World, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    with world.warehouse(f"late_{abs(hash(request.node.name))}") as made:
        yield made


def day(warehouse: Warehouse, number: int, days: int = 1) -> dict[str, int]:
    start = FIRST + timedelta(days=number)
    return warehouse.load(FEED, start, start + timedelta(days=days), run_id=f"day {number}")


def raw(warehouse: Warehouse) -> list[tuple]:
    """What stands, without ids of ours."""
    return warehouse.rows(
        "select r.serial_no, r.offset_degc, r.arrived_at, f.source_name, b.interval_start, b.interval_end from raw.calibration r"
        " join ledger.batch_current b using (batch_id) join ledger.landing_file f using (file_id) order by 1, 2, 3"
    )


def facts(warehouse: Warehouse, number: int) -> dict:
    """What the ledger was told at the newest pull of a day."""
    steps = "select facts from ledger.step where run_id = %s and step = 'pull_and_land' and outcome = 'succeeded'"
    return warehouse.rows(f"{steps} order by step_id desc limit 1", f"day {number}")[0][0]


@pytest.mark.fault("F53")
@pytest.mark.parametrize("kind", ["sftp", "folder"])
def test_a_late_file_is_taken_by_the_interval_of_its_delivery(warehouse: Warehouse, folder: Folder) -> None:
    """By the next pull of any interval, earlier ones too; then the same as if it had been there in time."""
    folder.deliver("a.csv", 0, "A")
    folder.deliver("z.csv", 2, "Z")
    day(warehouse, 2)
    day(warehouse, 0)
    folder.deliver("b.csv", 0, "B", hours=3)
    assert day(warehouse, 1) == {"rows_read": 0, "rows_loaded": 0, "rows_quarantined": 0, "rows_duplicate": 0}
    folder.deliver("y.csv", 2, "Y")
    folder.deliver("before.csv", -30, "X")
    day(warehouse, -1)
    assert [row[0] for row in raw(warehouse)] == ["A", "B", "Y", "Z"]
    assert facts(warehouse, 1)["late_files"] == ["b.csv"] and facts(warehouse, -1)["late_files"] == ["y.csv"]
    assert facts(warehouse, -1)["files_of_no_pulled_interval"] == 1
    late, pulls = raw(warehouse), warehouse.rows("select count(*) from ledger.pull")
    found = stages.reconcile("test", stages.standing_pulls(FEED), load_contracts(), wholes=False)
    assert {check.outcome for check in found} == {"equal"} and {check.stage for check in found} >= {"source", "landing", "raw"}
    day(warehouse, 3)
    assert warehouse.rows("select count(*) from ledger.pull") == [(pulls[0][0] + 1,)], "nothing is late any more"
    for number in (2, 0, -1):  # again by hand: the same rows
        day(warehouse, number)
    assert raw(warehouse) == late


def test_in_one_long_interval_the_rows_are_the_same(warehouse: Warehouse, folder: Folder) -> None:
    for name in ("a", "c"):
        folder.deliver(f"{name}.csv", 0, name)
    day(warehouse, 0)
    folder.deliver("b.csv", 0, "b")
    day(warehouse, 1)
    several = [row[:4] for row in raw(warehouse)]
    day(warehouse, -5, days=10)
    assert [row[:4] for row in raw(warehouse)] == several and len(several) == 3
    folder.deliver("d.csv", 1, "d")
    day(warehouse, 5)
    assert [row[0] for row in raw(warehouse)] == ["a", "b", "c", "d"]


@pytest.mark.fault("F29", "F53")
def test_a_file_changed_under_an_old_time_takes_the_place_of_its_old_content(warehouse: Warehouse, folder: Folder) -> None:
    """Files that the source has moved away since stay."""
    folder.deliver("a.csv", 0, "A", "0.1")
    folder.deliver("gone.csv", 0, "G")
    day(warehouse, 0)
    (folder.path / "gone.csv").unlink()
    folder.deliver("a.csv", 0, "A", "0.25")
    day(warehouse, 1)
    assert [row[:2] for row in raw(warehouse)] == [("A", 0.25), ("G", 0.1)]


def test_what_cannot_be_read_stops_only_its_own_interval(warehouse: Warehouse, folder: Folder) -> None:
    """A late file that is no table: the run is red, the pull at hand is loaded, and what stood before stands."""
    folder.deliver("a.csv", 0, "A")
    day(warehouse, 0)
    folder.deliver("broken.csv", 0, "B")
    at = (folder.path / "broken.csv").stat().st_mtime
    (folder.path / "broken.csv").write_bytes(b"")
    os.utime(folder.path / "broken.csv", (at, at))
    folder.deliver("today.csv", 1, "T")
    with pytest.raises(UnreadableFile, match=r"broken\.csv: the file is empty"):
        day(warehouse, 1)
    assert [row[0] for row in raw(warehouse)] == ["A", "T"]
    folder.deliver("more.csv", 0, "M")
    folder.deliver("broken.csv", 0, "B")
    day(warehouse, 2)
    assert [row[0] for row in raw(warehouse)] == ["A", "B", "M", "T"], "files landed and not loaded are taken up again"


def test_a_run_that_died_after_it_landed_late_files_loads_them_when_it_is_run_again(warehouse: Warehouse, folder: Folder) -> None:
    folder.deliver("a.csv", 0, "A")
    day(warehouse, 0)
    folder.deliver("b.csv", 0, "B")
    start = FIRST + timedelta(days=1)
    take_in.pull_and_land(find_contract(FEED), Interval(start, start + timedelta(days=1)), "died")
    assert [row[0] for row in raw(warehouse)] == ["A"]
    day(warehouse, 1)
    assert [row[0] for row in raw(warehouse)] == ["A", "B"]


def test_a_late_file_out_of_reach_is_left_for_the_next_pull(warehouse: Warehouse, folder: Folder) -> None:
    folder.deliver("a.csv", 0, "A")
    day(warehouse, 0)
    stored = warehouse.rows("select stored_as from ledger.landing_file")[0][0]
    place = Path(os.environ["HEARTH_LANDING"]) / stored
    place.rename(place.with_suffix(".away"))
    folder.deliver("b.csv", 0, "B")
    day(warehouse, 1)
    assert "is gone, deleted by rule or lost" in facts(warehouse, 1)["late_files_left"][0]
    place.with_suffix(".away").rename(place)
    day(warehouse, 2)
    assert [row[0] for row in raw(warehouse)] == ["A", "B"]


def test_a_restored_warehouse_has_them_where_they_were(
    world: World, warehouse: Warehouse, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.deliver("a.csv", 0, "A")
    day(warehouse, 0)
    folder.deliver("b.csv", 0, "B")
    day(warehouse, 1)
    before = raw(warehouse)
    with psycopg.connect(warehouse.url) as owner, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        owner.execute("delete from ledger.pull_completion")
    feeds = os.environ["HEARTH_FEEDS"]
    with world.warehouse("late_restored", Path(os.environ["HEARTH_LANDING"])) as restored, monkeypatch.context() as patched:
        patched.setenv("HEARTH_FEEDS", feeds)
        assert restore.restore([], print)["refused"] == 0
        assert raw(restored) == before
