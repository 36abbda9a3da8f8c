"""Faults of processes, connections and the database while a batch is loaded: old or new, never a half, and whole after a retry."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import adbc_driver_manager
import psycopg
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.warehouse.ledger import PartialOverlap
from hearth.warehouse.migrate import ROLES
from local.binaries import server_account
from local.postgres import Server
from tests.support.disturbed import MOMENTS, ended, start_load
from tests.support.servers import QUICK
from tests.support.world import END, START, Warehouse, World

FEED = "weather"
ROWS = f"select ({', '.join(ENTITIES['outdoor_reading'].content_columns)}, arrived_at)::text from raw.outdoor_reading order by 1"
INTERVAL = Interval(START, END)
PASSWORD = "for-tests-only"  # pragma: allowlist secret


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, so that killing it harms nobody else, with the database `pristine`."""
    from hearth.warehouse.migrate import migrate

    folder = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    folder.chmod(0o711)
    server = Server(folder / "pg", settings={**QUICK, "deadlock_timeout": "200ms"}).start()
    migrate(server.create_database("pristine"), {role: server.url("pristine", f"hearth_{role}", PASSWORD) for role in ROLES})
    yield server
    server.remove()
    folder.rmdir()


@pytest.fixture(scope="module")
def sources(world: World) -> dict[str, str]:
    """Their addresses and secrets."""
    return world.open("faults").variables


@pytest.fixture
def warehouse(server: Server, sources: dict[str, str], tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse. What a test sets for it or for a role in it goes with it."""
    url = server.create_database("faults", template="pristine")
    variables = {f"HEARTH_WAREHOUSE_URL_{role.upper()}": server.url("faults", f"hearth_{role}", PASSWORD) for role in ROLES}
    variables |= {"HEARTH_WAREHOUSE_URL_OWNER": url, "HEARTH_LANDING": str(tmp_path / "landing")}
    made = Warehouse(url, {**sources, **variables}, server.administrator_url("faults"))
    with made.active():
        yield made
    server.drop_database("faults")


@pytest.fixture
def expected(reference: Warehouse) -> list[tuple]:
    """The feed's rows of an undisturbed load."""
    return reference.rows(ROWS)


@pytest.fixture(autouse=True)
def _rows_lost(warehouse: Warehouse, expected: list[tuple], record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Counts what of an undisturbed load does not stand in raw at the end."""
    yield
    record_property("lost_rows", (Counter(expected) - Counter(warehouse.rows(ROWS))).total())


def pull() -> int:
    return take_in.pull_and_land(find_contract(FEED), INTERVAL, "test")


def load(pull_id: int, run: str = "again") -> dict[str, int]:
    return take_in.clean_validate_load(find_contract(FEED), pull_id, run)


def assert_whole(warehouse: Warehouse, expected: list[tuple]) -> None:
    """One current batch whose counts add up, and the rows of an undisturbed load."""
    batches = warehouse.rows("select rows_read - rows_quarantined - rows_duplicate, rows_loaded from ledger.batch_current")
    assert batches == [(len(expected), len(expected))]
    assert warehouse.rows(ROWS) == expected


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.fault("F1")
def test_a_task_killed_leaves_old_or_new_and_its_retry_makes_it_whole(
    warehouse: Warehouse, expected: list[tuple], moment: str
) -> None:
    pull_id = pull()
    assert ended(start_load(FEED, pull_id, moment)) == -signal.SIGKILL
    assert warehouse.rows(ROWS) == (expected if moment == MOMENTS[-1] else [])
    load(pull_id)
    assert_whole(warehouse, expected)
    outcomes = warehouse.rows("select run_id, outcome from ledger.step where step = 'clean_validate_load' order by step_id")
    assert outcomes == [("disturbed", "started"), ("disturbed", "died"), ("again", "started"), ("again", "succeeded")]


@pytest.mark.servers
@pytest.mark.fault("F4")
def test_the_whole_database_is_killed_in_the_middle_of_a_load(server: Server, warehouse: Warehouse, expected: list[tuple]) -> None:
    pull_id = pull()
    lock = psycopg.connect(warehouse.url)
    lock.execute("lock table raw.outdoor_reading in exclusive mode")
    loading = start_load(FEED, pull_id)
    await_query(warehouse, 'insert into "raw"."outdoor_reading"%', loading)
    server.kill()
    assert ended(loading) == 1, "the task ends with an error"
    lock.close()
    server.start()
    assert warehouse.rows(ROWS) == []
    load(pull_id)
    assert_whole(warehouse, expected)


def await_query(warehouse: Warehouse, like: str, process: BaseProcess) -> None:
    deadline = time.monotonic() + 120
    while not warehouse.activity("query like %s and wait_event_type = 'Lock'", like):
        assert process.is_alive() and time.monotonic() < deadline, "the load never came there"
        time.sleep(0.05)


@contextmanager
def cut_at_commit(address: str) -> Iterator[str]:
    """A way to the database that lets COMMIT through and then cuts the wire before the answer."""
    parts = urlsplit(address)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    closing = threading.Event()

    def serve() -> None:
        while not closing.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            server = socket.create_connection((parts.hostname, parts.port))
            threading.Thread(target=pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=pump, args=(server, client, False), daemon=True).start()

    def pump(source: socket.socket, target: socket.socket, to_server: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                cut = to_server and b"COMMIT" in data
                if cut:
                    source.shutdown(socket.SHUT_WR)  # no answer reaches the client any more
                target.sendall(data)
                if cut:
                    time.sleep(1)
                    source.close()
        except OSError:
            pass
        target.close()

    threading.Thread(target=serve, daemon=True).start()
    host = f"{parts.username}:{parts.password}@127.0.0.1:{listener.getsockname()[1]}"
    yield urlunsplit(parts._replace(netloc=host))
    closing.set()
    listener.close()


@pytest.mark.servers
@pytest.mark.fault("F5")
def test_a_connection_lost_at_commit_is_looked_up_before_it_is_repeated(
    warehouse: Warehouse, expected: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    pull_id = pull()
    straight = os.environ["HEARTH_WAREHOUSE_URL_LOADER"]
    with cut_at_commit(straight) as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr("hearth.loading.batch_load.warehouse_url", lambda role: address)
        with pytest.raises(adbc_driver_manager.Error):
            load(pull_id, "disturbed")
    deadline = time.monotonic() + 10
    while warehouse.rows(ROWS) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert warehouse.rows(ROWS) == expected, "the database had committed"
    load(pull_id)
    assert_whole(warehouse, expected)
    message = warehouse.rows("select message from ledger.step where run_id = 'again' and outcome = 'succeeded'")
    assert "loaded before" in message[0][0]


@pytest.mark.servers
@pytest.mark.fault("F7")
def test_the_same_interval_twice_at_once(warehouse: Warehouse, expected: list[tuple]) -> None:
    processes = [start_load(FEED, pull_id) for pull_id in (pull(), pull())]
    assert [ended(process) for process in processes] == [0, 0]
    assert_whole(warehouse, expected)
    newest = warehouse.rows("select pull_id = (select max(pull_id) from ledger.pull) from ledger.batch_current")
    assert newest == [(True,)], "the older one made way, whichever came first"


def test_an_older_pull_does_not_bring_back_what_a_newer_one_replaced(warehouse: Warehouse, expected: list[tuple]) -> None:
    """An old run's load is cleared in the scheduler after the interval, or a longer one around it, was pulled again."""
    contract, middle = find_contract(FEED), START + timedelta(days=400)
    part = take_in.pull_and_land(contract, Interval(START, middle), "part")
    older, newer = pull(), pull()
    load(newer)
    for outdated in (older, part):
        assert load(outdated)["rows_read"] == 0
        assert_whole(warehouse, expected)
    told = warehouse.rows("select distinct message from ledger.step where outcome = 'skipped'")
    assert all(f"pull {newer} of" in message and "nothing was changed" in message for (message,) in told)


def test_a_newer_pull_of_a_part_is_not_overwritten_by_the_whole(warehouse: Warehouse) -> None:
    contract, middle = find_contract(FEED), START + timedelta(days=400)
    whole = pull()
    load(take_in.pull_and_land(contract, Interval(START, middle), "part"))
    before = warehouse.rows(ROWS)
    with pytest.raises(PartialOverlap, match=r"would replace a part of what pull .* Nothing was changed\. Pull "):
        load(whole)
    assert warehouse.rows(ROWS) == before


@pytest.mark.servers
@pytest.mark.fault("F8")
def test_two_intervals_at_once(warehouse: Warehouse, expected: list[tuple]) -> None:
    """A backfill beside a scheduled run."""
    contract, middle = find_contract(FEED), START + timedelta(days=400)
    pulls = [take_in.pull_and_land(contract, Interval(*edges), "test") for edges in ((START, middle), (middle, END))]
    processes = [start_load(FEED, pull_id) for pull_id in pulls]
    assert [ended(process) for process in processes] == [0, 0]
    assert warehouse.rows(ROWS) == expected


REFUSALS: dict[str, tuple[str, str]] = {
    "no connection left": ("alter role hearth_loader connection limit 0", "alter role hearth_loader connection limit -1"),
    "statement time-out": (
        "alter role hearth_loader in database faults set statement_timeout = '1ms'",
        "alter role hearth_loader in database faults reset statement_timeout",
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.fault("F10", "F11")
def test_a_refusal_of_the_database_is_an_error_and_the_retry_makes_it_whole(
    warehouse: Warehouse, expected: list[tuple], refusal: str
) -> None:
    pull_id = pull()
    refuse, allow = REFUSALS[refusal]
    change(warehouse, refuse)
    with pytest.raises((psycopg.Error, adbc_driver_manager.Error)):
        load(pull_id, "disturbed")
    change(warehouse, allow)
    assert warehouse.rows(ROWS) == []
    load(pull_id)
    assert_whole(warehouse, expected)


def change(warehouse: Warehouse, statement: str) -> None:
    with psycopg.connect(warehouse.url, autocommit=True) as owner:
        owner.execute(statement)


@pytest.mark.fault("F10")
def test_a_lock_that_is_not_given_up_ends_in_an_error_and_a_whole_retry(warehouse: Warehouse, expected: list[tuple]) -> None:
    pull_id = pull()
    change(warehouse, "alter role hearth_loader in database faults set lock_timeout = '300ms'")
    with psycopg.connect(warehouse.url) as lock:
        lock.execute("lock table raw.outdoor_reading in exclusive mode")
        with pytest.raises(adbc_driver_manager.Error, match="lock timeout"):
            load(pull_id, "disturbed")
    assert warehouse.rows("select outcome, message from ledger.step where run_id = 'disturbed' order by 1")[0][0] == "failed"
    load(pull_id)
    assert_whole(warehouse, expected)


@pytest.mark.servers
@pytest.mark.fault("F9")
def test_a_deadlock_costs_one_try_of_the_load(warehouse: Warehouse, expected: list[tuple]) -> None:
    pull_id = pull()
    with psycopg.connect(warehouse.administrator) as other:
        other.execute("alter role hearth_loader in database faults set deadlock_timeout = '3s'")
        other.execute("set deadlock_timeout = '1h'")  # so that it is the load that finds the deadlock, and gives way
        other.commit()
        other.execute("lock table raw.outdoor_reading in exclusive mode")
        loading = start_load(FEED, pull_id)
        await_query(warehouse, 'insert into "raw"."outdoor_reading"%', loading)
        held = other.execute(
            "select l.relation::regclass::text from pg_locks l join pg_stat_activity a using (pid)"
            ' join pg_class c on c.oid = l.relation where a.query like \'insert into "raw"."outdoor_reading"%%\' and l.granted'
            " and c.relnamespace = 'ledger'::regnamespace limit 1"
        ).fetchall()
        other.execute(f"lock table {held[0][0]} in access exclusive mode")
        other.rollback()
    assert ended(loading) == 1
    message = warehouse.rows("select message from ledger.step where run_id = 'disturbed' and outcome = 'failed'")
    assert "deadlock detected" in message[0][0]
    load(pull_id)
    assert_whole(warehouse, expected)


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
@pytest.mark.servers
@pytest.mark.fault("F9")
def test_loads_at_once_where_the_database_isolates_by_another_level(
    warehouse: Warehouse, expected: list[tuple], level: str
) -> None:
    """The second load waits for the first and has to see what it brought: from an older snapshot it "could not serialize"."""
    change(warehouse, f"alter database faults set default_transaction_isolation = '{level}'")
    load(pull())
    first, second = pull(), pull()
    with psycopg.connect(warehouse.url) as lock:
        lock.execute("lock table ledger.supersession in exclusive mode")
        loading = [start_load(FEED, first)]
        await_query(warehouse, "%insert into ledger.supersession%", loading[0])
        loading.append(start_load(FEED, second))
        await_query(warehouse, "select pg_advisory_xact_lock%", loading[1])
    assert [ended(process) for process in loading] == [0, 0]
    assert_whole(warehouse, expected)


@pytest.fixture(scope="module")
def small_disk() -> Iterator[Path]:
    """A folder of the server's account on a disk of 64 MB. Only root may make one."""
    folder, account = Path(tempfile.mkdtemp(prefix="hearth-tests-")), server_account()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=711", "none", folder], capture_output=True)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a disk of 64 MB cannot be made here: only root may mount one")
    (folder / "data").mkdir()
    if account.uid is not None and account.gid is not None:
        os.chown(folder / "data", account.uid, account.gid)
    yield folder / "data"
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.mark.servers
@pytest.mark.fault("F6")
def test_a_full_disk_is_an_error_and_freed_it_is_whole(
    small_disk: Path, server: Server, warehouse: Warehouse, expected: list[tuple]
) -> None:
    with psycopg.connect(server.administrator_url("postgres"), autocommit=True) as administrator:
        administrator.execute(f"create tablespace small location '{small_disk}'")
        administrator.execute("alter database faults set tablespace small")
    pull_id = pull()
    change(warehouse, "create table public.filler as select repeat('x', 1000) as x from generate_series(1, 1000)")
    with contextlib.suppress(psycopg.errors.DiskFull):
        while True:
            change(warehouse, "insert into public.filler select x from public.filler limit 1000")
    with pytest.raises((psycopg.Error, adbc_driver_manager.Error), match="No space left on device"):
        load(pull_id, "disturbed")
    assert warehouse.rows(ROWS) == []
    change(warehouse, "drop table public.filler")
    load(pull_id)
    assert_whole(warehouse, expected)
