"""Write and ask the ledger: append-only tables that say what happened."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.landing.landing import LandedPull
from hearth.sources.ask import Answer
from hearth.warehouse import steps
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
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


def record_pull(landed: LandedPull) -> int:
    """The pull with the digest of its manifest, and its landing files; returns pull_id."""
    return record_pulls(landed, [])[0]


def record_pulls(landed: LandedPull, completions: list[tuple[LandedPull, int, int]]) -> list[int]:
    """A pull and those it found to be completed (each: what landed, the pull it completes, late files), all or none."""
    with connect("loader") as connection:
        pulls = [_insert_pull(connection, landed)]
        for completed, completes, late_files in completions:
            pulls.append(_insert_pull(connection, completed))
            connection.execute(
                "insert into ledger.pull_completion (pull_id, completes_pull_id, found_by_pull_id, late_files)"
                " values (%s,%s,%s,%s)",
                (pulls[-1], completes, pulls[0], late_files),
            )
        return pulls


def _insert_pull(connection: psycopg.Connection, landed: LandedPull) -> int:
    files, interval = landed.files, landed.interval
    size = sum(f.size_bytes for f in files)
    row = connection.execute(
        "insert into ledger.pull (feed, interval_start, interval_end, run_id, source_address, manifest, files, size_bytes)"
        " values (%s,%s,%s,%s,%s,%s,%s,%s) returning pull_id",
        (landed.feed, interval.start, interval.end, landed.run_id, landed.address, landed.manifest, len(files), size),
    ).fetchone()
    assert row is not None
    connection.execute(
        "insert into ledger.manifest_digest (pull_id, manifest, sha256, noted_when) values (%s, %s, %s, 'landed')",
        (row[0], landed.manifest, landed.manifest_sha256),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.landing_file (pull_id, feed, ordinal, source_name, sha256, size_bytes, delivered_at, stored_as)"
            " values (%s,%s,%s,%s,%s,%s,%s,%s)",
            [(row[0], landed.feed, f.ordinal, f.source_name, f.sha256, f.size_bytes, f.delivered_at, f.stored_as) for f in files],
        )
    return int(row[0])


def completed_by(pull_id: int) -> list[int]:
    """Pulls of late files seen at this pull, or at an earlier one of its interval that may have died before it loaded them."""
    with connect("loader") as connection:
        return [row[0] for row in connection.execute(SQL["completed_by"], {"pull_id": pull_id})]


@dataclass(frozen=True)
class Standing:
    """An interval that was pulled and stands, with its newest pull: the one that stands, or one that completes it."""

    interval: Interval
    pull_id: int
    manifest: str


def standing_pulls(feed: str) -> list[Standing]:
    """Every interval of the feed that stands."""
    with connect("loader") as connection:
        rows = connection.execute(SQL["standing"], {"feed": feed}).fetchall()
    return [Standing(Interval(start, end), pull_id, manifest) for start, end, pull_id, manifest in rows]


def taken_files(feed: str, names: list[str]) -> set[tuple[str, int, datetime]]:
    """(name, bytes, delivery) of the files of these names that any pull of the feed has taken."""
    with connect("loader") as connection:
        rows = connection.execute(
            "select distinct source_name, size_bytes, delivered_at from ledger.landing_file"
            " where feed = %s and source_name = any(%s)",
            (feed, names),
        ).fetchall()
    return {(name, size, delivered) for name, size, delivered in rows}


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
            SQL["cut_interval"], {"feed": feed, "interval_start": interval.start, "interval_end": interval.end}
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
