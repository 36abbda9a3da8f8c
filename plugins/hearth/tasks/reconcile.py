"""The weekly comparison of every stage with the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.contracts.loading import load_contracts
from hearth.proof import stages
from hearth.warehouse.ledger import recorded_step


def compare_stages(context: Any) -> dict[str, Any]:
    """Pulls of the week before the run, and everything else as a whole."""
    until = context["dag_run"].run_after
    with recorded_step(context["run_id"], "all feeds", "reconcile", role="keeper") as facts:
        pulls = stages.standing_pulls(since=until - timedelta(days=7), until=until)
        done = stages.reconcile(context["run_id"], pulls, load_contracts())
        facts.update(pulls=len(pulls), stages=len(done), differ=sum(check.outcome == "differs" for check in done))
        try:
            stages.refuse_differences(done)
        except stages.Differs as error:
            raise AirflowFailException(str(error)) from error
        return dict(facts)
