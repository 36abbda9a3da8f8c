"""What a build is told to do, from the ledger alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from hearth.approvals.changes import Change, OwnApproval, UnapprovedChange, approve
from hearth.transform import plan
from hearth.warehouse import logins
from hearth.warehouse.migrate import ROLES, migrate
from local.postgres import Server

PUBLISHED = """
insert into ledger.publication (build_id, run_id, definition_hash, rows_published, headline, content_hash, triggered_by)
select build_id, run_id, definition_hash, '{}', '[]', repeat('0', 64), 'test' from ledger.build where build_id = %s
"""


@pytest.fixture
def warehouse(postgres: Server, database, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The owner's connection to an empty migrated warehouse."""
    url = database()
    roles = {role: postgres.url(url.rsplit("/", 1)[1], f"hearth_{role}", "for-tests-only") for role in ROLES}
    migrate(url, roles)
    for role, address in {**roles, "owner": url}.items():
        monkeypatch.setenv(f"HEARTH_WAREHOUSE_URL_{role.upper()}", address)
    with psycopg.connect(url, autocommit=True) as owner:
        yield owner


def planned(monkeypatch: pytest.MonkeyPatch, standard: bytes) -> plan.BuildPlan:
    """The plan of the next build where the seeds say so."""
    monkeypatch.setattr(plan, "definition_files", lambda: {"seeds/temperature_standard.csv": standard})
    made = plan.plan_build("test")
    assert made is not None
    return made


def a_batch_more(owner: psycopg.Connection) -> None:
    owner.execute(
        "with pulled as (insert into ledger.pull (feed, interval_start, interval_end, run_id, source_address, manifest, files,"
        " size_bytes) values ('weather', '2016-01-01', '2016-01-02', 'test', 'test', 'test', 0, 0) returning pull_id)"
        " insert into ledger.batch (batch_id, feed, entity, kind, status, interval_start, interval_end, pull_id, run_id,"
        " contract_hash, suite_hash, rows_read, rows_loaded, rows_quarantined, rows_duplicate)"
        " select nextval('ledger.batch_id'), 'weather', 'outdoor_reading', 'pull', 'loaded', '2016-01-01', '2016-01-02', pull_id,"
        " 'test', repeat('0', 64), repeat('0', 64), 0, 0, 0, 0 from pulled"
    )


def test_a_definition_that_was_built_and_taken_back_leaves_nothing_behind(
    warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planned(monkeypatch, b"18")
    assert first.full_refresh, "nothing is built yet"
    assert planned(monkeypatch, b"18").full_refresh, "nothing is published yet"
    warehouse.execute(PUBLISHED, (planned(monkeypatch, b"18").build_id,))
    a_batch_more(warehouse)
    assert not planned(monkeypatch, b"18").full_refresh
    assert planned(monkeypatch, b"20").full_refresh, "another standard; its gate is red, nothing is published"
    back = planned(monkeypatch, b"18")
    assert back.full_refresh, "the tables hold days by the other standard"
    warehouse.execute(PUBLISHED, (back.build_id,))
    a_batch_more(warehouse)
    assert not planned(monkeypatch, b"18").full_refresh


def test_an_approval_is_for_one_change_and_not_for_ever(warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def published(standard: bytes) -> None:
        warehouse.execute(PUBLISHED, (planned(monkeypatch, standard).build_id,))

    def approved(before: bytes, after: bytes) -> None:
        digests = [hashlib.sha256(standard).hexdigest() for standard in (before, after)]
        for standard, digest in zip((before, after), digests, strict=True):
            warehouse.execute(
                "insert into ledger.definition_file (sha256, content) values (%s, %s) on conflict do nothing",
                (digest, standard.decode()),
            )
        warehouse.execute(
            "insert into ledger.approval (path, before_sha256, after_sha256, valid_from, who, why)"
            " values ('seeds/temperature_standard.csv', %s, %s, '2016-01-01', 'director', 'decided')", digests,
        )  # fmt: skip

    published(b"18")
    monkeypatch.setenv("HEARTH_APPROVALS", "required")
    approved(b"18", b"16")
    assert planned(monkeypatch, b"16"), "approved; its gate may be red a few times"
    published(b"16")
    approved(b"16", b"18")
    published(b"18")
    with pytest.raises(UnapprovedChange, match="temperature_standard"):
        planned(monkeypatch, b"16")


def test_with_four_eyes_the_second_approval_is_another_persons(
    warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = b"18", b"20"
    warehouse.execute(PUBLISHED, (planned(monkeypatch, before).build_id,))
    monkeypatch.setenv("HEARTH_APPROVALS", "required")
    monkeypatch.setenv("HEARTH_FOUR_EYES", "required")
    path = "seeds/temperature_standard.csv"
    change = Change(path, "18", "20", hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest())
    warehouse.execute("insert into ledger.definition_file values (%s, '20')", (change.after_sha256,))
    typed = "insert into ledger.approval (path, before_sha256, after_sha256, valid_from, who, why)"
    warehouse.execute(
        f"{typed} values (%s, %s, %s, '2016-01-01', 'typed', 'of before')", (path, change.before_sha256, change.after_sha256)
    )
    author, other = logins.add("author", "engineer"), logins.add("other", "engineer")
    for who in (author, other):
        with pytest.raises(UnapprovedChange, match="two persons"):
            planned(monkeypatch, after)
        with psycopg.connect(who) as connection:
            approve(connection, [change], date(2016, 1, 1), "decided")
        with psycopg.connect(who) as connection, pytest.raises(OwnApproval, match="another person has to"):
            approve(connection, [change], date(2016, 1, 1), "decided twice")
    assert planned(monkeypatch, after)
