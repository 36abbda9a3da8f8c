"""Rows refused for an unknown measuring point are replayed when the register learns the point.

*For whom*: data engineers, who have nothing to do then.
*When*: when a new register of measuring points is loaded.
*Run again*: trigger it; what was replayed is not replayed twice. By hand, for any feed and reason: `hearth quarantine
replay FEED`.
*When red*: the rows could not be loaded; they stay open in quarantine, nothing is lost. docs/runbook.md says more.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, get_current_context, task

from hearth.contracts.entities import ENTITIES
from hearth.tasks.defaults import task_defaults

with DAG(
    "replay_quarantine",
    schedule=[Asset("hearth://raw/measuring_point")],
    catchup=False,
    max_active_runs=1,
    tags=["quarantine"],
    doc_md=__doc__,
    default_args=task_defaults(),
):

    @task(
        outlets=[
            Asset(f"hearth://raw/{name}") for name, e in ENTITIES.items() if "point_id" in e.columns_by_name and not e.register
        ]
    )
    def replay_known_points() -> dict[str, Any]:
        from hearth.tasks.quarantine import replay_known_points

        return replay_known_points(get_current_context())

    replay_known_points()
