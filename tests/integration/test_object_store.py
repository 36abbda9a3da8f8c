"""A warehouse whose stores are in a bucket holds what one with folders holds; and the bucket's server goes away meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.keeping import retention
from hearth.lake.files import Lake
from hearth.landing.file_store import StoreUnusable
from hearth.landing.store import LandingStore
from hearth.proof.stages import reconcile, standing_pulls
from hearth.trace.walk import trace
from tests.support.object_store import WRONG_KEY, ObjectStoreServer
from tests.support.world import ZONE, Warehouse, World, feeds_in_order

pytestmark = pytest.mark.servers
FIRST = datetime(2017, 1, 10, tzinfo=ZONE)
MIDDLE, LAST = FIRST + timedelta(days=3), FIRST + timedelta(days=6)
CONTENT = "select entity, path, rows, content, sha256 from ledger.reading_file order by entity, path"
DAYS = "select * from reduced.point_day order by point_id, heating_date"
PUBLISHED = "select season, kpi, unit_id, heating_date, value from marts.season_kpi order by 1, 2, 3, 4"


@pytest.fixture(scope="module")
def in_folders(world: World) -> Warehouse:
    made = world.open("in_folders")
    with made.active():
        load_and_build(made)
    return made


@pytest.fixture(scope="module")
def in_bucket(world: World, object_store: ObjectStoreServer) -> Iterator[Warehouse]:
    made = world.open("in_bucket", bucket=object_store.bucket())
    with object_store.reached(), made.active():
        load_and_build(made)
        yield made


def load_and_build(warehouse: Warehouse) -> None:
    for feed in feeds_in_order():
        if feed.startswith("register_"):
            warehouse.load(feed)
    for start, end in ((FIRST, MIDDLE), (MIDDLE, LAST)):
        warehouse.load("remote_points", start, end)
    warehouse.build()


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def counted(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows("select feed, sum(rows)::bigint from ledger.reading_file group by 1 order by 1")


def test_both_hold_the_same(in_folders: Warehouse, in_bucket: Warehouse) -> None:
    for query in (CONTENT, DAYS, PUBLISHED):
        found = in_bucket.rows(query)
        assert found and found == in_folders.rows(query), query
    landed = "select stored_as from ledger.landing_file order by 1"
    assert in_bucket.rows(landed) == in_folders.rows(landed)


def test_it_is_compared_traced_and_looked_at(in_bucket: Warehouse) -> None:
    compared = reconcile("test", standing_pulls("remote_points"), {})
    assert compared and [str(check) for check in compared if check.outcome == "differs"] == []
    verified = hearth("verify", "--landing")
    assert verified.exit_code == 0, verified.output
    found = trace("2016-17", "room_compliance_percent", "company", FIRST.date(), sample=5)
    assert found.broken == [] and (found.steps[-1].title.split()[0], len(found.steps[-1].rows)) == ("Records", 5)
    rows = sum(rows for (rows,) in in_bucket.rows("select rows from ledger.reading_file"))
    answer = hearth("readings", "sql", "--csv", "select count(*) as n from room_reading")
    assert (answer.exit_code, answer.output) == (0, f"n\n{rows}\n")
    other = Lake().address("").replace("/lake", "/landing")
    for elsewhere in ("read_text('/etc/hostname')", f"read_blob('{other}/*/pulls/*.json')"):
        refused = hearth("readings", "sql", f"select * from {elsewhere}")
        assert refused.exit_code == 1 and "disabled by configuration" in refused.output


def test_it_goes_away_between_landing_and_loading(
    in_folders: Warehouse, in_bucket: Warehouse, object_store: ObjectStoreServer
) -> None:
    """The error says what to do, nothing of the load is to be seen, and the next try loads what a folder would hold."""
    feed, day = "remote_points", (LAST, LAST + timedelta(days=1))
    before = counted(in_bucket)
    contract, interval = find_contract(feed), Interval(*day)
    pull = take_in.pull_and_land(contract, interval, "away")
    with object_store.away():
        with pytest.raises(StoreUnusable, match="see that it runs and that AWS_ENDPOINT_URL_S3"):
            take_in.clean_validate_load(contract, pull, "away")
        told = hearth("readings", "sql", "select 1")
        assert told.exit_code == 1 and told.output.startswith("Error: the object store s3://") and "see that it runs" in told.output
        doctor = hearth("doctor").output
        assert (
            doctor.count("CRITICAL  store unusable") == 1
            and "runbook  docs/runbook.md, 'The object store cannot be used'" in doctor
        )
        with pytest.raises(StoreUnusable):
            reconcile("test", standing_pulls(feed), {})
    assert counted(in_bucket) == before
    take_in.clean_validate_load(contract, pull, "healed")
    with in_folders.active():
        in_folders.load(feed, *day)
    assert counted(in_bucket) == counted(in_folders) != before


def test_it_goes_away_while_readings_are_written(in_bucket: Warehouse, object_store: ObjectStoreServer) -> None:
    feed, day = "remote_points", (LAST + timedelta(days=1), LAST + timedelta(days=2))
    before = counted(in_bucket)
    put = Lake.put

    def away(lake: Lake, file: Path, name: str) -> tuple[str, int]:
        with object_store.away():
            return put(lake, file, name)

    with mock.patch.object(Lake, "put", away), pytest.raises(StoreUnusable, match="nothing half-written counts"):
        in_bucket.load(feed, *day)
    assert counted(in_bucket) == before
    in_bucket.load(feed, *day)
    assert counted(in_bucket) != before


def test_what_no_ledger_names_is_swept(in_bucket: Warehouse, tmp_path: Path) -> None:
    landing, lake = LandingStore(), Lake()
    (landing.root / "incoming" / "killed.part").write_bytes(b"half")
    (tmp_path / "file").write_bytes(b"of a load that died")
    lake.put(tmp_path / "file", "room_reading/remote_points/999999-1.parquet")
    named = {name for store in (landing, lake) for name, _, _ in store.everything()} - {
        "incoming/killed.part",
        "room_reading/remote_points/999999-1.parquet",
    }
    for days, left in ((1, 2), (3, 0)):
        now = datetime.now(UTC) + timedelta(days=days)
        for rule in retention.rules_on(FIRST.date()):
            if rule.subject in ("stray_file", "reading_file"):
                retention.apply(retention.due(rule, now), "test", landing)
        there = {name for store in (landing, lake) for name, _, _ in store.everything()}
        assert named <= there and len(there - named) == left


@pytest.mark.parametrize(
    ("instead", "told"),
    [(WRONG_KEY, "to a key that may read, write"), ({}, "make the bucket")],
    ids=["wrong key", "bucket missing"],
)
def test_a_wrong_key_and_a_missing_bucket_stop_a_pull_before_anything(
    in_bucket: Warehouse, object_store: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch, instead: dict[str, Any], told: str
) -> None:
    if not instead:
        monkeypatch.setenv("HEARTH_LANDING", "s3://nobody-made-this/landing")
    pulls = in_bucket.rows("select count(*) from ledger.pull")
    with object_store.reached(**instead), pytest.raises(StoreUnusable, match=told):
        in_bucket.load("remote_points", LAST + timedelta(days=2), LAST + timedelta(days=3))
    assert in_bucket.rows("select count(*) from ledger.pull") == pulls
