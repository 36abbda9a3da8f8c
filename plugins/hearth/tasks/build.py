"""Tasks of `build_marts`: plan, transform, gate and publish."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.approvals.changes import UnapprovedChange
from hearth.lake.errors import EngineFailed, ReadingsNotMoved
from hearth.transform import dbt, publish
from hearth.transform import plan as planning
from hearth.transform.candidate import BuildRunning, NotItsCandidate
from hearth.transform.quiet import wait_for_quiet
from hearth.transform.swap import ReadersInTheWay
from hearth.warehouse.ledger import recorded_step

log = logging.getLogger(__name__)


def plan_build(context: Any) -> dict[str, Any] | None:
    """The plan of one build, after the feeds that come together have come; None when nothing changed."""
    form = context["params"]
    with recorded_step(context["run_id"], "marts", "plan", role="publisher") as facts:
        facts["waited_seconds"] = wait_for_quiet(form["quiet_seconds"], form["at_most_seconds"])
        try:
            plan = planning.plan_build(context["run_id"])
        except UnapprovedChange as error:
            raise AirflowFailException(str(error)) from error
        facts.update(asdict(plan) if plan else {"message": "nothing changed since the last publication", "outcome": "skipped"})
    return asdict(plan) if plan else None


def transform(plan: dict[str, Any], context: Any) -> dict[str, Any]:
    with recorded_step(context["run_id"], "marts", "transform", role="publisher") as facts:
        try:
            nodes = dbt.build(plan["build_id"], plan["full_refresh"])
        except BuildRunning as error:
            raise AirflowFailException(str(error)) from error
        except (dbt.DbtFailed, EngineFailed, ReadingsNotMoved) as error:
            publish.record_dbt(plan["build_id"], "failed", str(error)[:4000])
            raise AirflowFailException(str(error)) from error
        publish.record_dbt(plan["build_id"], "succeeded")
        slowest = sorted(nodes, key=lambda node: -node["seconds"])[:8]
        try:
            facts["lineage"] = dbt.emit_lineage(plan["build_id"])
        except Exception as error:  # lineage goes to others: their server out of reach stops no publication, and is told
            log.exception("lineage of build %s could not be sent", plan["build_id"])
            facts["lineage"] = f"not sent: {type(error).__name__}: {error}"[:1000]
        facts.update(nodes=len(nodes), slowest={node["node"]: node["seconds"] for node in slowest})
    return plan


def gate_and_publish(plan: dict[str, Any], context: Any) -> dict[str, Any]:
    with recorded_step(context["run_id"], "marts", "gate_and_publish", role="publisher") as facts:
        try:
            publication = publish.gate_and_publish(plan["build_id"], context["run_id"], _trigger(context))
        except (publish.GateRed, NotItsCandidate, BuildRunning, ReadersInTheWay) as error:
            raise AirflowFailException(str(error)) from error
        facts.update(publication_id=publication.publication_id, rows=publication.rows)
    return {"publication_id": publication.publication_id, "rows": publication.rows}


def _trigger(context: Any) -> str:
    """Who or what asked for the run: a person's name where there is one, else the kind of run."""
    run = context["dag_run"]
    who = getattr(run, "triggering_user_name", None)
    return f"{getattr(run.run_type, 'value', run.run_type)}{f' by {who}' if who else ''}"
