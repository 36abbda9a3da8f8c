"""What the ledger keeps of a publication: its definitions, a digest of every part it wrote, every KPI value it changed.

The content hash over definitions and parts says nothing of times, ids, runs or triggers: the same data by the same
definitions gives the same hash, wherever and whenever it is published.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import psycopg
from psycopg import sql

from hearth.warehouse import mart_parts

NAMED_FILES = 5
"""So many changed files are named in a reason; the rest are counted."""


OF_RUNS = ("feed_quality", "quarantine_ageing", "source_reconciliation")
"""Marts that speak of pulls, batches and times; they have digests of their own and are no part of the content hash."""


@dataclass(frozen=True)
class Scope:
    """The rows of a mart that a publication wrote: the days in the temporary table `changed_day`, or all of them.

    `table`: where they stand in schema marts until the commit (a mart of a new shape is filled beside the old one).
    """

    mart: str
    table: str
    day: str | None
    is_whole: bool

    @property
    def where(self) -> sql.Composable:
        if self.is_whole or self.day is None:
            return sql.SQL("true")
        return sql.SQL("{} in (select day from changed_day)").format(sql.Identifier(self.day))


def keep_definition(connection: psycopg.Connection, definition_hash: str, files: dict[str, bytes]) -> None:
    """Remember the files a definition hash stands for, each content once."""
    if connection.execute("select 1 from ledger.definition where definition_hash = %s limit 1", (definition_hash,)).fetchone():
        return
    digests = {place: hashlib.sha256(content).hexdigest() for place, content in files.items()}
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.definition_file (sha256, content) values (%s, %s) on conflict do nothing",
            [(digests[place], content.decode("utf-8")) for place, content in files.items()],
        )
        cursor.executemany(
            "insert into ledger.definition (definition_hash, path, sha256) values (%s, %s, %s)",
            [(definition_hash, place, digest) for place, digest in digests.items()],
        )


PARTS = """
with found as ({found}),
before as ({before}),
gone as (
    select part, 0, encode(sha256(''::bytea), 'hex') from before
    where rows > 0 and part not in (select part from found) and {could_go}
)
select n.part, n.rows, n.sha256 from (select * from found union all select * from gone) as n
left join before as b using (part)
where (n.rows, n.sha256) is distinct from (b.rows, b.sha256)
"""


def record_parts(connection: psycopg.Connection, publication_id: int, scope: Scope) -> None:
    """Digests of the parts written."""
    connection.execute(mart_parts.SESSION)
    could_go = sql.SQL("true") if scope.is_whole else sql.SQL("part in (select day::text from changed_day)")
    # Asked first and inserted then: PostgreSQL reads on several cores for a query, but not for an insert.
    found, before = mart_parts.digests(scope.table, scope.day, scope.where), mart_parts.published(scope.mart)
    written = connection.execute(sql.SQL(PARTS).format(found=found, before=before, could_go=could_go)).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.publication_part (publication_id, mart, part, rows, sha256) values (%s, %s, %s, %s, %s)",
            [(publication_id, scope.mart, *part) for part in written],
        )


def content_hash(connection: psycopg.Connection, definition_hash: str) -> str:
    """sha256 over the definition hash and the newest digest of every part that has rows."""
    rows = connection.execute(
        "select mart, part, rows, sha256 from (select distinct on (mart, part) * from ledger.publication_part where mart <> all(%s)"
        ' order by mart, part, publication_id desc) as newest where rows > 0 order by mart collate "C", part collate "C"',
        (list(OF_RUNS),),
    ).fetchall()
    lines = [f"definitions {definition_hash}", *(f"{mart} {part} {count} {digest}" for mart, part, count, digest in rows)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


VALUES = """
with before as (
    select distinct on (heating_date, kpi, unit_kind, unit_id) * from ledger.published_value
    where {where} order by heating_date, kpi, unit_kind, unit_id, publication_id desc
),
reported as (
    select season, kpi, max(heating_date) as last_date from ledger.published_value where not is_gone group by season, kpi
),
compared as (
    select
        coalesce(n.season, b.season) as season, heating_date, unit_kind, unit_id, kpi, n.season is null as is_gone,
        n.value, n.numerator, n.denominator, n.target, n.verdict, b.value as before_value,
        b.season is not null and not b.is_gone as was_reported
    from (select * from marts.{table} where {where}) as n
    full join before as b using (heating_date, kpi, unit_kind, unit_id)
    where (n.value, n.numerator, n.denominator, n.target, n.verdict, n.season is null)
        is distinct from (b.value, b.numerator, b.denominator, b.target, b.verdict, coalesce(b.is_gone, true))
),
judged as (
    select
        c.*,
        c.was_reported
        and ((c.value is null) <> (c.before_value is null) or abs(c.value - c.before_value) > coalesce(l.tolerance, 0))
        and c.heating_date <= r.last_date - coalesce(l.preliminary_days, 0) as is_restatement
    from compared as c
    left join reported as r using (season, kpi)
    left join reference.restatement_rule as l
        on c.kpi = l.kpi and l.jurisdiction = (select jurisdiction from reference.place)
        and c.heating_date >= l.valid_from and (l.valid_to is null or c.heating_date <= l.valid_to)
)
insert into ledger.published_value (publication_id, season, heating_date, unit_kind, unit_id, kpi, is_gone, value, numerator,
    denominator, target, verdict, before_value, is_restatement, reason)
select {publication}, season, heating_date, unit_kind, unit_id, kpi, is_gone, value, numerator, denominator, target, verdict,
    before_value, coalesce(is_restatement, false), case when is_restatement then {reason} end
from judged
"""


def record_values(connection: psycopg.Connection, publication_id: int, build_id: int, scope: Scope) -> None:
    """KPI values the publication brought or changed; a change beyond the dated tolerance of a value that was final
    is a restatement, with what caused it."""
    connection.execute(
        sql.SQL(VALUES).format(
            table=sql.Identifier(scope.table),
            where=scope.where,
            publication=sql.Literal(publication_id),
            reason=sql.Literal(_reason(connection, build_id)),
        )
    )


def _reason(connection: psycopg.Connection, build_id: int) -> str:
    """What a build brought: changed definitions, late or corrected deliveries."""
    changed = connection.execute(
        "with now as (select d.path, d.sha256 from ledger.build join ledger.definition d using (definition_hash)"
        " where build_id = %s), before as (select d.path, d.sha256 from ledger.definition d where d.definition_hash ="
        " (select definition_hash from ledger.publication order by publication_id desc limit 1))"
        " select coalesce(n.path, b.path) from now n full join before b using (path)"
        " where n.sha256 is distinct from b.sha256 order by 1",
        (build_id,),
    ).fetchall()
    delivered = connection.execute(
        "select b.feed || case b.kind when 'replay' then ' (replayed)' else '' end from ledger.build_batch"
        " join ledger.batch b using (batch_id) where build_id = %s group by 1 order by 1",
        (build_id,),
    ).fetchall()
    said = []
    if changed:
        paths = [path for (path,) in changed]
        more = f" and {len(paths) - NAMED_FILES} more" if len(paths) > NAMED_FILES else ""
        said.append(f"definitions changed: {', '.join(paths[:NAMED_FILES])}{more}")
    if delivered:
        said.append(f"late or corrected deliveries: {', '.join(name for (name,) in delivered)}")
    return "; ".join(said) or "built again from the same batches by the same definitions"
