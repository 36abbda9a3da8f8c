"""Tasks on refused rows: the act of a person's form, and rows whose point the register knows by now."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.approvals.in_force import in_force
from hearth.contracts.loading import find_contract, load_contracts
from hearth.quarantine import desk
from hearth.quarantine.replay import points_now_known, replay
from hearth.warehouse.acting import logged_in


def act_on_quarantine(context: Any) -> tuple[dict[str, object], str]:
    """The act of the form, and the entity of its feed."""
    form = context["params"]
    contract = find_contract(form["feed"])
    try:
        actor = logged_in(context["dag_run"])
        done = desk.act(contract.feed, form["act"], context["run_id"], actor, form["why"], form["reason"], form["until"])
    except ValueError as error:
        raise AirflowFailException(str(error)) from error
    return done, contract.entity


def replay_known_points(context: Any) -> dict[str, Any]:
    """Rows of points that were unknown when they came and are in the register now."""
    done = {}
    for feed in load_contracts():
        contract = in_force(feed).contract
        if points_now_known(contract):
            done[feed] = replay(contract, context["run_id"], "the register knows the point now", "unknown_point")
    return done
