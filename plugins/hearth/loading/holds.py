"""Pulls that wait for a person because they would erase what stands, what was decided of them, and which pull stands by choice.

A hold is a state of the pull, not of its rows: they lie in their landing files, counted, and nothing of them is in quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hearth.loading.erasure import WouldErase
from hearth.warehouse.acting import Actor
from hearth.warehouse.connections import connect
from hearth.warehouse.ledger import Pull
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


class RefusedPull(RuntimeError):
    """A person refused the pull: what stood stays, and it is never loaded."""


class CannotDecide(LookupError):
    """No such hold, or it is decided; no such pull, or it cannot stand."""


@dataclass(frozen=True)
class Hold:
    """One held pull; state: open, accepted, refused, or overtaken by a newer pull of its interval."""

    hold_id: int
    feed: str
    pull_id: int
    start: datetime
    end: datetime
    rows_before: int
    rows_now: int
    rule: str
    held_at: datetime
    state: str
    why: str | None
    who: str | None


_COLUMNS = "hold_id, feed, pull_id, interval_start, interval_end, rows_before, rows_now, rule, held_at, state, why, who"


def keep(pull: Pull, run_id: str, found: WouldErase) -> str:
    """Record the hold of a pull, once; returns what to tell whoever waits for it."""
    with connect("loader") as connection:
        row = connection.execute(
            SQL["hold"],
            {
                "feed": pull.feed,
                "pull_id": pull.pull_id,
                "run_id": run_id,
                "rows_before": found.rows_before,
                "rows_now": found.rows_now,
                "rule": found.rule,
            },
        ).fetchone()
    assert row is not None
    return (
        f"{pull.feed}: {found.rows_now} rows of {pull.interval} would take the place of {found.rows_before}; {found.rule}. Nothing"
        f" was changed. Ask the source whether the rows are really gone, then `hearth held accept {row[0]} --why ...` or"
        f" `hearth held refuse {row[0]} --why ...`."
    )


def refuse_refused(pull_id: int) -> None:
    """Raises RefusedPull for a pull a person refused."""
    with connect("loader") as connection:
        row = connection.execute(
            "select hold_id, who, why from ledger.hold_state s where pull_id = %s and state = 'refused'"
            " and not exists (select from ledger.pull_choice c where c.pull_id = s.pull_id)",
            (pull_id,),
        ).fetchone()
    if row:
        raise RefusedPull(f"pull {pull_id} was refused by {row[1]} (hold {row[0]}): {row[2]}; what stood before it stays")


def listed(connection: psycopg.Connection, feed: str | None = None, state: str = "open") -> list[Hold]:
    """Holds of a state ('all': of any), the oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from ledger.hold_state where (%(feed)s::text is null or feed = %(feed)s)"
        " and (%(state)s = 'all' or state = %(state)s) order by hold_id",
        {"feed": feed, "state": state},
    )
    return [Hold(*row) for row in rows]


def find(connection: psycopg.Connection, hold_id: int) -> Hold:
    """A hold by its number. Raises CannotDecide."""
    found = connection.execute(f"select {_COLUMNS} from ledger.hold_state where hold_id = %s", (hold_id,)).fetchone()
    if found is None:
        raise CannotDecide(f"there is no hold {hold_id}; see `hearth held list --state all`")
    return Hold(*found)


def decide(connection: psycopg.Connection, hold: Hold, decision: str, why: str, actor: Actor) -> None:
    """Record `accepted` or `refused`. Raises CannotDecide for a hold that is not open."""
    if hold.state != "open":
        by = f" by {hold.who}: {hold.why}" if hold.who else ": a newer pull of its interval is loaded"
        raise CannotDecide(f"hold {hold.hold_id} is {hold.state}{by}")
    _insert(connection, "hold_decision", hold_id=hold.hold_id, decision=decision, why=why, acting_for=actor.acting_for)


def choose(connection: psycopg.Connection, pull_id: int, why: str, actor: Actor) -> str:
    """Record that a pull stands from now on, in place of newer ones; returns its feed. Raises CannotDecide."""
    row = connection.execute(
        "select p.feed, (select max(n.pull_id) from ledger.pull n where n.feed = p.feed) from ledger.pull p where p.pull_id = %s",
        (pull_id,),
    ).fetchone()
    if row is None:
        raise CannotDecide(f"there is no pull {pull_id}; see `hearth pulls list`")
    _insert(connection, "pull_choice", pull_id=pull_id, after_pull_id=row[1], why=why, acting_for=actor.acting_for)
    return str(row[0])


def _insert(connection: psycopg.Connection, table: str, **values: Any) -> None:
    marks = ", ".join(["%s"] * len(values))
    connection.execute(f"insert into ledger.{table} ({', '.join(values)}) values ({marks})", list(values.values()))
