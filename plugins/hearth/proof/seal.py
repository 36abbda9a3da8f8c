"""Seal what the ledger and the quarantine gained since the last seal.

A seal names its rows one by one, so it does not matter that numbers are allotted before their transaction commits: a row
not visible yet is simply not in this seal and will be in the next. No writer ever waits for it.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from hearth.landing.store import LandingStore
from hearth.proof.digests import BEFORE_THE_FIRST, seal_sha256
from hearth.proof.relations import WRITTEN_WITH, Relation, append_only_relations, digest
from hearth.warehouse import mart_parts
from hearth.warehouse.connections import connect

PART_ROWS = 10_000
STEP = "seal"
"""Name of the sealing's own steps in the ledger: they alone are no reason for another seal."""

ADD_PARTS = """
with sealed as materialized (
    select {sealed_key} as key from ledger.seal_part as p cross join lateral unnest(string_to_array(p.keys, E'\\n')) as k(key)
    where p.relation = {keeper} and p.seal_id < {seal_id}
),
fresh as (
    select {key} as key, {digest} as digest from {table} as r where not exists (select from sealed where sealed.key = {own_key})
),
numbered as (select key, digest, (row_number() over (order by key collate "C") - 1) / {part_rows} as chunk from fresh),
parts as (
    select chunk, count(*) as rows, string_agg(key, E'\\n' order by key collate "C") as keys,
        string_agg(digest, ''::bytea order by key collate "C") as digests
    from numbered group by chunk
)
insert into ledger.seal_part (seal_id, part, relation, columns, rows, keys, digests, sha256)
select {seal_id}, {first_part} + chunk, {name}, {columns}, rows, keys, digests, encode(sha256(convert_to(concat_ws(E'\\n',
    {name}, array_to_string({columns}, ','), keys, encode(digests, 'hex')), 'UTF8')), 'hex')
from parts
"""


@dataclass(frozen=True)
class NewSeal:
    seal_id: int
    rows: int
    sha256: str


def seal(run_id: str) -> NewSeal | None:
    """Seal everything visible now that no seal covers; None when there is nothing but steps of earlier sealings.

    One at a time: a second caller waits and then finds nothing new. Manifests without a digest get one first.
    """
    with closing(connect("keeper")) as connection:
        connection.autocommit = True
        # Taken before the snapshot: whoever waits here must see the seal it waited for.
        connection.execute("select pg_advisory_lock(hashtext('hearth.seal'))")
        note_manifests(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            made = _seal_visible(connection, run_id)
            if made is None:
                raise psycopg.Rollback
    return made


def _seal_visible(connection: psycopg.Connection, run_id: str) -> NewSeal | None:
    connection.execute(mart_parts.SESSION)
    last = connection.execute("select seal_id, sha256 from ledger.seal order by seal_id desc limit 1").fetchone()
    number, previous = (last[0] + 1, last[1]) if last else (1, BEFORE_THE_FIRST)
    parts = 0
    for relation in append_only_relations(connection).values():
        parts += connection.execute(_add_parts(relation, number, parts + 1)).rowcount
    if not parts or _only_own_steps(connection, number):
        return None
    made = connection.execute(
        "select part, relation, rows, sha256 from ledger.seal_part where seal_id = %s order by part", (number,)
    ).fetchall()
    rows, sealed_at = sum(row[2] for row in made), datetime.now(UTC)
    sha256 = seal_sha256(number, previous, sealed_at, run_id, made)
    connection.execute(
        "insert into ledger.seal (seal_id, previous_sha256, parts, rows, sha256, sealed_at, run_id) values (%s,%s,%s,%s,%s,%s,%s)",
        (number, previous, parts, rows, sha256, sealed_at, run_id),
    )
    return NewSeal(number, rows, sha256)


def _add_parts(relation: Relation, seal_id: int, first_part: int) -> sql.Composed:
    """The statement that seals the rows of one table which no earlier seal covers."""
    sealed_key: sql.Composable
    own_key: sql.Composable
    if relation.name in WRITTEN_WITH:
        keeper, column = WRITTEN_WITH[relation.name]
        sealed_key, own_key = sql.SQL("(k.key::json ->> 0)::bigint"), sql.SQL("r.{}").format(sql.Identifier(column))
    else:
        keeper, sealed_key, own_key = relation.name, sql.SQL("k.key"), relation.key_text
    return sql.SQL(ADD_PARTS).format(
        sealed_key=sealed_key,
        keeper=sql.Literal(keeper),
        seal_id=sql.Literal(seal_id),
        key=relation.key_text,
        digest=digest(relation.columns),
        table=relation.table,
        own_key=own_key,
        part_rows=sql.Literal(PART_ROWS),
        first_part=sql.Literal(first_part),
        name=sql.Literal(relation.name),
        columns=sql.SQL("{}::text[]").format(sql.Literal(list(relation.columns))),
    )


def _only_own_steps(connection: psycopg.Connection, seal_id: int) -> bool:
    row = connection.execute(
        "select bool_and(p.relation = 'ledger.step' and not exists (select from unnest(string_to_array(p.keys, E'\\n')) as k(key)"
        " join ledger.step s on s.step_id = (k.key::json ->> 0)::bigint where s.step <> %s))"
        " from ledger.seal_part p where p.seal_id = %s",
        (STEP, seal_id),
    ).fetchone()
    return bool(row and row[0])


def note_manifests(connection: psycopg.Connection) -> int:
    """Digests of manifests of pulls from before manifests were digested at landing; returns how many.

    A manifest that is gone stays without a digest; `hearth verify` names it.
    """
    unknown = connection.execute(
        "select pull_id, manifest from ledger.pull p where not exists"
        " (select from ledger.manifest_digest m where m.pull_id = p.pull_id) order by pull_id"
    ).fetchall()
    store = LandingStore() if unknown else None
    noted = []
    for pull_id, manifest in unknown:
        assert store is not None
        path = store.root / manifest
        if path.exists():
            noted.append((pull_id, manifest, hashlib.sha256(path.read_bytes()).hexdigest()))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.manifest_digest (pull_id, manifest, sha256, noted_when) values (%s, %s, %s, 'sealed')"
            " on conflict do nothing",
            noted,
        )
    return len(noted)
