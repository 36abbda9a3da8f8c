"""The quarantine as a workplace: look at rejected rows, waive them, try a corrected contract on them.

Every act is a row of quarantine.act and a step of the ledger; a rejected row itself never changes. Running rows again is `replay`.
What judges rows is imported where it is asked for: it takes seconds, and looking needs none of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg

from hearth.approvals.in_force import in_force
from hearth.contracts.contract import Contract
from hearth.contracts.loading import feeds_folder, find_contract, line_of
from hearth.contracts.row_key import NO_KEY, NoSuchRow, RowKey, places
from hearth.warehouse import ledger
from hearth.warehouse.acting import ONESELF, Actor
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


@dataclass
class Shown:
    """One rejected row with everything known about it."""

    feed: str
    entity: str
    state: str
    reasons: list[str]
    record: str
    file: str
    stored_as: str
    position: int
    sub_position: int
    arrived_at: Any
    batch_id: int
    pull_id: int
    file_id: int
    acts: list[tuple[Any, ...]] = field(default_factory=list)


def show(feed: str, key: RowKey, role: str = "engineer") -> Shown:
    """A row by its key, with the history of acts on it. Raises NoSuchRow."""
    with connect(role) as connection:
        row = connection.execute(SQL["shown"], {"feed": feed, **key.values}).fetchone()
        if row is None:
            raise NoSuchRow(
                f"{feed} has no rejected row {key.sha256}:{key.position}.{key.sub_position}; see `hearth quarantine list`"
            )
        shown = Shown(*row[:-1])
        shown.acts = connection.execute(
            SQL["acts"],
            {"feed": feed, "sha256": row[-1], "position": shown.position, "sub_position": shown.sub_position},
        ).fetchall()
    return shown


def waive(
    run_id: str,
    feed: str,
    why: str,
    *,
    actor: Actor = ONESELF,
    reason: str | None = None,
    key: RowKey | None = None,
    until: date | None = None,
) -> int:
    """Say that open rows may stay as they are: why, and until when (after that day they are open again).

    Returns how many rows; rows waived already are not waived twice. Raises ValueError when nothing is named or said.
    """
    if reason is None and key is None:
        raise ValueError("name the rows: a reason or one row; all open rows of a feed are not waived at once")
    if not why.strip():
        raise ValueError("a waiver needs its reason (why); it is kept in the ledger")
    with ledger.recorded_step(run_id, feed, "waive", actor.role) as facts, connect(actor.role) as connection:
        today = connection.execute("select current_date").fetchone()
        if until is not None and today is not None and until < today[0]:
            raise ValueError(f"until {until} is over; a waiver ends today ({today[0]}) or later")
        given = {"feed": feed, "reason": reason, "acting_for": actor.acting_for, "why": why, "until": until}
        waived = connection.execute(SQL["waive"], {**given, **(key.values if key else NO_KEY)}).fetchall()
        who = waived[0][0] if waived else None
        facts.update(rows=len(waived), who=who, why=why, reason=reason, until=str(until) if until else None)
        return len(waived)


def order_replay(feed: str, why: str, reason: str | None = None, actor: Actor = ONESELF) -> int:
    """Have the open rows of a feed run again: the person's act, which `replay` carries out. Returns the order's number."""
    if not why.strip():
        raise ValueError("a replay needs its reason (why); it is kept in the ledger")
    with connect(actor.role) as connection:
        row = connection.execute(
            "insert into ledger.replay_order (feed, reason, why, acting_for) values (%s, %s, %s, %s) returning order_id",
            (feed, reason, why, actor.acting_for),
        ).fetchone()
    assert row is not None
    return int(row[0])


@dataclass
class Trial:
    """What a contract would make of the open rows: how many would pass now, and why the others would not."""

    tried: int = 0
    passing: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def try_contract(contract: Contract, reason: str | None = None) -> Trial:
    """Run the open rows of a feed through a contract, with today's suite and register; nothing is written.

    Rows are read from the landing files. Whether two of them contradict each other is settled only by a replay.
    """
    from hearth.intake import rerun
    from hearth.quarantine.replay import open_rows

    trial, chosen = Trial(), open_rows(contract.feed, reason).items()
    for rows, bits in rerun.judged(contract, chain.from_iterable(rerun.landed(contract, pull, keys) for pull, keys in chosen)):
        refused = rerun.first_reasons(bits)
        trial.tried += len(rows)
        trial.passing += len(rows) - refused.total()
        trial.reasons += refused
    return trial


def lines_to_look_at(contract: Contract, shown: Shown, path: Path | None = None) -> list[str]:
    """The lines of the contract that made the reasons of a row, as `file:line: text`."""
    path = path or feeds_folder() / f"{contract.feed}.yml"
    columns = [*_unreadable(contract, shown), *_judged(contract, shown.reasons)]
    found = [line_of(path, "columns", name) for name in dict.fromkeys(columns)]
    if "unreadable_record" in shown.reasons:
        found.append(line_of(path, "format"))
    if "unreadable_time" in shown.reasons and not columns:
        found.append(line_of(path, "unnest" if contract.unnest else "arrival"))
    if "unknown_point" in shown.reasons:
        found.append(line_of(path, "columns", "point_id"))
    return [f"{path}:{number}: {text}" for number, text in dict.fromkeys(found)]


def _unreadable(contract: Contract, shown: Shown) -> list[str]:
    """Columns whose value in the row the cleaning refuses."""
    from hearth.cleaning.rows import refused_columns
    from hearth.intake import rerun

    keys = {shown.file_id: places([shown.position], [shown.sub_position])}
    for rows in rerun.landed(contract, shown.pull_id, keys):
        return refused_columns(contract, rows.source.iloc[rows.record])
    return []


def _judged(contract: Contract, reasons: list[str]) -> list[str]:
    """Columns that the suite's expectations with these reasons look at."""
    from hearth.validation.suites import Suite

    return [name for name in Suite(contract.suite_name).columns_of(set(reasons)) if name in contract.columns]


LISTED = ("feed", "first_reason", "reasons", "state", "file", "row", "subject", "event_date", "arrived_at", "batch", "record")


def listed(feed: str | None, reason: str | None, state: str, limit: int | None) -> list[tuple[Any, ...]]:
    """Rows as LISTED names their columns, the newest batch first."""
    with connect("engineer") as connection:
        return connection.execute(SQL["listed"], {"feed": feed, "reason": reason, "state": state, "limit": limit}).fetchall()


def groups(connection: psycopg.Connection, feed: str | None, state: str) -> list[tuple[Any, ...]]:
    """(feed, first reason, state, rows, first arrival, last arrival)."""
    return connection.execute(SQL["groups"], {"feed": feed, "state": state}).fetchall()


def act(feed: str, what: str, run_id: str, actor: Actor, why: str, reason: str | None, until: str | None) -> dict[str, object]:
    """What the form of the DAG `quarantine` does: one act on a feed's open rows; returns what came of it."""
    from hearth.quarantine.replay import replay

    if what == "waive":
        last = date.fromisoformat(until) if until else None
        return {"waived": waive(run_id, feed, why, actor=actor, reason=reason, until=last)}
    if what == "replay":
        done = replay(in_force(feed).contract, run_id, why, reason, order_replay(feed, why, reason, actor))
        names = ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate")
        return {name: sum(int(counts[name]) for counts in done) for name in names}
    if what == "try":
        trial = try_contract(find_contract(feed), reason)
        return {"tried": trial.tried, "would_pass": trial.passing, "reasons": dict(trial.reasons)}
    raise ValueError(f"act {what!r}: expected waive, replay or try")
