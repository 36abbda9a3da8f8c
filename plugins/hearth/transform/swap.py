"""A mart of a new shape takes the old one's place without making readers wait.

It is filled beside the old one; only the change of names needs the table for itself. PostgreSQL lets nobody past a lock that waits,
so a lock that is not had at once is given up and asked for again: whoever reads meanwhile reads the old one. A reader of several
marts may hold one and wait for the next; so all locks are taken before anything is changed, and only the first one is waited for.
Who holds none while it waits, and waits for none while it holds some, closes no circle that PostgreSQL would end by refusing the
reader.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from hearth.warehouse.branches import altered, protect, release

WAIT_SECONDS = 600.0
"""How long readers of a mart are waited for; HEARTH_PUBLISH_WAIT_SECONDS sets another."""

AT_ONCE_MILLISECONDS = 200
PAUSE_SECONDS = 1.0


class ReadersInTheWay(RuntimeError):
    """Somebody kept a mart open all the time; nothing is published, the published marts stay as they were."""


def beside(mart: str) -> str:
    """Name of the table in which a mart of a new shape is filled."""
    return f"{mart}__next"


def take_place(connection: psycopg.Connection, marts: Sequence[str]) -> None:
    """Give each table filled beside its mart the mart's name, with the policies of branches; the last thing before the commit.

    Raises ReadersInTheWay.
    """
    if not marts:
        return
    wait = float(os.environ.get("HEARTH_PUBLISH_WAIT_SECONDS") or WAIT_SECONDS)
    until = time.monotonic() + wait
    while True:
        try:
            with connection.transaction():
                _lock(connection, altered(connection, marts))
                for mart in marts:
                    old, new = sql.Identifier("marts", mart), sql.Identifier("marts", beside(mart))
                    release(connection, mart)
                    connection.execute(sql.SQL("drop table if exists {}").format(old))
                    connection.execute(sql.SQL("alter table {} rename to {}").format(new, sql.Identifier(mart)))
                protect(connection)
            return
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() >= until:
                raise ReadersInTheWay(_in_the_way(connection, marts, wait)) from None
            time.sleep(min(PAUSE_SECONDS, wait))


def _lock(connection: psycopg.Connection, marts: Sequence[str]) -> None:
    """Have all these marts alone until the transaction ends. Raises LockNotAvailable."""
    connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{AT_ONCE_MILLISECONDS}ms")))
    for number, mart in enumerate(marts):
        how = sql.SQL("nowait" if number else "")
        connection.execute(sql.SQL("lock table {} in access exclusive mode {}").format(sql.Identifier("marts", mart), how))


def _in_the_way(connection: psycopg.Connection, marts: Sequence[str], wait: float) -> str:
    readers = connection.execute(
        "select distinct a.usename, a.pid from pg_locks l join pg_stat_activity a using (pid)"
        " where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()"
        " and l.relation = any(select to_regclass(format('marts.%%I', m))::oid from unnest(%s::text[]) m) order by 1, 2",
        (list(marts),),
    ).fetchall()
    who = ", ".join(f"{user} (process {pid})" for user, pid in readers) or "somebody"
    return (
        f"{', '.join(marts)} changed shape, and in {wait:g} s they were never free: held open by {who}. Nothing is published;"
        " the marts of the last publication stay readable. Have those sessions ended, then run it again"
        " (HEARTH_PUBLISH_WAIT_SECONDS sets how long to wait; idle transactions end by themselves, see HEARTH_SESSION_LIMITS)."
    )
