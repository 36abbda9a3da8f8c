"""Files of readings of a feed's small batches are written again as those of a day, so that a season is read from hundreds of
files and not from thousands.

*For whom*: data engineers, who have nothing to do then.
*When*: every night at 02:40, for days whose batches ended `merge_after_days` (health_limit.csv) before.
*Run again*: trigger it; what is merged is not merged twice. By hand: `hearth readings merge`.
*When red*: the message names each day whose files are not what the ledger says was loaded; they stay as they are and still
count. The other days are merged. docs/runbook.md says more.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, get_current_context, task

from hearth.dated.dated_rows import place_time_zone
from hearth.tasks.defaults import task_defaults

with DAG(
    "merge_readings",
    schedule="40 2 * * *",
    start_date=pendulum.datetime(2024, 10, 1, tz=place_time_zone()),
    catchup=False,
    max_active_runs=1,
    tags=["readings"],
    doc_md=__doc__,
    default_args=task_defaults(),
):

    @task
    def merge_days() -> dict[str, Any]:
        from hearth.tasks.readings import merge_days

        return merge_days(get_current_context())

    merge_days()
