"""Files of small batches become files of a day, and nobody who reads, compares, traces or replaces them sees a difference."""

from __future__ import annotations

import hashlib
import io
import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.cli import main
from hearth.dated.limits import health_limits
from hearth.health.problem import Surroundings
from hearth.health.readings import of_lost_points, unmerged
from hearth.lake import catalogue
from hearth.lake import merge as merging
from hearth.lake.files import Lake
from hearth.proof import reading_files
from hearth.proof.live import verify_warehouse
from hearth.proof.seal import seal
from hearth.proof.stages import reconcile, standing_pulls
from hearth.tasks.readings import merge_days
from hearth.trace import readings
from hearth.warehouse.connections import connect
from tests.support.company import Company
from tests.support.disturbed import ended, start_merge
from tests.support.hours import DAY, SETTLED, Hours, sweep
from tests.support.world import PERSON, Warehouse


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.servers)])
def kind_of_store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def company(installed: Warehouse) -> Iterator[Company]:
    made = Company(installed.administrator)
    yield made
    made.connection.close()


@pytest.fixture
def hours(company: Company) -> Hours:
    return Hours(company)


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def place_of(path: str) -> Any:
    return Lake().root / path


def table_of(path: str) -> pa.Table:
    with place_of(path).open("rb") as file:
        return pq.read_table(file)


def rewrite(path: str, content: bytes) -> None:
    """Whoever may delete gets round what is written once."""
    place_of(path).unlink()
    place_of(path).write_bytes(content)


def names(beginning: str) -> list[str]:
    return [path for path, _, _ in Lake().everything() if path.startswith(beginning)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.integers(0, 5), st.integers(1, 3), st.integers(0, 3)),
        st.tuples(st.just("beside"), st.integers(0, 5), st.integers(1, 2)),
        st.tuples(st.sampled_from(["merge", "merge", "sweep"])),
    ),
    min_size=3,
    max_size=12,
)


@given(steps, st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_is_loaded_replaced_merged_and_swept_in_any_order_each_row_that_stands_is_read_once(
    company: Company, installed: Warehouse, steps: list[tuple[Any, ...]], one: int, other: int
) -> None:
    hours = Hours(company)
    span = DAY + timedelta(hours=min(one, other)), DAY + timedelta(hours=max(one, other))
    for step, *told in steps:
        if step == "load":
            first, length, number = told
            cut = [(a, b) for a, b, _ in hours.stands.values() if a < first + length and b > first]
            hours.load(min([first, *(a for a, _ in cut)]), max([first + length, *(b for _, b in cut)]), number)
        elif step == "beside":
            hours.load(told[0], told[0] + 1, told[1], beside=True)
        elif step == "merge":
            assert hours.merge().failures == []
            assert len(hours.files) <= 1 and all(file.gone == () for file in hours.files)
            again = hours.merge()
            assert (again.days, again.files_after) == (0, 0), "what is merged is done"
        else:
            sweep()
        assert hours.read() == hours.rows
        assert hours.read(*span) == [row for row in hours.rows if span[0] <= row[2] < span[1]]
        with connect("keeper") as connection:
            then, now = reading_files.kept_and_found(connection, list(hours.stands))
        assert then == now and {b: rows for b, (rows, _) in now.items()} == {b: len(r) for b, (*_, r) in hours.stands.items() if r}


def test_a_day_of_hours_is_one_file_and_everybody_still_reads_what_they_read(hours: Hours, installed: Warehouse) -> None:
    for hour in range(24):
        hours.load(hour, hour + 1)
    hours.load(24, 25)  # a lone file of the next day
    assert seal("test") is not None
    before, own = hours.read(), [file.path for file in hours.files]
    asked = "select 'R1'::text as subject, date '2015-11-04' as day"
    origins = "select * from traced order by batch_id, file_id, position"

    def traced() -> tuple[Any, list[Any]]:
        with connect("auditor") as connection:
            raw = readings.trace(connection, "room_reading", asked, DAY, DAY + timedelta(days=1))
            return raw, connection.execute(origins).fetchall()

    def waiting(days: int) -> list[str]:
        with connect("engineer") as connection:
            limits = health_limits(SETTLED.date())
            return [problem.found for problem in unmerged(Surroundings(connection, SETTLED + timedelta(days=days), limits))]

    followed = traced()
    assert len(followed[1]) == 24
    assert waiting(0) == [] and "1 days" in waiting(2)[0], "what waits twice as long as it has to is told"
    answer = hearth("readings", "merge", "--feed", hours.feed, "--now", SETTLED.isoformat())
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (0, "1 days merged, 72 readings: 24 files are 1"), answer.output
    name = f"room_reading/{hours.feed}/day-2015-11-04-1-1.parquet"
    assert [file.path for file in hours.files if file.path not in own] == [name] and len(hours.files) == 2
    assert hours.read() == before == hours.rows and traced() == followed and waiting(2) == []
    act = "select feed, local_date::text, from_files, who, (select count(*) from ledger.merged_batch) from ledger.reading_merge"
    ((feed, local_date, from_files, who, batches),) = installed.rows(act)
    assert (feed, local_date, who, batches) == (hours.feed, "2015-11-04", PERSON, 24) and sorted(from_files) == sorted(own[:24])
    assert table_of(name)["point_id"].to_pylist() == ["R0"] * 48 + ["R1"] * 24
    with connect("engineer") as connection:  # asked for the next day alone, nobody opens it
        later = catalogue.current(connection, "room_reading", hours.feed, DAY + timedelta(days=1))
    assert [file.path for file in later] == [file.path for file in hours.files if file.path != name]
    assert [str(check) for check in reconcile("test", standing_pulls(hours.feed), {}) if check.outcome == "differs"] == []
    assert all(place_of(path).exists() for path in own), "whoever had them open still has them"
    assert seal("test") is not None
    sweep()
    assert [path for path in own if place_of(path).exists()] == own[24:]
    acts = "select count(*) from ledger.retention_act where subject = 'reading_file' and stored_as = any(%s)"
    assert installed.rows(acts, own) == [(24,)] and hours.read() == before and traced() == followed
    with connect("auditor") as connection:  # pulls of the test's own have no manifest
        assert [finding for finding in verify_warehouse(connection).findings if finding.where != "ledger.pull"] == []


def test_rows_of_a_batch_that_gave_way_count_no_more_and_go_with_the_next_merge(hours: Hours, installed: Warehouse) -> None:
    for hour in range(4):
        hours.load(hour, hour + 1)
    hours.merge()
    first = hours.files[0].path
    given_way = next(iter(hours.stands))
    hours.load(0, 1)
    assert hours.read() == hours.rows
    listed = hearth("readings", "files", "room_reading")
    assert listed.stderr == f"{Lake().address(first)}: leave out batch_id {given_way}\n"
    selected = hearth("readings", "sql", "--csv", f"select count(*) as n from room_reading where feed = '{hours.feed}'")
    assert selected.output == "n\n12\n"
    assert (hours.merge().days, [file.gone for file in hours.files]) == (1, [()])
    hours.load(1, 2, 0)  # nothing came for that hour any more: one file, with dead rows
    assert (hours.merge().days, hours.read()) == (1, hours.rows)
    folder = first.rpartition("/")[0]
    assert len(names(f"{folder}/day-")) == 3
    sweep()
    assert names(f"{folder}/") == [hours.files[0].path]


def test_a_large_day_is_several_files_each_in_order_and_is_not_merged_again(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "PART_ROWS", 4096)
    monkeypatch.setattr(merging, "ROWS_A_STEP", 2048)
    for hour in range(8):
        hours.load(hour, hour + 1, 1500)
    assert hours.merge().files_after == 3 and hours.merge().days == 0
    assert [file.rows for file in hours.files] == [4096, 4096, 12_000 - 8192]
    read = [table_of(file.path).select(["point_id", "read_at"]) for file in hours.files]
    keys = [tuple(row.values()) for rows in read for row in rows.to_pylist()]
    assert keys == sorted(keys) and hours.read() == hours.rows
    hours.load(0, 2, 1)
    assert hours.read() == hours.rows and [len(file.gone) for file in hours.files if "/day-" in file.path] == [2, 2, 2]


@pytest.mark.parametrize("dies", ["half written", "whole and not in the ledger"])
def test_a_merge_that_is_killed_leaves_what_counts_as_it_was(hours: Hours, installed: Warehouse, dies: str) -> None:
    for hour in range(3):
        hours.load(hour, hour + 1)
    stands = hours.files
    assert ended(start_merge(SETTLED, dies)) == -signal.SIGKILL
    assert hours.files == stands and hours.read() == hours.rows
    assert installed.rows("select count(*) from ledger.reading_merge") == [(0,)]
    left = [path for path, _, _ in Lake().everything() if "/day-" in path or path.startswith("incoming/")]
    assert len(left) == (0 if dies == "half written" and not Lake().is_local else 1), "a bucket shows nothing that is not whole"
    assert hours.merge().days == 1, "its lock went with it"
    sweep()
    there = [path for path, _, _ in Lake().everything() if hours.feed in path or path.startswith("incoming/")]
    assert there == [file.path for file in hours.files] and hours.read() == hours.rows


def test_files_that_are_not_what_was_loaded_stay_as_they_are_and_other_days_are_merged(hours: Hours, installed: Warehouse) -> None:
    for hour in (0, 1, 24, 25):
        hours.load(hour, hour + 1)
    stands = hours.files
    altered, other = (file.path for file in stands[:2])
    whole, name = place_of(altered).read_bytes(), Path(altered).name
    rewrite(altered, place_of(other).read_bytes())
    told = hearth("readings", "merge", "--feed", hours.feed, "--now", SETTLED.isoformat())
    assert told.exit_code == 1 and "1 days stay as they were" in told.output and f"{name} was changed" in told.output
    assert "1 days merged, 6 readings: 2 files are 1" in told.output
    assert [file for file in hours.files if file in stands] == stands[:2]
    in_airflow: Any = {"run_id": "nightly", "dag_run": SimpleNamespace(run_after=SETTLED)}
    with pytest.raises(AirflowFailException, match=f"1 days stay as they were(.|\n)*{hours.feed}, 2015-11-04"):
        merge_days(in_airflow)
    place_of(altered).unlink()
    (failure,) = hours.merge().failures
    assert f"{name} is gone" in failure
    place_of(altered).write_bytes(whole)
    batch = min(hours.stands)
    with psycopg.connect(installed.administrator, autocommit=True) as administrator:
        administrator.execute("set session_replication_role = replica")
        administrator.execute("update ledger.reading_file set content = content + 1 where batch_id = %s", (batch,))
        (failure,) = hours.merge().failures
        assert f"batch {batch}: 3 rows loaded, 3 found, altered" in failure
        assert [file for file in hours.files if "/day-" not in file.path] == stands[:2]
        assert len(names(f"{altered.rpartition('/')[0]}/day-")) == 1, "what was written and does not fit is taken away"
        administrator.execute("update ledger.reading_file set content = content - 1 where batch_id = %s", (batch,))
    assert merge_days(in_airflow) == {"days": 1, "rows": 6, "files_before": 2, "files_after": 1} and hours.read() == hours.rows
    assert merge_days(in_airflow)["days"] == 0
    nights = "select outcome from ledger.step where run_id = 'nightly' and outcome <> 'started' order by step_id"
    assert installed.rows(nights) == [("failed",), ("succeeded",), ("skipped",)]


def test_a_load_that_commits_while_its_day_is_merged_is_seen_whole(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(3):
        hours.load(hour, hour + 1)
    compare = merging._differing

    def meanwhile(*sums: Any) -> str:
        hours.load(1, 2)
        assert hours.read() == hours.rows
        return compare(*sums)

    with monkeypatch.context() as loading:
        loading.setattr(merging, "_differing", meanwhile)
        assert hours.merge().days == 1
    assert hours.read() == hours.rows and sorted(len(file.gone) for file in hours.files) == [0, 1]
    assert hours.merge().files_before == 2 and hours.read() == hours.rows and len(hours.files) == 1


def test_columns_of_before_and_of_later_are_kept(hours: Hours, installed: Warehouse) -> None:
    """A file of before a column came lacks it; one of a time when there was another still has it after a merge."""
    for hour in range(2):
        hours.load(hour, hour + 1)
    lacks, has = (file.path for file in hours.files)
    for path, change in (
        (lacks, lambda rows: rows.drop_columns(["battery_v"])),
        (has, lambda rows: rows.append_column("firmware", pa.array(["1.7"] * len(rows)))),
    ):
        changed = io.BytesIO()
        pq.write_table(change(table_of(path)), changed)
        rewrite(path, changed.getvalue())
    with psycopg.connect(installed.administrator, autocommit=True) as administrator:
        administrator.execute("set session_replication_role = replica")
        for path in (lacks, has):
            with place_of(path).open("rb") as stream:
                ((batch, (_, content)),) = reading_files.holding.sums(stream).items()
            sha256 = hashlib.sha256(place_of(path).read_bytes()).hexdigest()
            administrator.execute(
                "update ledger.reading_file set sha256 = %s, content = %s where batch_id = %s", (sha256, str(content), batch)
            )
    assert hours.merge().failures == [] and hours.read() == hours.rows
    merged = table_of(hours.files[0].path)
    assert merged["firmware"].to_pylist().count("1.7") == 3 and merged["battery_v"].null_count == 6
    assert [str(check) for check in reconcile("test", standing_pulls(hours.feed), {}) if check.outcome == "differs"] == []


def test_readings_of_points_that_the_register_has_lost_are_told(hours: Hours, installed: Warehouse) -> None:
    hours.load(0, 1)

    def told(days: int) -> list[str]:
        with connect("engineer") as connection:
            seen = Surroundings(connection, DAY + timedelta(days=days), health_limits(SETTLED.date()))
            return [problem.where for problem in of_lost_points(seen)]

    registered = "insert into raw.measuring_point select (jsonb_populate_record(null::raw.measuring_point, %s::jsonb)).*"
    file = Lake().root / hours.files[0].path
    content = file.read_bytes()
    file.unlink()
    assert told(1) == [], "that a file is not there is told by another check, which is to be heard"
    file.write_bytes(content)
    places = dict.fromkeys(("batch_id", "file_id", "position", "sub_position", "source_version"), 0)
    point = {**places, "feed": "x", "arrived_at": str(DAY), "valid_from": "2015-01-01"}
    assert told(1) == ["point R0 and 1 more"] and told(30) == [], "older readings are nobody's work today"
    for name in ("R0", "R1"):
        hours.company.run(registered, json.dumps({**point, "point_id": name, "point_kind": "fixed"}))
    assert told(1) == []
