"""Decide about pulls: load one that was held, refuse it, or let an earlier pull of an interval stand again."""

from __future__ import annotations

from hearth.approvals.in_force import in_force
from hearth.intake import take_in
from hearth.loading import holds
from hearth.warehouse.acting import ONESELF, Actor
from hearth.warehouse.connections import connect


def accept(hold_id: int, run_id: str, why: str, actor: Actor = ONESELF) -> dict[str, int]:
    """The source has really so few rows now: record it and load the pull; returns the batch's counts.

    Doing it again loads what could not be loaded the first time. Raises CannotDecide; what loading raises (the decision stays).
    """
    with connect(actor.role) as connection:
        hold = holds.find(connection, hold_id)
        if hold.state != "accepted":
            holds.decide(connection, hold, "accepted", why, actor)
    return take_in.clean_validate_load(in_force(hold.feed).contract, hold.pull_id, run_id)


def refuse(hold_id: int, why: str, actor: Actor = ONESELF) -> holds.Hold:
    """What stands stays; the pull is never loaded. Raises CannotDecide."""
    with connect(actor.role) as connection:
        hold = holds.find(connection, hold_id)
        holds.decide(connection, hold, "refused", why, actor)
    return hold


def let_stand(pull_id: int, run_id: str, why: str, actor: Actor = ONESELF) -> dict[str, int]:
    """Load an earlier pull in place of newer ones of its interval; returns the batch's counts. A pull made later replaces it again.

    Raises CannotDecide; what loading raises (PartialOverlap where a newer pull is longer; the choice stays).
    """
    with connect(actor.role) as connection:
        feed = holds.choose(connection, pull_id, why, actor)
    return take_in.clean_validate_load(in_force(feed).contract, pull_id, run_id)
