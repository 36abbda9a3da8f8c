"""Look at each stage of the way again: source, landing files, raw, quarantine, staging, marts; name the one that differs.

Expected is what the ledger kept when the batch was loaded (counts, digests) or the marts were published. What is found is
recorded in ledger.stage_check and shown by ledger.stage_state; nothing is repaired here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.lake import catalogue
from hearth.landing.store import LandingStore
from hearth.loading.statement_text import QUARANTINED
from hearth.proof import reading_files
from hearth.sources.ask import ask_source
from hearth.warehouse import mart_parts
from hearth.warehouse.connections import connect

STAGED = (
    "outdoor_reading", "outdoor_forecast",
    "service_ticket", "maintenance_order", "household_visit", "renewal_progress",
)  # fmt: skip
"""Entities whose staging view has exactly one row for each natural key that raw holds."""


class Differs(RuntimeError):
    """A stage does not hold what the ledger says; the message names stage and subject."""


@dataclass(frozen=True)
class Check:
    """One stage of one subject: `pull 12`, `entity room_reading` or `mart season_kpi`."""

    subject: str
    stage: str
    outcome: str
    expected: int | None = None
    found: int | None = None
    message: str | None = None
    pull_id: int | None = None
    feed: str | None = None

    def __str__(self) -> str:
        numbers = "" if self.expected is None else f": {self.expected} expected, {self.found} found"
        return f"{self.feed or ''} {self.subject}, {self.stage}{numbers}{f' ({self.message})' if self.message else ''}".strip()


@dataclass(frozen=True)
class StandingPull:
    pull_id: int
    feed: str
    entity: str
    interval: Interval
    batch_ids: tuple[int, ...]

    def check(self, stage: str, outcome: str, expected: int | None, found: int | None, message: str | None = None) -> Check:
        return Check(f"pull {self.pull_id}", stage, outcome, expected, found, message, self.pull_id, self.feed)


_PULLS = """
select p.pull_id, b.feed, b.entity, p.interval_start, p.interval_end, array_agg(b.batch_id order by b.batch_id)
from ledger.batch_current b join ledger.pull p using (pull_id)
where (%(feed)s::text is null or b.feed = %(feed)s) and (%(pull)s::bigint is null or p.pull_id = %(pull)s)
  and b.committed_at >= coalesce(%(since)s::timestamptz, '-infinity')
  and b.committed_at < coalesce(%(until)s::timestamptz, 'infinity')
group by p.pull_id, b.feed, b.entity order by p.pull_id
"""


def standing_pulls(
    feed: str | None = None, pull_id: int | None = None, since: datetime | None = None, until: datetime | None = None
) -> list[StandingPull]:
    """Pulls whose rows stand; `since` and `until`: when their batches were committed."""
    with connect("keeper") as connection:
        rows = connection.execute(_PULLS, {"feed": feed, "pull": pull_id, "since": since, "until": until}).fetchall()
    return [StandingPull(p, f, e, Interval(start, end), tuple(ids)) for p, f, e, start, end, ids in rows]


def left_out(pulls: list[StandingPull]) -> list[tuple[str, int, str, str, int]]:
    """(feed, pull, column, reason, number) of what the batches of these pulls left out of rows they accepted."""
    pull_of = {batch: pull for pull in pulls for batch in pull.batch_ids}
    with connect("keeper") as connection:
        rows = connection.execute(
            "select batch_id, column_name, reason, number from ledger.batch_left_out where batch_id = any(%s) order by 1, 2, 3",
            (list(pull_of),),
        ).fetchall()
    return [(pull_of[batch].feed, pull_of[batch].pull_id, *rest) for batch, *rest in rows]


def reconcile(run_id: str, pulls: list[StandingPull], contracts: dict[str, Contract], wholes: bool = True) -> list[Check]:
    """Check and record the stages of these pulls, and with `wholes` raw, staging and marts as such.

    `contracts`: feeds whose sources are asked again (those that can be).
    """
    checks = [check for pull in pulls if (found := _source(pull, contracts)) for check in [found]]
    with connect("keeper") as connection:
        connection.execute("set transaction isolation level repeatable read")
        checks += [_landing(connection, pull) for pull in pulls]
        checks += _contents(connection, pulls)
        if wholes:
            checks += _rows_without_batch(connection)
            checks += _files_of_readings(connection)
    if wholes:
        checks += [*_staging(), *_marts()]
    # A pull that was replaced while it was looked at says nothing.
    stand = {pull.pull_id for pull in standing_pulls()} if pulls else set()
    checks = [check for check in checks if check.pull_id is None or check.pull_id in stand]
    _record(run_id, checks)
    return checks


def _record(run_id: str, checks: Iterable[Check]) -> None:
    with connect("keeper") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.stage_check (run_id, subject, pull_id, feed, stage, outcome, number_expected, number_found,"
            " message) values (%s,%s,%s,%s,%s,%s,%s,%s,%s)",
            [(run_id, c.subject, c.pull_id, c.feed, c.stage, c.outcome, c.expected, c.found, c.message) for c in checks],
        )


def _source(pull: StandingPull, contracts: dict[str, Contract]) -> Check | None:
    """The source asked again: does it still say what it said at the pull?"""
    contract = contracts.get(pull.feed)
    if contract is None or contract.reconcile is None:
        return None
    with connect("keeper") as connection:
        said = connection.execute(
            "select number, sums from ledger.source_answer where pull_id = %s and outcome = 'answered'", (pull.pull_id,)
        ).fetchone()
    if said is None:
        return None
    answer = ask_source(contract, pull.interval)
    if answer.number is None:
        return pull.check("source", answer.outcome, said[0], None, answer.message)
    sums = [f"sum of {n} was {v}, is {answer.sums.get(n)}" for n, v in said[1].items() if answer.sums.get(n) != v]
    message = "; ".join(["the source says otherwise than at the pull", *sums])
    same = answer.number == said[0] and not sums
    return pull.check("source", "equal" if same else "differs", said[0], answer.number, None if same else message)


def _landing(connection: psycopg.Connection, pull: StandingPull) -> Check:
    """Every landing file by its sha256 in the ledger (not that of the manifest, which lies beside the file)."""
    store, wrong = LandingStore(), []
    files = connection.execute(
        "select stored_as, sha256 from ledger.landing_file where pull_id = %s order by ordinal", (pull.pull_id,)
    ).fetchall()
    for stored_as, sha256 in files:
        try:
            store.open(stored_as, sha256).close()
        except FileNotFoundError:
            wrong.append(f"{stored_as} is gone")
        except ValueError as error:
            wrong.append(str(error))
    message = "; ".join(wrong[:3]) or None
    return pull.check("landing", "differs" if wrong else "equal", len(files), len(files) - len(wrong), message)


Comparison = tuple[int, int, int, int]
"""Of a batch: (rows expected, digest expected, rows found, digest found)."""

_KEPT = """
select b.batch_id, b.rows_loaded, b.rows_quarantined, c.raw_columns, c.raw_hash, c.quarantine_hash
from ledger.batch b join ledger.batch_content c using (batch_id) where b.batch_id = any(%s)
"""


def _contents(connection: psycopg.Connection, pulls: list[StandingPull]) -> Iterator[Check]:
    """Rows of every pull in raw and in quarantine against the digests of its batches."""
    for entity in sorted({pull.entity for pull in pulls}):
        mine = [pull for pull in pulls if pull.entity == entity]
        ids = [batch for pull in mine for batch in pull.batch_ids]
        kept = {row[0]: row[1:] for row in connection.execute(_KEPT, (ids,)).fetchall()}
        raw = _raw_of_files(connection, kept) if ENTITIES[entity].in_files else _raw_of_table(connection, entity, kept)
        quarantine = _digests(connection, sql.Identifier("quarantine", "row"), QUARANTINED, list(kept))
        for pull in mine:
            known = [batch for batch in pull.batch_ids if batch in kept]
            yield _compared(pull, "raw", [raw[b] for b in known])
            yield _compared(pull, "quarantine", [(kept[b][1], kept[b][4], *quarantine.get(b, (0, 0))) for b in known])


def _raw_of_table(connection: psycopg.Connection, entity: str, kept: dict[int, tuple[Any, ...]]) -> dict[int, Comparison]:
    by_columns: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for batch, (_, _, columns, _, _) in kept.items():
        by_columns[tuple(columns)].append(batch)
    found: dict[int, tuple[int, int]] = {}
    for columns, batches in by_columns.items():
        found |= _digests(connection, sql.Identifier("raw", entity), columns, batches)
    return {batch: (rows, digest, *found.get(batch, (0, 0))) for batch, (rows, _, _, digest, _) in kept.items()}


def _raw_of_files(connection: psycopg.Connection, kept: dict[int, tuple[Any, ...]]) -> dict[int, Comparison]:
    then, now = reading_files.kept_and_found(connection, list(kept))
    nothing = (0, 0)
    return {batch: (rows, then.get(batch, nothing)[1], *now.get(batch, nothing)) for batch, (rows, *_) in kept.items()}


def _digests(
    connection: psycopg.Connection, table: sql.Composable, columns: Iterable[str], batches: list[int]
) -> dict[int, tuple[int, int]]:
    """batch_id -> (rows, digest) as they are now."""
    query = sql.SQL(
        "select batch_id, count(*), sum(hash_record_extended(row({}), 0)) from {} where batch_id = any(%s) group by 1"
    ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), table)
    return {batch: (rows, digest) for batch, rows, digest in connection.execute(query, (batches,)).fetchall()}


def _compared(pull: StandingPull, stage: str, batches: list[Comparison]) -> Check:
    """Of each batch of the pull."""
    expected, found = sum(b[0] for b in batches), sum(b[2] for b in batches)
    if all((b[0], b[1]) == (b[2], b[3]) for b in batches):
        return pull.check(stage, "equal", expected, found)
    message = "rows were altered" if expected == found else "rows are missing" if found < expected else "rows were added"
    return pull.check(stage, "differs", expected, found, message)


def _rows_without_batch(connection: psycopg.Connection) -> Iterator[Check]:
    """Rows of raw that no standing batch brought: staging would see them."""
    for entity in (name for name, definition in ENTITIES.items() if not definition.in_files):
        query = sql.SQL(
            "select coalesce(sum(n), 0)::bigint, count(*) from (select batch_id, feed, count(*) as n from {} group by 1, 2) r"
            " where not exists (select from ledger.batch_current b where b.batch_id = r.batch_id and b.feed = r.feed"
            " and b.status = 'loaded')"
        ).format(sql.Identifier("raw", entity))
        row = connection.execute(query).fetchone()
        stray = int(row[0]) if row else 0
        message = "rows that no standing batch of the ledger brought" if stray else None
        yield Check(f"entity {entity}", "raw", "differs" if stray else "equal", 0, stray, message)


def _files_of_readings(connection: psycopg.Connection) -> Iterator[Check]:
    """Every file of readings that counts is there and is what was written."""
    for entity in (name for name, definition in ENTITIES.items() if definition.in_files):
        files = catalogue.current(connection, entity)
        wrong = reading_files.damaged(files)
        message = "; ".join(wrong[:3]) or None
        yield Check(f"entity {entity}", "raw", "differs" if wrong else "equal", len(files), len(files) - len(wrong), message)


def _staging() -> Iterator[Check]:
    """Staging has one row for each natural key in raw."""
    with connect("transformer") as connection:
        for entity in (*STAGED, *(name for name, definition in ENTITIES.items() if definition.is_own)):
            view = sql.Identifier("staging", f"stg_{entity}")
            if not connection.execute("select to_regclass(%s)", (f"staging.stg_{entity}",)).fetchone()[0]:  # type: ignore[index]
                continue
            key = sql.SQL(", ").join(map(sql.Identifier, ENTITIES[entity].natural_key))
            query = sql.SQL(
                "select (select count(*) from (select distinct {key} from {raw}) k), (select count(*) from {view})"
            ).format(key=key, raw=sql.Identifier("raw", entity), view=view)
            expected, found = connection.execute(query).fetchone()  # type: ignore[misc]
            message = None if expected == found else "staging does not show one row for each key in raw; build again"
            yield Check(f"entity {entity}", "staging", "equal" if expected == found else "differs", expected, found, message)


_PART = """
with found as ({found}),
published as ({published})
select coalesce(sum(p.rows), 0)::bigint, coalesce(sum(f.rows), 0)::bigint,
    (array_agg(coalesce(p.part, f.part) order by 1) filter (where coalesce(p.rows, 0) <> coalesce(f.rows, 0)
        or (f.rows > 0 and f.sha256 is distinct from p.sha256)))[1:3]
from published as p full join found as f using (part)
"""


def _marts() -> Iterator[Check]:
    """The published marts against the digests of their newest publication."""
    with connect("publisher") as connection:
        connection.execute(mart_parts.SESSION)
        marts = connection.execute(
            "select distinct mart, (select a.attname from pg_attribute a where a.attrelid = to_regclass(format('marts.%%I', mart))"
            " and a.attname = any(%s) and not a.attisdropped limit 1), to_regclass(format('marts.%%I', mart)) is not null"
            " from ledger.publication_part order by 1",
            (list(mart_parts.DAY_COLUMNS),),
        ).fetchall()
        for mart, day, exists in marts:
            if not exists:
                yield Check(f"mart {mart}", "marts", "differs", None, None, "the mart was published and is gone")
                continue
            query = sql.SQL(_PART).format(found=mart_parts.digests(mart, day), published=mart_parts.published(mart))
            expected, found, others = connection.execute(query).fetchone()  # type: ignore[misc]
            message = f"not what was published: {', '.join(others)}" if others else None
            yield Check(f"mart {mart}", "marts", "differs" if others else "equal", expected, found, message)


def refuse_differences(checks: Iterable[Check]) -> None:
    """Raises Differs with a line for each stage that differs."""
    lines = [f"- {check}" for check in checks if check.outcome == "differs"]
    if lines:
        raise Differs("not what the ledger says; nothing was repaired. docs/runbook.md says what to do.\n" + "\n".join(lines))
