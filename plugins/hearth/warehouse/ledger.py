"""Write and ask the ledger: append-only tables that say what happened."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from hearth.contracts.contract import Contract
from hearth.landing.store import StoredFile
from hearth.sources.ask import Answer
from hearth.sources.delivery import Interval
from hearth.warehouse import steps
from hearth.warehouse.connections import connect

log = logging.getLogger(__name__)


class PartialOverlap(RuntimeError):
    """The interval cuts through one that is loaded already."""


class OutdatedPull(RuntimeError):
    """A newer pull of the whole interval is there: loading this one would bring back what was corrected since."""


def write_step(
    run_id: str,
    subject: str,
    step: str,
    outcome: str,
    message: str | None = None,
    facts: dict[str, Any] | None = None,
    seconds: float | None = None,
    role: str = "loader",
) -> None:
    """One outcome of one step, in a transaction of its own: it stays when the step's work is rolled back."""
    with connect(role) as connection:
        connection.execute(
            "insert into ledger.step (run_id, subject, step, outcome, message, facts, seconds) values (%s,%s,%s,%s,%s,%s,%s)",
            (run_id, subject, step, outcome, message, Jsonb(facts or {}), seconds),
        )


@contextmanager
def recorded_step(run_id: str, subject: str, step: str, role: str = "loader") -> Iterator[dict[str, Any]]:
    """Record started, then succeeded or failed; and that an earlier run of the step died, where it did.

    The block may put facts into the yielded dict (and `outcome` for another word than succeeded).
    """
    facts: dict[str, Any] = {}
    with connect(role) as connection:
        steps.close_dead(connection, subject, step)
    alive = steps.Alive(role)
    begun = time.monotonic()
    try:
        write_step(run_id, subject, step, "started", facts={"alive": str(alive.number)}, role=role)
        yield facts
        outcome = facts.pop("outcome", "succeeded")
        write_step(run_id, subject, step, outcome, facts.pop("message", None), facts, time.monotonic() - begun, role)
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"[:4000]
        try:
            write_step(run_id, subject, step, "failed", text, facts, time.monotonic() - begun, role)
        except psycopg.Error as second:
            log.error("the ledger could not record the failure of %s %s: %s", subject, step, second)
        raise
    finally:
        alive.let_go()


def record_pull(
    feed: str, interval: Interval, run_id: str, address: str, manifest: str, manifest_sha256: str, files: list[StoredFile]
) -> int:
    """The pull with the digest of its manifest, and its landing files; returns pull_id."""
    with connect("loader") as connection:
        row = connection.execute(
            "insert into ledger.pull (feed, interval_start, interval_end, run_id, source_address, manifest, files, size_bytes)"
            " values (%s,%s,%s,%s,%s,%s,%s,%s) returning pull_id",
            (
                feed,
                interval.start,
                interval.end,
                run_id,
                address,
                manifest,
                len(files),
                sum(f.size_bytes for f in files),
            ),
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ledger.manifest_digest (pull_id, manifest, sha256, noted_when) values (%s, %s, %s, 'landed')",
            (row[0], manifest, manifest_sha256),
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ledger.landing_file (pull_id, feed, ordinal, source_name, sha256, size_bytes, delivered_at, stored_as)"
                " values (%s,%s,%s,%s,%s,%s,%s,%s)",
                [(row[0], feed, f.ordinal, f.source_name, f.sha256, f.size_bytes, f.delivered_at, f.stored_as) for f in files],
            )
        return int(row[0])


def keep_contract(contract: Contract) -> None:
    """Remember what a contract says under the hash its batches carry, once by content."""
    with connect("loader") as connection:
        connection.execute(
            "insert into ledger.definition_file (sha256, content) values (%s, %s) on conflict do nothing",
            (contract.content_hash, contract.content_text),
        )


def record_answer(pull_id: int, answer: Answer) -> None:
    """What the source said it counts for the interval of a pull."""
    with connect("loader") as connection:
        connection.execute(
            "insert into ledger.source_answer (pull_id, outcome, unit, number, sums, message) values (%s,%s,%s,%s,%s,%s)",
            (pull_id, answer.outcome, answer.unit, answer.number, Jsonb(answer.sums), answer.message),
        )


@dataclass(frozen=True)
class Pull:
    pull_id: int
    feed: str
    interval: Interval
    manifest: str
    file_ids: dict[int, int]


def find_pull(pull_id: int, role: str = "loader") -> Pull:
    """A recorded pull with the file_id of each ordinal. Raises LookupError."""
    with connect(role) as connection:
        row = connection.execute(
            "select feed, interval_start, interval_end, manifest from ledger.pull where pull_id = %s", (pull_id,)
        ).fetchone()
        if row is None:
            raise LookupError(f"ledger.pull has no pull {pull_id}")
        ids = connection.execute("select ordinal, file_id from ledger.landing_file where pull_id = %s", (pull_id,)).fetchall()
        return Pull(pull_id, row[0], Interval(row[1], row[2]), row[3], dict(ids))


def refuse_partial_overlap(feed: str, interval: Interval) -> None:
    """Raises PartialOverlap when the interval cuts a loaded one of the feed (containing it is fine)."""
    with connect("loader") as connection:
        cut = connection.execute(
            "select interval_start, interval_end from ledger.batch_current where feed = %s and kind = 'pull'"
            " and interval_start < %s and interval_end > %s and not (interval_start >= %s and interval_end <= %s)"
            " order by interval_start limit 1",
            (feed, interval.end, interval.start, interval.start, interval.end),
        ).fetchone()
    if cut:
        loaded = Interval(cut[0], cut[1])
        raise PartialOverlap(
            f"{feed}: {interval} cuts through the loaded interval {loaded}. Pull an interval that contains it, for example "
            f"[{min(interval.start, loaded.start).isoformat()}, {max(interval.end, loaded.end).isoformat()})."
        )


def loaded_batch(pull_id: int, contract_hash: str, suite_hash: str) -> tuple[int, str, dict[str, int]] | None:
    """The current batch of exactly this pull by exactly these definitions, if there is one: (id, status, counts)."""
    with connect("loader") as connection:
        row = connection.execute(
            "select batch_id, status, rows_read, rows_loaded, rows_quarantined, rows_duplicate from ledger.batch_current"
            " where pull_id = %s and kind = 'pull' and contract_hash = %s and suite_hash = %s",
            (pull_id, contract_hash, suite_hash),
        ).fetchone()
    if row is None:
        return None
    return (
        row[0],
        row[1],
        dict(zip(("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate"), row[2:], strict=True)),
    )


def write_validation(
    cursor: psycopg.Cursor | psycopg.Connection,
    *,
    run_id: str,
    subject: str,
    suite: str,
    suite_hash: str,
    success: bool,
    severity: str | None,
    result: dict[str, Any],
    batch_id: int | None = None,
    build_id: int | None = None,
) -> None:
    cursor.execute(
        "insert into ledger.validation (batch_id, build_id, run_id, subject, suite, suite_hash, success, severity, result)"
        " values (%s,%s,%s,%s,%s,%s,%s,%s,%s)",
        (batch_id, build_id, run_id, subject, suite, suite_hash, success, severity, Jsonb(result)),
    )
