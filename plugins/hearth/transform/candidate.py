"""Whose the candidate marts are: one build at a time changes or publishes them, and each publishes only what it made itself.

A lock of the database's session stands for the work: when the process dies, its connection ends and the lock is free.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hearth.warehouse.connections import connect

WAIT_SECONDS = 3600.0
"""Longer than any build seen; HEARTH_BUILD_WAIT_SECONDS sets another."""

_LOCK = "hashtext('hearth.candidate')"


class BuildRunning(RuntimeError):
    """Another build works on the candidate marts; nothing was changed."""


class NotItsCandidate(RuntimeError):
    """The candidate marts are not what this build made, whole; the published ones stay as they were."""


@contextmanager
def sole_build(build_id: int, work: str) -> Iterator[None]:
    """Hold the candidate marts for one piece of work of one build; waits for another's, and raises BuildRunning in the end."""
    wait = float(os.environ.get("HEARTH_BUILD_WAIT_SECONDS") or WAIT_SECONDS)
    with connect("publisher") as holder:
        holder.autocommit = True
        holder.execute("select set_config('application_name', %s, false)", (f"hearth {work} of build {build_id}",))
        holder.execute("select set_config('lock_timeout', %s, false)", (f"{max(wait, 0.001) * 1000:.0f}ms",))
        try:
            holder.execute(f"select pg_advisory_lock({_LOCK})")
        except psycopg.errors.LockNotAvailable:
            raise BuildRunning(
                f"the {work} of build {build_id} waited {wait:g} s for {_holder(holder)}, which still works on the candidate marts."
                " Nothing was changed; run it again when that one has ended (HEARTH_BUILD_WAIT_SECONDS sets how long to wait)."
            ) from None
        yield


def _holder(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "select a.application_name from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.granted"
        f" and l.classid = ({_LOCK}::bigint >> 32)::bit(32)::bigint::oid"
        f" and l.objid = ({_LOCK}::bigint & 4294967295)::oid and l.objsubid = 1 and a.pid <> pg_backend_pid()"
    ).fetchone()
    return str(row[0]) if row and row[0] else "another build"


def note(build_id: int, state: str) -> None:
    """Record that a build `begun` to change the candidate marts, or has `made` them."""
    with connect("publisher") as connection:
        connection.execute("insert into ledger.candidate (build_id, state) values (%s, %s)", (build_id, state))


def require_own(connection: psycopg.Connection, build_id: int) -> None:
    """Raises NotItsCandidate unless the candidate marts are what the build made, whole, and nobody began to change since."""
    row = connection.execute("select build_id, state, at from ledger.candidate order by candidate_id desc limit 1").fetchone()
    if row is not None and (row[0], row[1]) == (build_id, "made"):
        return
    if row is None:
        held = "no build has made any"
    elif row[0] == build_id:
        held = f"its transformation began {row[2]:%Y-%m-%d %H:%M} UTC and did not end"
    else:
        held = f"they are of build {row[0]}, {'made' if row[1] == 'made' else 'half built'} {row[2]:%Y-%m-%d %H:%M} UTC"
    raise NotItsCandidate(
        f"build {build_id} is not published: the candidate marts are not its own ({held}). The marts of the last publication stay"
        " readable. Trigger build_marts: the next build takes up everything that is not published yet."
    )
