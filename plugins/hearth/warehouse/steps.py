"""Steps that died: a process holds a lock of its database session while its step runs, so whoever finds the lock free knows.

The number of the lock stands in the facts of the step's `started` row (`alive`); steps of versions before have none.
"""

from __future__ import annotations

import secrets

import psycopg
from psycopg.types.json import Jsonb

from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)

DIED = "the process ended without a word: killed, out of memory, or the machine went down"


class Alive:
    """The lock of one running step, held until `let_go` or the end of the process."""

    def __init__(self, role: str) -> None:
        self.number = secrets.randbits(62)
        self._connection = connect(role)
        self._connection.autocommit = True
        self._connection.execute("select pg_advisory_lock(%s)", (self.number,))

    def let_go(self) -> None:
        self._connection.close()


def close_dead(connection: psycopg.Connection, subject: str | None = None, step: str | None = None) -> list[tuple[str, str, str]]:
    """Write `died` for steps that began, never ended and whose process is gone; returns (run, subject, step) of each.

    Of one subject and step, or of all. The caller commits.
    """
    found = []
    for run_id, whose, what, number, at in connection.execute(SQL["open_steps"], {"subject": subject, "step": step}).fetchall():
        free = connection.execute("select pg_try_advisory_xact_lock(%s)", (int(number),)).fetchone()
        if free and free[0]:
            connection.execute(
                "insert into ledger.step (run_id, subject, step, outcome, message, facts) values (%s, %s, %s, 'died', %s, %s)",
                (run_id, whose, what, f"{DIED}; it began {at:%Y-%m-%d %H:%M} UTC", Jsonb({"alive": number})),
            )
            found.append((run_id, whose, what))
    return found
