"""Sealing beside writers: rows that commit late are in the next seal, two sealers make one chain, nothing new makes no seal."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from hearth.proof.digests import BEFORE_THE_FIRST, Part, Seal, check_chain, check_part, part_sha256, row_digest, seal_sha256
from hearth.proof.live import read_seals, verify_warehouse
from hearth.proof.seal import seal
from hearth.warehouse.connections import connect
from hearth.warehouse.ledger import recorded_step
from tests.support.world import Warehouse

STEP = "insert into ledger.step (run_id, subject, step, outcome) values ('{}', 'test', 'test', 'skipped') returning step_id"


def keys_of(warehouse: Warehouse, seal_id: int, relation: str) -> set[str]:
    rows = warehouse.rows("select keys from ledger.seal_part where seal_id = %s and relation = %s", seal_id, relation)
    return {key for (keys,) in rows for key in keys.split("\n")}


def assert_whole(warehouse: Warehouse) -> None:
    with connect("auditor") as auditor:
        assert verify_warehouse(auditor).findings == []


def test_a_row_with_a_lower_number_that_commits_later_is_in_the_next_seal(copy: Warehouse) -> None:
    with psycopg.connect(copy.url) as slow, psycopg.connect(copy.url, autocommit=True) as fast:
        early = slow.execute(STEP.format("slow")).fetchone()
        late = fast.execute(STEP.format("fast")).fetchone()
        assert early and late and early[0] < late[0]
        first = seal("between")
        slow.commit()
    second = seal("after")
    assert first and second
    assert keys_of(copy, first.seal_id, "ledger.step") == {f"[{late[0]}]"}
    assert keys_of(copy, second.seal_id, "ledger.step") == {f"[{early[0]}]"}
    assert_whole(copy)


def test_a_batch_that_commits_late_is_sealed_whole_with_its_rows(copy: Warehouse) -> None:
    """The batch's number is taken when its load begins; its rows come to light together."""
    batch = (
        "insert into ledger.batch select nextval('ledger.batch_id'), feed, entity, kind, status, interval_start, interval_end,"
        " pull_id, run_id, contract_hash, suite_hash, 5, 5, 0, 0, null, now() from ledger.batch limit 1 returning batch_id"
    )
    with psycopg.connect(copy.url) as slow, psycopg.connect(copy.url, autocommit=True) as fast:
        (early,) = slow.execute(batch).fetchone() or (0,)
        slow.execute("insert into ledger.batch_day values (%s, 'test', '2017-01-01', 5)", (early,))
        (late,) = fast.execute(batch).fetchone() or (0,)
        first = seal("between")
        slow.commit()
    second = seal("after")
    assert first and second and early < late
    assert keys_of(copy, first.seal_id, "ledger.batch") == {f"[{late}]"}
    assert keys_of(copy, second.seal_id, "ledger.batch") == {f"[{early}]"}
    assert keys_of(copy, second.seal_id, "ledger.batch_day") == {json.dumps([early, "test", "2017-01-01"])}
    assert_whole(copy)


def test_sealing_again_does_nothing_and_its_own_steps_are_no_reason(copy: Warehouse) -> None:
    with recorded_step("run", "ledger", "seal"):
        assert seal("run") is None
    assert seal("run") is None
    with psycopg.connect(copy.url) as owner:
        owner.execute(STEP.format("something"))
    made = seal("run")
    assert made and made.rows == 3, "the new step and the two of the sealing before"


def test_two_sealers_and_writers_at_once_make_one_chain(copy: Warehouse) -> None:
    stop, failures = threading.Event(), []

    def write(name: str) -> None:
        while not stop.is_set():
            with psycopg.connect(copy.url) as connection:
                connection.execute(STEP.format(name))

    def make_seals() -> None:
        try:
            for _ in range(6):
                seal("race")
        except psycopg.Error as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(f"writer-{n}",)) for n in range(2)]
    sealers = [threading.Thread(target=make_seals) for _ in range(2)]
    for thread in [*writers, *sealers]:
        thread.start()
    for thread in sealers:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    seal("last")
    assert failures == []
    assert len(read_seals_of(copy)) > 2
    written = copy.rows("select count(*) from ledger.step")[0][0]
    sealed = [key for n in range(1, len(read_seals_of(copy)) + 1) for key in keys_of(copy, n, "ledger.step")]
    assert len(sealed) == len(set(sealed)) == written, "each row in exactly one seal"
    assert_whole(copy)


def read_seals_of(warehouse: Warehouse) -> list[Seal]:
    with psycopg.connect(warehouse.url) as connection:
        return read_seals(connection)


def test_a_pull_of_before_gets_the_digest_of_its_manifest_at_the_first_sealing(copy: Warehouse) -> None:
    with psycopg.connect(copy.administrator) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("delete from ledger.seal_part")
        owner.execute("delete from ledger.seal")
        owner.execute("delete from ledger.manifest_digest where pull_id = 1")
    assert seal("first") is not None
    assert copy.rows("select noted_when, count(*) from ledger.manifest_digest where pull_id = 1 group by 1") == [("sealed", 1)]
    assert copy.rows("select count(*) from ledger.manifest_digest where noted_when = 'landed'")[0][0] > 20


def test_the_digests_of_the_database_are_those_anybody_can_compute(warehouse: Warehouse) -> None:
    """The arithmetic written twice, in SQL and in Python, agrees."""
    rows = warehouse.rows(
        "select seal_id, part, relation, columns, rows, keys, digests, sha256 from ledger.seal_part where relation = 'ledger.build'"
    )
    (part,) = [Part(r[0], r[1], r[2], tuple(r[3]), r[4], r[5], bytes(r[6]), r[7]) for r in rows]
    assert check_part(part) is None
    with psycopg.connect(warehouse.url) as connection:
        connection.execute("set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'")
        record = connection.execute("select b::text from ledger.build b").fetchone()
    assert record and part.digest_of(0) == row_digest(record[0])


def link(number: int, previous: str, parts: list[tuple[int, str, int, str]]) -> Seal:
    from datetime import UTC, datetime

    at = datetime(2017, 1, 1, tzinfo=UTC)
    return Seal(number, previous, len(parts), sum(p[2] for p in parts), seal_sha256(number, previous, at, "r", parts), at, "r")


@pytest.mark.parametrize("missing", [0, 1])
def test_a_link_taken_out_of_the_chain_is_named(missing: int) -> None:
    parts = {n: [(1, "ledger.step", 1, part_sha256("ledger.step", ["a"], f"[{n}]", b"x" * 16))] for n in (1, 2, 3)}
    seals, previous = [], BEFORE_THE_FIRST
    for number in parts:
        seals.append(link(number, previous, parts[number]))
        previous = seals[-1].sha256
    assert check_chain(seals, parts) == []
    del seals[missing]
    assert any(f.key == f"seal {missing + 1}" and "is missing" in f.what for f in check_chain(seals, parts))
