"""What an installation had published and counted when a trial began: tables of schema `before` in the trial's own database."""

from __future__ import annotations

import psycopg
from psycopg import sql

from hearth.warehouse.roles import login

SCHEMA = "before"
COUNTS = "_intake"
"""Table of INTAKE; no mart's name begins so."""

INTAKE = """
select feed, '' as reason, sum(rows_loaded)::bigint as rows from ledger.batch_current group by feed
union all
select q.feed, q.first_reason, count(*) from quarantine.row_open as q
inner join ledger.batch_current as b using (batch_id) group by q.feed, q.first_reason
"""
"""Rows that stand (reason empty) and open rows of quarantine by feed and first reason."""


def keep(url: str) -> None:
    """As the owner of a trial's database; engineers may read it."""
    schema = sql.Identifier(SCHEMA)
    with psycopg.connect(url) as owner:
        owner.execute("set local statement_timeout = 0")
        owner.execute(sql.SQL("create schema {}").format(schema))
        for (mart,) in owner.execute("select tablename from pg_tables where schemaname = 'marts'").fetchall():
            source, target = sql.Identifier("marts", mart), sql.Identifier(SCHEMA, mart)
            owner.execute(sql.SQL("create table {} as table {}").format(target, source))
        owner.execute(sql.SQL("create table {} as {}").format(sql.Identifier(SCHEMA, COUNTS), sql.SQL(INTAKE)))
        engineer = sql.Identifier(login("engineer"))
        owner.execute(sql.SQL("grant usage on schema {} to {}").format(schema, engineer))
        owner.execute(sql.SQL("grant select on all tables in schema {} to {}").format(schema, engineer))
