"""Readers ask all the time while loads, builds, publications and restores run and are killed: old or new, never a half."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hearth.contracts.loading import REPOSITORY
from hearth.transform import publish
from hearth.warehouse.migrate import migrate, role_urls
from local.postgres import Server
from tests.support.disturbed import MOMENTS, ended, start_build, start_load, start_restore
from tests.support.publishing import CHANGED_SHAPE, DBT_AT_WORK, build_at_work, colder_day, run
from tests.support.publishing import DAY as CLOSED_DAY
from tests.support.weather import Source, hours, pull
from tests.support.world import Warehouse

RAW = """
select r.n, r.digest, coalesce(l.loaded, 0), coalesce(l.halves, 0)
from (select count(*) as n, sum(hash_record_extended((weather_station_id, observed_at, temperature_degc, arrived_at), 0)) as digest
      from raw.outdoor_reading where feed = 'weather') r,
     (select sum(b.rows_loaded) as loaded, count(*) filter (where b.rows_loaded <> (
          select count(*) from raw.outdoor_reading w where w.batch_id = b.batch_id)) as halves
      from ledger.batch_current b where b.feed = 'weather') l
"""
"""The rows of a feed, what the ledger says of them, and the batches of which raw and ledger say different things."""

PAUSE_SECONDS = 0.01
LOOKS = 10
"""So often they look, at the least, before what they watch begins and after it ended: a reader of a killed load has little time."""


def all_marts(warehouse: Warehouse, backwards: bool = False) -> str:
    """One question for every row of every published mart; it opens them by name, or the last one first."""
    names = [name for (name,) in warehouse.rows("select tablename from pg_tables where schemaname = 'marts' order by 1")]
    names.sort(reverse=backwards)
    part = sql.SQL("(select (count(*), sum(hash_record_extended(t, 0)))::text from {} t)")
    parts = sql.SQL(", ").join(part.format(sql.Identifier("marts", name)) for name in names)
    return sql.SQL("select {}").format(parts).as_string()


class Readers:
    """Two readers with connections of their own; every look is one statement. `seen`: the answers; `looks`: how many."""

    def __init__(self, url: str, question: str) -> None:
        self.url, self.question = url, question
        self.seen: set[tuple] = set()
        self.looks = 0
        self.failures: list[BaseException] = []
        self._stop = threading.Event()

    def now(self) -> tuple:
        with psycopg.connect(self.url) as connection:
            return tuple(connection.execute(self.question).fetchall()[0])

    def _ask(self) -> None:
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                while not self._stop.wait(PAUSE_SECONDS):
                    self.seen.add(tuple(connection.execute(self.question).fetchall()[0]))
                    self.looks += 1
        except psycopg.Error as error:
            self.failures.append(error)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """They ask from the beginning to the end of the block, and nobody refuses them."""
        self._stop.clear()
        self.seen.clear()
        self.looks = 0
        threads = [threading.Thread(target=self._ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        self._looked(LOOKS)
        yield
        self._looked(self.looks + LOOKS)
        self._stop.set()
        for thread in threads:
            thread.join()
        assert self.failures == []

    def _looked(self, times: int) -> None:
        """Return when they have looked so often, or can look no more."""
        deadline = time.monotonic() + 60
        while self.looks < times and not self.failures:
            assert time.monotonic() < deadline, f"readers looked {self.looks} times in a minute, {times} are wanted"
            time.sleep(PAUSE_SECONDS)


def looked_at(readers: Readers, moves: bool, act: Callable[..., object], *arguments: object) -> tuple:
    """The state after an act during which readers saw the state before it, or that after it, and nothing else.

    `moves`: whether the act is to change anything.
    """
    before = readers.now()
    with readers.asking():
        act(*arguments)
    after = readers.now()
    assert readers.seen <= {before, after}, "a half was seen"
    assert (before != after) == moves
    return after


def killed_load(pull_id: int, moment: str) -> None:
    assert ended(start_load("weather", pull_id, moment)) == -signal.SIGKILL


def whole_load(pull_id: int) -> None:
    assert ended(start_load("weather", pull_id)) == 0


def build_killed_in_dbt(warehouse: Warehouse) -> None:
    process = build_at_work(warehouse, *DBT_AT_WORK)
    process.kill()
    assert ended(process) == -signal.SIGKILL


def build_killed_in_publishing() -> None:
    assert ended(start_build(dies_in_publish=True)) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.fault("F68", "F1")
def test_a_feed_is_seen_whole_while_its_loads_run_and_are_killed(installed: Warehouse, source: Source) -> None:
    """A new interval, then the same interval with fewer rows."""
    readers = Readers(installed.url, RAW)
    for rows in (hours(24), hours(20)):
        source.items = rows
        pull_id = pull()
        for moment in MOMENTS:
            stand, _, in_ledger, halves = looked_at(readers, moment == MOMENTS[-1], killed_load, pull_id, moment)
            assert (stand, halves) == (in_ledger, 0)
        looked_at(readers, False, whole_load, pull_id)


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.fault("F68", "F1")
def test_marts_are_seen_whole_while_builds_and_publications_run_and_are_killed(installed: Warehouse) -> None:
    """The retry publishes what the killed publication had before it; one mart's table is exchanged, the others' rows are.

    Whichever way readers and the publication go through the marts, they never wait for each other in a circle.
    """
    readers, others = (
        Readers(installed.variables["HEARTH_WAREHOUSE_URL_READER"], all_marts(installed, way)) for way in (False, True)
    )
    colder_day(installed)
    looked_at(readers, False, build_killed_in_dbt, installed)
    looked_at(readers, False, build_killed_in_publishing)
    ((build,),) = installed.rows("select max(build_id) from ledger.build")
    with psycopg.connect(installed.variables["HEARTH_WAREHOUSE_URL_TRANSFORMER"]) as transformer:
        transformer.execute(CHANGED_SHAPE)
    shown = "select percent from marts.room_compliance where unit_kind = 'company' and heating_date = %s and period = 'day'"
    before = installed.rows(shown, CLOSED_DAY)
    with others.asking():
        looked_at(readers, True, publish.gate_and_publish, build, "test")
    assert installed.rows(shown, CLOSED_DAY) != before, "the day that changed is published"


def test_a_half_would_be_seen(installed: Warehouse) -> None:
    """Two marts changed one after the other, as no publication of ours does."""
    readers = Readers(installed.variables["HEARTH_WAREHOUSE_URL_READER"], all_marts(installed))

    def one_by_one() -> None:
        for mart in ("room_compliance", "season_kpi"):
            run(installed, f"delete from marts.{mart} where heating_date = %s", CLOSED_DAY)
            time.sleep(0.5)

    with pytest.raises(AssertionError, match="a half was seen"):
        looked_at(readers, True, one_by_one)


@pytest.fixture
def empty(installed: Warehouse, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Makes an empty warehouse beside the installed one, with its landing store and the feed of the weather alone."""
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path / "feeds"))
    (tmp_path / "feeds").mkdir()
    shutil.copy(REPOSITORY / "feeds" / "weather.yml", tmp_path / "feeds")
    loader = installed.variables["HEARTH_WAREHOUSE_URL_LOADER"]
    made: list[str] = []

    def make() -> str:
        name = f"restored_{len(made)}"
        made.append(name)
        url = postgres.create_database(name)
        for variable in [variable for variable in os.environ if variable.startswith("HEARTH_WAREHOUSE_URL_")]:
            monkeypatch.setenv(variable, installed.variables[variable].replace("/installed", f"/{name}"))
        monkeypatch.setenv(
            "HEARTH_WAREHOUSE_URL_ENGINEER", loader.replace("_loader", "_engineer").replace("/installed", f"/{name}")
        )
        migrate(url, role_urls())
        return url

    yield make
    for name in made:
        postgres.drop_database(name)


@pytest.mark.servers
@pytest.mark.fault("F68")
def test_a_restore_is_seen_pull_by_pull_and_equals_what_was_there(
    installed: Warehouse, source: Source, empty: Callable[[], str]
) -> None:
    source.items = hours(24)
    assert ended(start_load("weather", pull())) == 0
    expected = Readers(installed.url, RAW).now()
    for dies_at, state in ((2, "killed"), (None, "whole")):
        readers = Readers(empty(), RAW)
        with readers.asking():
            restoring = start_restore(dies_at)
            assert ended(restoring) == (-signal.SIGKILL if dies_at else 0)
        assert {(halves, rows - ledger) for rows, _, ledger, halves in readers.seen} == {(0, 0)}, state
        assert (readers.now() == expected) == (dies_at is None)
