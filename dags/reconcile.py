"""Every stage of the last week's pulls, and raw, staging and marts as wholes, compared with what the ledger says they
hold.

*For whom*: auditors.
*When*: every Sunday at 05:00.
*Run again*: trigger it; it changes nothing but adds rows to `ledger.stage_check`.
*When red*: the message names the stage and the pull, entity or mart that differs; nothing was repaired. The mart
`source_reconciliation` and docs/runbook.md say how to go on.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, get_current_context, task

from hearth.dated.dated_rows import place_time_zone
from hearth.tasks.defaults import task_defaults

with DAG(
    "reconcile",
    schedule="0 5 * * 0",
    start_date=pendulum.datetime(2024, 10, 1, tz=place_time_zone()),
    catchup=False,
    max_active_runs=1,
    tags=["quality"],
    doc_md=__doc__,
    default_args=task_defaults(),
):

    @task
    def compare_stages() -> dict[str, Any]:
        from hearth.tasks.reconcile import compare_stages

        return compare_stages(get_current_context())

    compare_stages()
