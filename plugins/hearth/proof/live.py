"""Check a live warehouse against its seals and publications; every broken link is named."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from hearth.proof.digests import Finding, Seal, check_chain, content_sha256, definition_sha256
from hearth.proof.relations import WRITTEN_WITH, Relation, append_only_relations, digest, unguarded
from hearth.warehouse import mart_parts

NAMED_ROWS = 20
"""So many rows of one table are named; the rest are counted."""


@dataclass
class Report:
    """What was checked, and what is broken."""

    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.findings


def verify_warehouse(connection: psycopg.Connection) -> Report:
    """Chain, sealed rows, definitions, content hashes and published marts, all seen at one moment."""
    report = Report()
    connection.execute(mart_parts.SESSION)
    _check_seals(connection, report)
    relations = append_only_relations(connection)
    for name, columns in connection.execute(
        "select relation, columns from ledger.seal_part group by 1, 2 order by relation, min(seal_id)"
    ).fetchall():
        _check_rows(connection, report, relations.get(name), name, tuple(columns))
    for name in WRITTEN_WITH.keys() & relations.keys():
        _check_nothing_added(connection, report, relations[name])
    for table, problem in unguarded(connection):
        report.findings.append(Finding(table, "", f"changes are not refused: trigger {problem}"))
    _check_definitions(connection, report)
    _check_content_hashes(connection, report)
    _check_marts(connection, report)
    _check_pulls(connection, report)
    return report


def read_seals(connection: psycopg.Connection) -> list[Seal]:
    rows = connection.execute(
        "select seal_id, previous_sha256, parts, rows, sha256, sealed_at, run_id from ledger.seal order by seal_id"
    ).fetchall()
    return [Seal(*row) for row in rows]


def _check_seals(connection: psycopg.Connection, report: Report) -> None:
    seals = read_seals(connection)
    parts: dict[int, list[tuple[int, str, int, str]]] = {}
    for seal_id, *part in connection.execute("select seal_id, part, relation, rows, sha256 from ledger.seal_part"):
        parts.setdefault(seal_id, []).append((part[0], part[1], part[2], part[3]))
    report.findings += check_chain(seals, parts)
    broken = connection.execute(
        "select seal_id, part from ledger.seal_part where sha256 <> encode(sha256(convert_to(concat_ws(E'\\n', relation,"
        " array_to_string(columns, ','), keys, encode(digests, 'hex')), 'UTF8')), 'hex') order by 1, 2"
    ).fetchall()
    report.findings += [Finding("ledger.seal_part", f"seal {s} part {p}", "keys or digests were changed") for s, p in broken]
    last = f", the last is {seals[-1].sha256}" if seals else ""
    report.checked.append(f"{len(seals)} seals over {sum(seal.rows for seal in seals)} rows{last}")


ROWS = """
with sealed as materialized (
    select p.seal_id, k.key, substring(p.digests from (16 * (k.n - 1) + 1)::int for 16) as digest
    from (select seal_id, keys, digests || ''::bytea as digests from ledger.seal_part
          where relation = {name} and columns = {columns} offset 0) as p
    cross join lateral unnest(string_to_array(p.keys, E'\\n')) with ordinality as k(key, n)
),
found as (select {key} as key, {digest} as digest from {table} as r)
select s.seal_id, s.key, f.key is null, count(*) over ()
from sealed as s left join found as f using (key)
where f.digest is distinct from s.digest order by s.seal_id, s.key limit {limit}
"""


def _check_rows(
    connection: psycopg.Connection, report: Report, relation: Relation | None, name: str, columns: tuple[str, ...]
) -> None:
    """Every sealed row of one table is there and is what it was."""
    if relation is None:
        report.findings.append(Finding(name, "", "was sealed and is gone, table and all"))
        return
    gone = [column for column in columns if column not in relation.columns]
    if gone:
        report.findings.append(Finding(name, "", f"had column(s) {', '.join(gone)} when it was sealed; they are gone"))
        return
    statement = sql.SQL(ROWS).format(
        name=sql.Literal(name),
        columns=sql.SQL("{}::text[]").format(sql.Literal(list(columns))),
        key=relation.key_text,
        digest=digest(columns),
        table=relation.table,
        limit=sql.Literal(NAMED_ROWS),
    )
    rows = connection.execute(statement).fetchall()
    for seal_id, key, is_missing, _ in rows:
        what = f"sealed in seal {seal_id} and missing now" if is_missing else f"changed since seal {seal_id}"
        report.findings.append(Finding(name, key, what))
    if rows and rows[0][3] > len(rows):
        report.findings.append(Finding(name, "", f"and {rows[0][3] - len(rows)} more rows"))


ADDED = """
with parents as materialized (
    select (k.key::json ->> 0)::bigint as id from ledger.seal_part as p
    cross join lateral unnest(string_to_array(p.keys, E'\\n')) as k(key) where p.relation = {parent}
),
sealed as materialized (
    select k.key from ledger.seal_part as p cross join lateral unnest(string_to_array(p.keys, E'\\n')) as k(key)
    where p.relation = {name}
)
select {key}, count(*) over () from {table} as r
where r.{column} in (select id from parents) and {key} not in (select key from sealed)
order by 1 limit {limit}
"""


def _check_nothing_added(connection: psycopg.Connection, report: Report, relation: Relation) -> None:
    """No row beside a parent whose rows were all sealed."""
    parent, column = WRITTEN_WITH[relation.name]
    rows = connection.execute(
        sql.SQL(ADDED).format(
            parent=sql.Literal(parent),
            name=sql.Literal(relation.name),
            key=relation.key_text,
            table=relation.table,
            column=sql.Identifier(column),
            limit=sql.Literal(NAMED_ROWS),
        )
    ).fetchall()
    report.findings += [Finding(relation.name, key, f"was added after its {column} had been sealed") for key, _ in rows]


def _check_definitions(connection: psycopg.Connection, report: Report) -> None:
    changed = connection.execute(
        "select f.sha256, coalesce(string_agg(distinct d.path, ', '), 'a contract or suite') from ledger.definition_file f"
        " left join ledger.definition d using (sha256)"
        " where encode(sha256(convert_to(f.content, 'UTF8')), 'hex') <> f.sha256 group by 1 order by 2"
    ).fetchall()
    report.findings += [
        Finding("ledger.definition_file", sha256, f"the content of {paths} is not what its sha256 says")
        for sha256, paths in changed
    ]
    files: dict[str, dict[str, str]] = {}
    for definition, path, sha256 in connection.execute("select definition_hash, path, sha256 from ledger.definition"):
        files.setdefault(definition, {})[path] = sha256
    for definition, digests in files.items():
        if definition_sha256(digests) != definition:
            report.findings.append(
                Finding("ledger.definition", definition, "the files are not those the definition hash stands for")
            )
    report.checked.append(f"{len(files)} definitions")


def _check_content_hashes(connection: psycopg.Connection, report: Report) -> None:
    publications = connection.execute(
        "select publication_id, definition_hash, content_hash from ledger.publication order by publication_id"
    ).fetchall()
    parts = connection.execute(
        "select publication_id, mart, part, rows, sha256 from ledger.publication_part order by publication_id"
    )
    report.findings += check_content_hashes(publications, parts.fetchall())
    report.checked.append(f"{len(publications)} publications")


def check_content_hashes(publications: list[tuple], parts: list[tuple]) -> list[Finding]:
    """Recompute each publication's content hash from its parts; both lists are in order of publication.

    publications: (id, definition hash, content hash or null); parts: (id, mart, part, rows, sha256).
    """
    found, newest, position = [], dict[tuple[str, str], tuple[int, str]](), 0
    for number, definition, expected in publications:
        while position < len(parts) and parts[position][0] <= number:
            _, mart, part, rows, sha256 = parts[position]
            newest[mart, part] = (rows, sha256)
            position += 1
        if expected is not None and content_sha256(definition, newest) != expected:
            found.append(Finding("ledger.publication", f"[{number}]", "its content hash is not that of its definitions and parts"))
    return found


MART = """
with found as ({found}),
newest as ({published})
select part, f.rows, n.rows from found as f full join newest as n using (part)
where (coalesce(f.rows, 0), f.sha256) is distinct from (coalesce(n.rows, 0), case when n.rows > 0 then n.sha256 end) order by part
"""


def _check_marts(connection: psycopg.Connection, report: Report) -> None:
    """The published marts are what the newest publication of each part wrote."""
    columns: dict[str, list[str]] = {}
    for mart, column in connection.execute(
        "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where a.attnum > 0 and not a.attisdropped and c.relnamespace = 'marts'::regnamespace and c.relkind = 'r'"
        " order by 1, a.attnum"
    ):
        columns.setdefault(mart, []).append(column)
    known = [m for (m,) in connection.execute("select distinct mart from ledger.publication_part where rows > 0 order by 1")]
    for mart in sorted(columns.keys() | set(known)):
        if mart not in columns:
            report.findings.append(Finding(f"marts.{mart}", "", "was published and is gone"))
            continue
        found = mart_parts.digests(mart, mart_parts.day_column(columns[mart]))
        statement = sql.SQL(MART).format(found=found, published=mart_parts.published(mart))
        for place, rows, published in connection.execute(statement).fetchall():
            what = f"{rows or 0} rows that are not the {published or 0} published ones"
            named = _changed_values(connection, place) if mart == "season_kpi" else ""
            report.findings.append(Finding(f"marts.{mart}", place, what + named))
    report.checked.append(f"{len(known)} published marts")


def _changed_values(connection: psycopg.Connection, day: str) -> str:
    """The KPI values of a day that are not the published ones, in words."""
    rows = connection.execute(
        "with n as (select * from marts.season_kpi where heating_date = %(day)s), b as (select * from (select distinct on"
        " (kpi, unit_kind, unit_id) * from ledger.published_value where heating_date = %(day)s"
        " order by kpi, unit_kind, unit_id, publication_id desc) newest where not is_gone)"
        " select kpi, unit_kind, unit_id, (n.value, n.numerator, n.denominator, n.target, n.verdict)::text,"
        " (b.value, b.numerator, b.denominator, b.target, b.verdict)::text from n full join b using (kpi, unit_kind, unit_id)"
        " where (n.value, n.numerator, n.denominator, n.target, n.verdict, n.season)"
        " is distinct from (b.value, b.numerator, b.denominator, b.target, b.verdict, b.season) order by 1, 2, 3 limit %(limit)s",
        {"day": day, "limit": NAMED_ROWS},
    ).fetchall()
    return "".join(f"; {kpi} of {kind} {unit}: {now} now, {then} published" for kpi, kind, unit, now, then in rows)


def _check_pulls(connection: psycopg.Connection, report: Report) -> None:
    unknown = connection.execute(
        "select pull_id, manifest from ledger.pull p where landed_at < (select max(sealed_at) from ledger.seal)"
        " and not exists (select from ledger.manifest_digest m where m.pull_id = p.pull_id)"
        " order by 1"
    ).fetchall()
    report.findings += [
        Finding("ledger.pull", f"[{pull}]", f"its manifest {manifest} has no digest; was it gone at the first sealing?")
        for pull, manifest in unknown
    ]
