"""Readings in columnar files are loaded, replaced, replayed, compared, swept and looked at as rows of tables are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.lake.errors import NotOurs, ReadingsNotMoved
from hearth.lake.files import Lake
from hearth.loading.batch_load import BatchLoad
from hearth.proof.stages import reconcile, standing_pulls
from hearth.quarantine.replay import replay
from hearth.transform.reduction import reduce
from tests.support import extremes
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

ENTITY = ENTITIES["source_reading"]
Load = Callable[[list[dict[str, Any]]], dict[str, int]]


def contract_of_plants(**changed: Any) -> dict[str, Any]:
    made = extremes.contract(ENTITY, "plants")
    named = ("source_id", "source_kind", "read_at", "supply_degc", "return_degc", "flow_m3_h")
    made["columns"] = {name: made["columns"][name] for name in named} | changed
    return made


def reading(minute: int, **more: Any) -> dict[str, Any]:
    at = DAY + timedelta(hours=9, minutes=minute)
    row = {"source_id": "P1", "source_kind": "plant", "read_at": at.isoformat(), "supply_degc": 90.0, "return_degc": 50.0}
    return row | {"flow_m3_h": 100.0, "arrived": (at + timedelta(minutes=1)).isoformat()} | more


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.servers)])
def kind_of_store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def load(installed: Warehouse, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """One day of a feed of plants, pulled and loaded."""
    monkeypatch.setenv("HEARTH_FEEDS", str(extremes.beside_the_installations(tmp_path / "feeds", [contract_of_plants()])))

    def load_day(items: list[dict[str, Any]]) -> dict[str, int]:
        source.items = items
        contract = find_contract("plants")
        pull = take_in.pull_and_land(contract, Interval(DAY, DAY + timedelta(days=1)), "test")
        return take_in.clean_validate_load(contract, pull, "test")

    return load_day


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def files() -> list[str]:
    return sorted(name for name, _, _ in Lake().everything() if "/plants/" in name)


def test_a_batch_is_settled_and_stands_with_its_sums(installed: Warehouse, load: Load) -> None:
    again, other = reading(2), reading(3, flow_m3_h=7.0)
    counts = load([reading(1), reading(2), again, reading(3), other, reading(4, supply_degc=9e9)])
    assert counts == {"rows_read": 6, "rows_loaded": 3, "rows_quarantined": 2, "rows_duplicate": 1}
    rows = installed.accepted("source_reading", "plants")
    assert sorted((row["read_at"].minute, row["position"], row["left_out"]) for row in rows) == [
        (1, 1, None), (2, 2, None), (4, 6, "supply_degc:out_of_range"),
    ]  # fmt: skip
    refused = "select position, first_reason, record ->> 'flow_m3_h' from quarantine.row_open where feed = 'plants' order by 1"
    assert installed.rows(refused) == [(4, "conflicting_duplicate", "100.0"), (5, "conflicting_duplicate", "7.0")]
    day = "select event_date::text, q.rows_loaded, rows_late, delay_seconds::int, q.rows_duplicate from ledger.batch_quality_day q"
    of_batch = " join ledger.batch b using (batch_id) where b.feed = 'plants'"
    assert installed.rows(day + of_batch) == [("2015-11-04", 3, 0, 180, 1)]
    assert installed.rows("select column_name, reason, number from ledger.batch_left_out" + of_batch) == [
        ("supply_degc", "out_of_range", 1)
    ]


def test_another_pull_takes_its_place_and_what_gave_way_is_swept_in_time(installed: Warehouse, load: Load) -> None:
    load([reading(1), reading(2)])
    before = files()
    load([reading(1, flow_m3_h=5.0), reading(2)])
    assert sorted(row["flow_m3_h"] for row in installed.accepted("source_reading", "plants")) == [5.0, 100.0]
    assert len(files()) == 2, "whoever had the first file open still has it"
    sweep = ("retention", "apply", "--why", "test", "--now")
    assert hearth(*sweep, datetime.now(UTC).isoformat()).exit_code == 0
    assert len(files()) == 2
    assert hearth(*sweep, (datetime.now(UTC) + timedelta(days=3)).isoformat()).exit_code == 0
    assert files() == [name for name in files() if name not in before] and len(files()) == 1
    assert installed.rows("select stored_as from ledger.retention_act where subject = 'reading_file'") == [(before[0],)]
    assert len(installed.accepted("source_reading", "plants")) == 2


def test_a_load_that_dies_before_its_commit_leaves_a_file_that_counts_for_nothing(
    installed: Warehouse, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([reading(1)])
    stands = files()

    def dies(self: BatchLoad) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(BatchLoad, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            load([reading(1), reading(2)])
    assert len(files()) == 2 and len(installed.accepted("source_reading", "plants")) == 1
    counts = load([reading(1), reading(2)])
    assert counts["rows_loaded"] == 2 and len(installed.accepted("source_reading", "plants")) == 2
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert hearth("retention", "apply", "--why", "test", "--now", later).exit_code == 0
    named = installed.rows(
        "select path from ledger.reading_file join ledger.batch_current using (batch_id) where reading_file.feed = 'plants'"
    )
    assert files() == [path for (path,) in named] and stands[0] not in files()


def test_two_warehouses_never_write_into_one_lake(installed: Warehouse, load: Load) -> None:
    load([reading(1)])
    ((batch,),) = installed.rows("select max(batch_id) from ledger.batch")
    theirs = Lake().root / ENTITY.name / "plants" / f"{batch + 1}-1.parquet"
    theirs.write_bytes(b"of another warehouse")
    with pytest.raises(NotOurs, match="another warehouse"):
        load([reading(2)])
    assert theirs.read_bytes() == b"of another warehouse"
    assert [row["read_at"].minute for row in installed.accepted("source_reading", "plants")] == [1]


def test_refused_readings_are_replayed_beside_what_stands(
    installed: Warehouse, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([reading(1), reading(2, source_kind="boiler"), reading(3)])
    assert len(installed.accepted("source_reading", "plants")) == 2
    made = contract_of_plants(source_kind={"from": "source_kind", "values": {"boiler": "plant", "plant": "plant"}})
    (tmp_path / "feeds" / "plants.yml").write_text(json.dumps(made))
    (done,) = replay(find_contract("plants"), "test", "they call plants boilers")
    assert (done["rows_read"], done["rows_loaded"]) == (1, 1)
    assert sorted(row["read_at"].minute for row in installed.accepted("source_reading", "plants")) == [1, 2, 3]


def test_an_altered_or_missing_file_is_named(installed: Warehouse, load: Load) -> None:
    load([reading(1), reading(2)])
    pulls = standing_pulls("plants")
    assert [str(c) for c in reconcile("test", pulls, {}) if c.outcome == "differs"] == []
    place = Lake().root / files()[0]
    whole = place.read_bytes()
    place.unlink()  # whoever may delete gets round what is written once
    place.write_bytes(whole[:-20] + b"x" * 20)
    told = [str(check) for check in reconcile("test", [], {}) if check.outcome == "differs"]
    assert told and files()[0] in told[0] and "was changed" in told[0]
    place.unlink()
    told = [str(check) for check in reconcile("test", pulls, {}) if check.outcome == "differs"]
    assert any("rows are missing" in line for line in told) and any("is gone" in line for line in told)


def test_what_is_missing_or_wrong_is_told_in_a_sentence(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, commands in (
        ("HEARTH_LAKE", (("readings", "sql", "select 1"), ("readings", "move"), ("reconcile",), ("retention", "show"))),
        ("HEARTH_LANDING", (("retention", "show"), ("reconcile",))),
    ):
        with monkeypatch.context() as without:
            without.delenv(variable)
            for command in commands:
                answer = hearth(*command)
                assert answer.exit_code == 1 and f"Error: {variable} is not set" in answer.output, command
    with psycopg.connect(installed.administrator, autocommit=True) as administrator:
        administrator.execute("set session_replication_role = replica")
        administrator.execute("delete from ledger.reading_file where entity = 'source_reading'")
    with pytest.raises(ReadingsNotMoved, match="hearth readings move"):
        reduce(full_refresh=True)


def test_readings_are_looked_at_and_never_changed(installed: Warehouse, load: Load, tmp_path: Path) -> None:
    load([reading(1), reading(2)])
    answer = hearth(
        "readings", "sql", "--csv", "select source_id, count(*) as n from source_reading where feed = 'plants' group by all"
    )
    assert (answer.exit_code, answer.output) == (0, "source_id,n\nP1,2\n")
    cut = hearth("readings", "sql", "--rows", "1", "select * from source_reading where feed = 'plants'")
    assert cut.exit_code == 0 and "the first 1 rows" in cut.output
    (address,) = (line for line in hearth("readings", "files", "source_reading").output.splitlines() if "/plants/" in line)
    assert address == Lake().address(files()[0])
    explained = hearth("readings", "sql", "explain (analyze) select count(*) from source_reading")
    assert explained.exit_code == 0, explained.output
    for refused in (
        *(
            f"{explain} copy (select 1) to '{Lake().address('stolen.csv')}'"
            for explain in ("explain analyze", "EXPLAIN(analyze)", "/**/explain")
        ),
        f"copy (select 1) to '{tmp_path}/stolen.csv'",
        "select 1; drop view source_reading",
        "select * from read_csv('/etc/passwd')",
        "set enable_external_access = true",
        "no sql at all",
    ):
        answer = hearth("readings", "sql", refused)
        assert answer.exit_code == 1 and answer.output.startswith("Error: "), refused
    assert not (tmp_path / "stolen.csv").exists() and not (Lake().root / "stolen.csv").exists()
    assert "those that do: heat_meter_reading, room_reading" in hearth("readings", "files", "service_ticket").output
