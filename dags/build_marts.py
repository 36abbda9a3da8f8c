"""Any feed's new rows rebuild the marts of the days they changed; the gate decides whether they are published.

*For whom*: whoever reads the marts: managers, auditors.
*When*: whenever a feed has loaded rows; one build at a time.
*Run again*: trigger the DAG; a build takes up everything that is not published yet.
*When red*: `plan`: a dated row or suite changed and nobody approved it, `transform`: a dbt model or test failed,
`gate_and_publish`: the candidates are not fit to publish. In all cases the marts of the last publication stay
readable. `seal`: the ledger could not be sealed; nothing is lost, the next seal covers it. docs/runbook.md says more.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, AssetAny, Param, get_current_context, task

from hearth.contracts.entities import ENTITIES
from hearth.tasks.defaults import task_defaults

with DAG(
    "build_marts",
    schedule=AssetAny(*[Asset(f"hearth://raw/{entity}") for entity in ENTITIES]),
    catchup=False,
    max_active_runs=1,
    tags=["marts"],
    doc_md=__doc__,
    params={
        "quiet_seconds": Param(20, type="number", minimum=0, title="Wait until no feed has begun or ended a step for so long (s)"),
        "at_most_seconds": Param(300, type="number", minimum=0, title="Wait at most so long (s): a slow feed holds nobody back"),
    },
    default_args=task_defaults(),
):

    @task.short_circuit
    def plan() -> Any:
        """What changed since the last publication; nothing: the run ends here, successfully."""
        from hearth.tasks.build import plan_build

        return plan_build(get_current_context())

    @task
    def transform(plan: dict[str, Any]) -> dict[str, Any]:
        from hearth.tasks.build import transform

        return transform(plan, get_current_context())

    @task(outlets=[Asset("hearth://marts")])
    def gate_and_publish(plan: dict[str, Any]) -> dict[str, Any]:
        from hearth.tasks.build import gate_and_publish

        return gate_and_publish(plan, get_current_context())

    @task
    def seal() -> dict[str, Any]:
        """Seal the ledger with what was just published."""
        from hearth.tasks.evidence import seal

        return seal(get_current_context())

    gate_and_publish(transform(plan())) >> seal()
