"""A second vendor's collectors go in by one contract: other names, degF, local time with clock changes, CSV by SFTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hearth.contracts.loading import load_contract
from hearth.contracts.yaml_file import ContractError
from local.instance import REPOSITORY
from tests.support.airflow_runs import settings
from tests.support.vendor import AUTUMN, CONTRACT, autumn_night, deliver, line
from tests.support.world import Warehouse

OCTOBER, JULY = datetime(2014, 10, 1, tzinfo=UTC), datetime(2015, 7, 1, tzinfo=UTC)


def utc(day: int, clock: str, month: int = 11, year: int = 2014) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def load(warehouse: Warehouse, start: datetime = OCTOBER, end: datetime = JULY) -> dict[str, int]:
    return warehouse.load("vendor_rooms", start, end)


def test_airflow_makes_its_dag_from_the_contract_alone(feeds: Path, tmp_path: Path) -> None:
    code = """
import json, os, airflow.sdk
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
dag = bag.dags["feed_vendor_rooms"]
print("FACTS" + json.dumps({"errors": bag.import_errors, "tasks": sorted(dag.task_ids),
    "feeds": sorted(d.removeprefix("feed_") for d in bag.dags if d.startswith("feed_")),
    "assets": [a.uri for t in dag.tasks for a in t.outlets], "timetable": dag.timetable.summary}))
"""
    environment = {**os.environ, **settings(tmp_path, f"sqlite:///{tmp_path}/none.db"), "HEARTH_FEEDS": str(feeds)}
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-3000:]
    facts = json.loads(answer.stdout.split("FACTS", 1)[1])
    contracts = {p.stem for p in (REPOSITORY / "feeds").glob("*.yml")}
    assert facts == {
        "errors": {},
        "tasks": ["clean_validate_load", "pull_and_land"],
        "feeds": sorted({*contracts, "vendor_rooms"}),
        "assets": ["hearth://raw/room_reading"],
        "timetable": "0 0 * * * in season, none off season",
    }


@pytest.mark.fault("F24")
def test_times_are_right_through_both_clock_changes(warehouse: Warehouse) -> None:
    assert load(warehouse) == {"rows_read": 36, "rows_loaded": 34, "rows_quarantined": 2, "rows_duplicate": 0}
    expected = [utc(2, clock) for clock in ("4:30", "5:00", "5:30", "6:00", "6:30", "7:00", "7:30")]
    for point in ("S1", "S2"):
        rows = sorted(warehouse.accepted("room_reading"), key=lambda row: row["position"])
        mine = [row for row in rows if row["point_id"] == point]
        assert [t for row in mine if (t := row["read_at"].astimezone(UTC)) < utc(12, "0:00")] == expected
    rows = warehouse.accepted("room_reading")
    spring = sorted((t, row["temperature_degc"]) for row in rows if (t := row["read_at"].astimezone(UTC)) > utc(1, "0:00", 1, 2015))
    before, after, *_ = [t for t, _ in spring]
    assert (before, after, len(spring)) == (utc(8, "6:30", 3, 2015), utc(8, "7:00", 3, 2015), 20)
    assert spring[1][1] == pytest.approx(18.0, abs=1e-12)
    reasons = warehouse.rows("select first_reason, record ->> 'Local time' from quarantine.row_open order by position")
    assert reasons == [("unreadable_time", "03/08/2015 02:30 AM"), ("error_code", "03/08/2015 03:30 AM")]


def test_units_and_names_are_the_canonical_ones(warehouse: Warehouse) -> None:
    load(warehouse)
    first = min(warehouse.accepted("room_reading"), key=lambda row: (row["file_id"], row["position"]))
    assert first["point_id"] == "S1" and first["temperature_degc"] == pytest.approx((64 - 32) * 5 / 9, abs=1e-12)
    assert first["battery_v"] == pytest.approx(3.6)
    assert warehouse.rows(
        "select p.point_id, p.household_id, p.point_kind, p.expected_interval_minutes, h.building_id, b.station_id,"
        " s.branch_id from raw.measuring_point p join raw.household h using (household_id)"
        " join raw.building b using (building_id) join raw.station s using (station_id) order by 1"
    ) == [
        ("S1", "A1", "remote", 30, "HOUSE-1", "PLANT-NORTH", "VENDOR"),
        ("S2", "A2", "remote", 30, "HOUSE-2", "PLANT-SOUTH", "VENDOR"),
    ]
    changed = "select entity, event_date, rows from ledger.batch_day where batch_id = %s and entity <> 'room_reading' order by 1"
    (batch,) = warehouse.rows("select max(batch_id) from ledger.batch")[0]
    named = ("building", "household", "measuring_point", "station")
    assert warehouse.rows(changed, batch) == [(entity, date(2014, 10, 1), 2) for entity in named], "a build must follow them"
    load(warehouse)
    assert warehouse.rows(changed, batch + 1) == [], "nothing new was named"


@pytest.fixture
def contract(feeds: Path) -> Iterator[Path]:
    """The vendor's, as it was afterwards."""
    yield feeds / CONTRACT.name
    shutil.copy(CONTRACT, feeds)


def test_a_point_that_differs_says_so(warehouse: Warehouse, contract: Path) -> None:
    text = contract.read_text(encoding="utf-8")
    each = "  each: {S2: {expected_interval_minutes: 60, resolution_degc: 0.5, valid_from: 2014-10-20}}\nignore:"
    contract.write_text(text.replace("ignore:", each), encoding="utf-8")
    load(warehouse)
    settings_of = (
        "select point_id, valid_from, room_type, expected_interval_minutes, resolution_degc from raw.measuring_point order by 1"
    )
    assert warehouse.rows(settings_of) == [
        ("S1", date(2014, 10, 1), "living_room", 30, 0.06),
        ("S2", date(2014, 10, 20), "living_room", 60, 0.5),
    ]
    contract.write_text(text.replace("ignore:", each.replace("10-20", "09-30")), encoding="utf-8")
    with pytest.raises(ContractError, match=r"S2 begin.* before points\.valid_from"):
        load_contract(contract)


def readings(warehouse: Warehouse) -> list[tuple]:
    return sorted((row["point_id"], row["read_at"], row["temperature_degc"]) for row in warehouse.accepted("room_reading"))


def test_one_interval_or_two_make_no_difference(warehouse: Warehouse) -> None:
    between = datetime(2015, 1, 1, tzinfo=UTC)
    load(warehouse, between, JULY)
    load(warehouse, OCTOBER, between)
    apart = readings(warehouse)
    load(warehouse)
    assert readings(warehouse) == apart


def test_an_unknown_district_waits_and_a_replay_heals_it(warehouse: Warehouse, vendor: Path, feeds: Path) -> None:
    """What the how-to shows: a value the contract does not name, a correction, a replay."""
    from hearth.contracts.loading import find_contract
    from hearth.quarantine.replay import replay

    new = line("S1", "11/20/2014 10:00 AM", "70").replace("S1;A1;HOUSE-1;N", "S9;A9;HOUSE-9;E")
    deliver(vendor, "rooms_20141120.csv", [new], datetime(2014, 11, 21, 6, tzinfo=UTC))
    contract = feeds / CONTRACT.name
    try:
        assert load(warehouse)["rows_quarantined"] == 3
        assert ("unknown_code",) in warehouse.rows("select first_reason from quarantine.row_open")
        named = contract.read_text(encoding="utf-8").replace("S: PLANT-SOUTH}", "S: PLANT-SOUTH, E: PLANT-EAST}")
        contract.write_text(named, encoding="utf-8")
        (counts,) = replay(find_contract("vendor_rooms"), "test", "district E is named now", "unknown_code")
        assert (counts["rows_read"], counts["rows_loaded"]) == (1, 1)
        assert replay(find_contract("vendor_rooms"), "test", "again", "unknown_code") == []
        assert warehouse.rows("select station_id from raw.building where building_id = 'HOUSE-9'") == [("PLANT-EAST",)]
    finally:
        contract.write_text(CONTRACT.read_text(encoding="utf-8"), encoding="utf-8")
        (vendor / "rooms_20141120.csv").unlink()


def test_the_walk_through_in_the_docs_is_this_contract() -> None:
    """Whoever follows the how-to ends with the contract that is tested here, in both languages."""
    contract = CONTRACT.read_text(encoding="utf-8")
    for name in ("add-a-feed.md", "add-a-feed.zh-CN.md"):
        text = (REPOSITORY / "docs" / "how-to" / name).read_text(encoding="utf-8")
        assert f"```yaml\n{contract}```" in text, f"{name} shows another contract"


def test_try_tells_beforehand_what_would_be_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`hearth contract try`, as the how-to says, without any warehouse."""
    from hearth.contracts.loading import load_contract
    from hearth.intake.dry_run import try_sample

    monkeypatch.delenv("HEARTH_WAREHOUSE_URL_LOADER", raising=False)
    deliver(tmp_path, "sample.csv", [*autumn_night(), line("S1", "11/02/2014 03:00 AM", "warm")], AUTUMN)
    trial = try_sample(load_contract(CONTRACT), tmp_path / "sample.csv", show=5)
    assert (trial.rows_read, trial.rows_accepted, trial.rows_rejected) == (15, 14, 1)
    assert trial.reasons == {"unreadable_value": 1}
