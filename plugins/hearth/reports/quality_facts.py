"""What the quality report says, asked of the ledger: which validations fell on which day, and what became of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

SAMPLES = 10
"""So many quarantined rows of a batch and reason are named by file and line; a command names the rest."""

_DAYS = """
create temp table day_of on commit drop as
select v.validation_id, v.subject, v.suite, v.success, coalesce(v.severity, 'none') as severity, v.batch_id,
    (coalesce(b.interval_end - interval '1 microsecond', v.validated_at) at time zone %s)::date as day,
    s.by_batch_id is not null as is_superseded
from ledger.validation v
left join ledger.batch b using (batch_id) left join ledger.supersession s using (batch_id)
"""
_CELLS = """
select subject, day, count(*) as validations, count(*) filter (where severity = 'critical' and not is_superseded) as critical,
    count(*) filter (where severity in ('warning', 'info') and not is_superseded) as warning
from day_of group by subject, day order by day, subject
"""
_SIGNATURES = """
with fate as (
    select q.batch_id, string_agg(format('%%s %%s', q.state, q.n), ',' order by q.state) as states
    from (select batch_id, state, count(*) as n from quarantine.row_state group by 1, 2) q group by 1
)
select d.subject, to_char(d.day, 'YYYY-MM') as month, md5(string_agg(
    concat_ws(' ', d.validation_id, d.is_superseded, f.states), ';' order by d.validation_id))
from day_of d left join fate f using (batch_id) group by 1, 2
"""
_VALIDATIONS = """
select d.validation_id, d.subject, d.suite, d.day, d.success, d.severity, d.is_superseded, v.validated_at, v.run_id, d.batch_id,
    v.build_id, b.status, b.kind, b.rows_read, b.rows_loaded, b.rows_quarantined, b.rows_duplicate, b.interval_start,
    b.interval_end, exists (select from ledger.publication p where p.build_id = v.build_id) as is_published,
    case when not d.success then v.result end as result
from day_of d
join ledger.validation v using (validation_id)
join unnest(%s::text[], %s::text[]) as wanted (subject, month)
    on d.subject = wanted.subject and to_char(d.day, 'YYYY-MM') = wanted.month
left join ledger.batch b on d.batch_id = b.batch_id
order by d.subject, d.day, d.validation_id
"""
_FATES = """
select batch_id, reason, state, count(*) from quarantine.row_state cross join unnest(reasons) as reason
where batch_id = any(%s) group by 1, 2, 3 order by 1, 2, 3
"""
_POSITIONS = """
select batch_id, reason, source_name, sha256, position, sub_position, subject_id, state from (
    select q.batch_id, reason, f.source_name, f.sha256, q.position, q.sub_position, q.subject_id, q.state,
        row_number() over (partition by q.batch_id, reason order by q.file_id, q.position, q.sub_position) as nth
    from quarantine.row_state q cross join unnest(q.reasons) as reason join ledger.landing_file f using (file_id)
    where q.batch_id = any(%s)
) numbered where nth <= %s order by batch_id, reason, nth
"""


@dataclass(frozen=True)
class Cell:
    """One subject on one day."""

    subject: str
    day: date
    validations: int
    critical: int
    warning: int

    @property
    def severity(self) -> str:
        return "critical" if self.critical else "warning" if self.warning else "none"


@dataclass(frozen=True)
class Position:
    """A quarantined row: file, place in it, what it is about, what became of it."""

    file: str
    sha256: str
    position: int
    sub_position: int
    subject_id: str | None
    state: str

    @property
    def key(self) -> str:
        return f"{self.sha256[:8]}:{self.position}.{self.sub_position}"


@dataclass
class Validation:
    """One validation with its batch or build; `result` only where it failed."""

    validation_id: int
    subject: str
    suite: str
    day: date
    success: bool
    severity: str
    is_superseded: bool
    validated_at: datetime
    run_id: str
    batch_id: int | None
    build_id: int | None
    status: str | None
    kind: str | None
    rows_read: int | None
    rows_loaded: int | None
    rows_quarantined: int | None
    rows_duplicate: int | None
    interval_start: datetime | None
    interval_end: datetime | None
    is_published: bool
    result: dict[str, Any] | None
    fates: dict[str, dict[str, int]] = field(default_factory=dict)
    positions: dict[str, list[Position]] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """What happened to what was validated: a key of hearth.reports.words.OUTCOMES."""
        if self.is_superseded:
            return "superseded"
        if self.batch_id is None:
            return "published" if self.is_published else "not published"
        return self.status or "loaded"


def find_days(connection: psycopg.Connection, time_zone: str) -> None:
    """Make the temporary table day_of: every validation with its local day (the last one of its batch's interval)."""
    connection.execute(_DAYS, (time_zone,))
    connection.execute("analyze day_of")


def cells(connection: psycopg.Connection) -> list[Cell]:
    return [Cell(*row) for row in connection.execute(_CELLS).fetchall()]


def signatures(connection: psycopg.Connection) -> dict[tuple[str, str], str]:
    """(subject, month) -> digest of what its page says; it changes with a validation, a replay, a waiver, a replacement."""
    return {(subject, month): digest for subject, month, digest in connection.execute(_SIGNATURES, ()).fetchall()}


def on_pages(connection: psycopg.Connection, has_page: set[int]) -> dict[tuple[str, str], str]:
    """(subject, month) -> digest of which of its validations have a page of Data Docs to link to."""
    rows = connection.execute(
        "select subject, to_char(day, 'YYYY-MM'), md5(string_agg(validation_id::text, ' ' order by validation_id)) from day_of"
        " where validation_id = any(%s) group by 1, 2",
        (list(has_page),),
    ).fetchall()
    return {(subject, month): digest for subject, month, digest in rows}


def validations(connection: psycopg.Connection, pages: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Validation]]:
    """The validations of each (subject, month), in order of day, with the fate of the rows that failed ones refused."""
    wanted = list(pages)
    subjects, months = [page[0] for page in wanted], [page[1] for page in wanted]
    found = [Validation(*row) for row in connection.execute(_VALIDATIONS, (subjects, months)).fetchall()]
    failed = sorted({v.batch_id for v in found if not v.success and v.batch_id is not None})
    fates: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for batch, reason, state, number in connection.execute(_FATES, (failed,)).fetchall():
        fates[batch][reason][state] = number
    positions: dict[int, dict[str, list[Position]]] = defaultdict(lambda: defaultdict(list))
    for batch, reason, *place in connection.execute(_POSITIONS, (failed, SAMPLES)).fetchall():
        positions[batch][reason].append(Position(*place))
    by_page: dict[tuple[str, str], list[Validation]] = {page: [] for page in wanted}
    for validation in found:
        if validation.batch_id is not None:
            validation.fates, validation.positions = fates[validation.batch_id], positions[validation.batch_id]
        by_page[validation.subject, f"{validation.day:%Y-%m}"].append(validation)
    return by_page


def differing_stages(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """(subject, feed, stage, expected, found, message, checked at) of every stage that does not hold what it should."""
    return connection.execute(
        "select subject, coalesce(feed, ''), stage, number_expected, number_found, coalesce(message, ''), checked_at"
        " from ledger.stage_state where outcome = 'differs' order by checked_at desc, subject limit 20"
    ).fetchall()
