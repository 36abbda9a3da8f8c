"""The tables a seal covers: every one whose changes the database refuses, found by that trigger."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

CHAIN = ("ledger.seal", "ledger.seal_part")
"""The chain itself: each seal covers the one before."""

TRIGGERS = ("append_only", "append_only_truncate")

WRITTEN_WITH = {
    "ledger.batch_day": ("ledger.batch", "batch_id"),
    "ledger.batch_left_out": ("ledger.batch", "batch_id"),
    "ledger.merged_batch": ("ledger.reading_merge", "merge_id"),
    "ledger.merged_file": ("ledger.reading_merge", "merge_id"),
    "quarantine.row": ("ledger.batch", "batch_id"),
    "ledger.build_batch": ("ledger.build", "build_id"),
    "ledger.build_day": ("ledger.build", "build_id"),
    "ledger.publication_part": ("ledger.publication", "publication_id"),
    "ledger.published_value": ("ledger.publication", "publication_id"),
}
"""Table -> (its parent, the column that names it): rows written in their parent's own transaction. They are sealed with it, and a
row that appears beside a sealed parent later was added by somebody else."""


@dataclass(frozen=True)
class Relation:
    """A table with its primary key; columns in the order of the table."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def table(self) -> sql.Composable:
        return sql.Identifier(*self.name.split("."))

    @property
    def key_text(self) -> sql.Composable:
        """The primary key as a JSON array, of alias r."""
        return sql.SQL("json_build_array({})::text").format(_named(self.key))


def record_text(columns: tuple[str, ...] | list[str]) -> sql.Composable:
    """A row of alias r as text, by the columns it had when it was sealed."""
    return sql.SQL("row({})::text").format(_named(columns))


def digest(columns: tuple[str, ...] | list[str]) -> sql.Composable:
    """16 bytes of the sha256 of a row's text."""
    return sql.SQL("substring(sha256(convert_to({}, 'UTF8')) from 1 for 16)").format(record_text(columns))


def _named(columns: tuple[str, ...] | list[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("r.{}").format(sql.Identifier(name)) for name in columns)


RELATIONS = """
select n.nspname || '.' || c.relname,
    (select array_agg(a.attname::text order by k.n) from pg_index i, unnest(i.indkey::smallint[]) with ordinality k(attnum, n)
     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where i.indrelid = c.oid and i.indisprimary),
    (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('ledger', 'quarantine') and c.relkind in ('r', 'p') and not c.relispartition
    and (exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only')
         or n.nspname || '.' || c.relname = any(%s))
order by 1
"""


def append_only_relations(connection: psycopg.Connection) -> dict[str, Relation]:
    """Tables to seal, and those sealed before even if their trigger is gone; the chain itself left out.

    Raises LookupError for one without a primary key: its rows could not be named.
    """
    sealed = [name for (name,) in connection.execute("select distinct relation from ledger.seal_part")]
    found = {}
    for name, key, columns in connection.execute(RELATIONS, (sealed,)):
        if name in CHAIN:
            continue
        if not key:
            raise LookupError(f"{name} has no primary key, so its rows cannot be sealed; give it one by a migration")
        found[name] = Relation(name, tuple(key), tuple(columns))
    return found


def unguarded(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """(table, what is wrong) for every table of the ledger and the quarantine that lets itself be changed."""
    return connection.execute(
        "select n.nspname || '.' || c.relname, string_agg(w.name || case when t.tgname is null then ' is missing'"
        " else ' is disabled' end, ', ' order by w.name) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " cross join unnest(%s::text[]) as w(name)"
        " left join pg_trigger t on t.tgrelid = c.oid and t.tgname = w.name"
        " where (n.nspname = 'ledger' or n.nspname = 'quarantine' and c.relname in ('row', 'act')) and c.relkind in ('r', 'p')"
        " and not c.relispartition and c.relname <> 'migration' and (t.tgname is null or t.tgenabled not in ('O', 'A'))"
        " group by 1 order by 1",
        (list(TRIGGERS),),
    ).fetchall()
