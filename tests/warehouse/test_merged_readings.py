"""Files of small batches become files of a day, and nobody who reads, compares, traces or replaces them sees a difference."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.cli import main
from hearth.contracts.entities import ENTITIES
from hearth.keeping import retention
from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.lake.merge import Done, merge
from hearth.landing.store import LandingStore
from hearth.proof import reading_files
from hearth.proof.live import verify_warehouse
from hearth.proof.seal import seal
from hearth.proof.stages import reconcile, standing_pulls
from hearth.trace import readings
from hearth.warehouse.connections import connect
from tests.support.company import Company
from tests.support.disturbed import ended, start_merge
from tests.support.world import PERSON, Warehouse

ENTITY = ENTITIES["room_reading"]
DAY = datetime(2015, 11, 3, 16, tzinfo=UTC)
"""The local day 2015-11-04 begins."""
SETTLED = DAY + timedelta(days=4)
Row = tuple[int, str, datetime, float]
_feeds = itertools.count(1)


@dataclass
class Hours:
    """A feed whose batches are hours of one local day, and the rows it knows to stand: (batch, point, time, value)."""

    company: Company
    warehouse: Warehouse
    feed: str = field(default_factory=lambda: f"hours_{next(_feeds)}")
    stands: dict[int, tuple[int, int, list[Row]]] = field(default_factory=dict)
    """batch_id -> (first hour, hour of its end, rows)."""
    values: Iterator[int] = field(default_factory=itertools.count)

    def load(self, first: int, end: int, number: int = 3, beside: bool = False) -> int:
        """A pull of these hours takes the place of those within; `beside`: a replay, which does not."""
        made = [
            {"point_id": f"R{n % 2}", "point_kind": "fixed", "temperature_degc": float(next(self.values)),
             "read_at": DAY + timedelta(hours=first, minutes=7 * n)}
            for n in range(number)
        ]  # fmt: skip
        asked = DAY + timedelta(hours=first), DAY + timedelta(hours=end)
        batch = self.company.load("room_reading", made, self.feed, asked)
        gone = [] if beside else [old for old, (a, b, _) in self.stands.items() if first <= a and b <= end]
        for old in gone:
            self.company.run("insert into ledger.supersession (batch_id, by_batch_id) values (%s, %s)", old, batch)
            del self.stands[old]
        rows = [(batch, row["point_id"], row["read_at"], row["temperature_degc"]) for row in made]
        self.stands[batch] = first, end, rows
        return batch

    def merge(self) -> Done:
        return merge("test", SETTLED, "loader", lambda line: None, self.feed)

    @property
    def rows(self) -> list[Row]:
        return sorted(row for _, _, rows in self.stands.values() for row in rows)

    @property
    def files(self) -> list[catalogue.ReadingFile]:
        with connect("engineer") as connection:
            found = catalogue.current(connection, "room_reading", self.feed)
        return sorted(found, key=lambda file: [int(number) for number in re.findall(r"\d+", Path(file.path).name)])

    def read(self, since: datetime | None = None, until: datetime | None = None) -> list[Row]:
        """What readers are shown; with times whatever they ask, cut to them."""
        with connect("engineer") as connection, engine() as database:
            show(database, ENTITY, catalogue.current(connection, "room_reading", self.feed, since, until), Lake())
            asked = "read_at >= coalesce($1, '-infinity'::timestamptz) and read_at < coalesce($2, 'infinity'::timestamptz)"
            query = f"select batch_id, point_id, read_at, temperature_degc from room_reading where {asked}"
            return sorted(database.execute(query, [since, until]).fetchall())


@pytest.fixture
def company(installed: Warehouse) -> Iterator[Company]:
    made = Company(installed.administrator)
    yield made
    made.connection.close()


@pytest.fixture
def hours(company: Company, installed: Warehouse) -> Hours:
    return Hours(company, installed)


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def sweep() -> None:
    """What retention does three days from now."""
    (rule,) = (rule for rule in retention.rules_on(SETTLED.date()) if rule.subject == "reading_file")
    retention.apply(retention.due(rule, datetime.now(UTC) + timedelta(days=3)), "test", LandingStore())


def place_of(warehouse: Warehouse, path: str) -> Path:
    return Path(warehouse.variables["HEARTH_LAKE"]) / path


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
    hours = Hours(company, installed)
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

    followed = traced()
    assert len(followed[1]) == 24
    answer = hearth("readings", "merge", "--feed", hours.feed, "--now", SETTLED.isoformat())
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (0, "1 days merged, 72 readings: 24 files are 1"), answer.output
    name = f"room_reading/{hours.feed}/day-2015-11-04-1-1.parquet"
    assert [file.path for file in hours.files if file.path not in own] == [name] and len(hours.files) == 2
    assert hours.read() == before == hours.rows and traced() == followed
    act = "select feed, local_date::text, from_files, who, (select count(*) from ledger.merged_batch) from ledger.reading_merge"
    ((feed, local_date, from_files, who, batches),) = installed.rows(act)
    assert (feed, local_date, who, batches) == (hours.feed, "2015-11-04", PERSON, 24) and sorted(from_files) == sorted(own[:24])
    assert pq.read_table(place_of(installed, name))["point_id"].to_pylist() == ["R0"] * 48 + ["R1"] * 24
    with connect("engineer") as connection:  # asked for the next day alone, nobody opens it
        later = catalogue.current(connection, "room_reading", hours.feed, DAY + timedelta(days=1))
    assert [file.path for file in later] == [file.path for file in hours.files if file.path != name]
    assert [str(check) for check in reconcile("test", standing_pulls(hours.feed), {}) if check.outcome == "differs"] == []
    assert all(place_of(installed, path).exists() for path in own), "whoever had them open still has them"
    assert seal("test") is not None
    sweep()
    assert [path for path in own if place_of(installed, path).exists()] == own[24:]
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
    assert listed.stderr == f"{place_of(installed, first)}: leave out batch_id {given_way}\n"
    selected = hearth("readings", "sql", "--csv", f"select count(*) as n from room_reading where feed = '{hours.feed}'")
    assert selected.output == "n\n12\n"
    assert (hours.merge().days, [file.gone for file in hours.files]) == (1, [()])
    hours.load(1, 2, 0)  # nothing came for that hour any more: one file, with dead rows
    assert (hours.merge().days, hours.read()) == (1, hours.rows)
    assert len(list(place_of(installed, first).parent.glob("day-*"))) == 3
    sweep()
    assert [path.name for path in place_of(installed, first).parent.iterdir()] == [Path(hours.files[0].path).name]


@pytest.mark.parametrize("dies", ["half written", "whole and not in the ledger"])
def test_a_merge_that_is_killed_leaves_what_counts_as_it_was(hours: Hours, installed: Warehouse, dies: str) -> None:
    for hour in range(3):
        hours.load(hour, hour + 1)
    stands = hours.files
    assert ended(start_merge(SETTLED, dies)) == -signal.SIGKILL
    assert hours.files == stands and hours.read() == hours.rows
    assert installed.rows("select count(*) from ledger.reading_merge") == [(0,)]
    left = [path for path, _, _ in Lake().everything() if "/day-" in path or path.startswith("incoming/")]
    assert len(left) == 1
    assert hours.merge().days == 1, "its lock went with it"
    sweep()
    there = [path for path, _, _ in Lake().everything() if hours.feed in path or path.startswith("incoming/")]
    assert there == [file.path for file in hours.files] and hours.read() == hours.rows


def test_files_that_are_not_what_was_loaded_stay_as_they_are_and_other_days_are_merged(hours: Hours, installed: Warehouse) -> None:
    for hour in (0, 1, 24, 25):
        hours.load(hour, hour + 1)
    altered, other = (place_of(installed, file.path) for file in hours.files[:2])
    whole, stands = altered.read_bytes(), hours.files
    altered.chmod(0o600)
    altered.write_bytes(other.read_bytes())
    told = hearth("readings", "merge", "--feed", hours.feed, "--now", SETTLED.isoformat())
    assert told.exit_code == 1 and "1 days stay as they were" in told.output and f"{altered.name} was changed" in told.output
    assert "1 days merged, 6 readings: 2 files are 1" in told.output
    assert [file for file in hours.files if file in stands] == stands[:2]
    altered.write_bytes(whole)
    altered.rename(altered.with_suffix(".aside"))
    (failure,) = hours.merge().failures
    assert f"{altered.name} is gone" in failure
    altered.with_suffix(".aside").rename(altered)
    batch = min(hours.stands)
    with psycopg.connect(installed.administrator, autocommit=True) as administrator:
        administrator.execute("set session_replication_role = replica")
        administrator.execute("update ledger.reading_file set content = content + 1 where batch_id = %s", (batch,))
        (failure,) = hours.merge().failures
        assert f"batch {batch}: 3 rows loaded, 3 found, altered" in failure
        assert [file for file in hours.files if "/day-" not in file.path] == stands[:2]
        assert len(list(altered.parent.glob("day-*"))) == 1, "what was written and does not fit is taken away"
        administrator.execute("update ledger.reading_file set content = content - 1 where batch_id = %s", (batch,))
    assert hours.merge().days == 1 and hours.read() == hours.rows


def test_columns_of_before_and_of_later_are_kept(hours: Hours, installed: Warehouse) -> None:
    """A file of before a column came lacks it; one of a time when there was another still has it after a merge."""
    for hour in range(2):
        hours.load(hour, hour + 1)
    lacks, has = (place_of(installed, file.path) for file in hours.files)
    for place, change in (
        (lacks, lambda rows: rows.drop_columns(["battery_v"])),
        (has, lambda rows: rows.append_column("firmware", pa.array(["1.7"] * len(rows)))),
    ):
        changed = change(pq.read_table(place))
        place.chmod(0o600)
        pq.write_table(changed, place)
    with psycopg.connect(installed.administrator, autocommit=True) as administrator:
        administrator.execute("set session_replication_role = replica")
        for place in (lacks, has):
            with place.open("rb") as stream:
                ((batch, (_, content)),) = reading_files.holding.sums(stream).items()
            sha256 = Lake().put(place, f"copy/{place.name}")[0]
            administrator.execute(
                "update ledger.reading_file set sha256 = %s, content = %s where batch_id = %s", (sha256, str(content), batch)
            )
    assert hours.merge().failures == [] and hours.read() == hours.rows
    merged = pq.read_table(place_of(installed, hours.files[0].path))
    assert merged["firmware"].to_pylist().count("1.7") == 3 and merged["battery_v"].null_count == 6
    assert [str(check) for check in reconcile("test", standing_pulls(hours.feed), {}) if check.outcome == "differs"] == []
