"""The pages for auditors: quality report, quarantine, documents, dbt docs and the traces of the newest numbers.

*For whom*: auditors, data engineers, owners of feeds.
*When*: once after each publication; before the first one it is skipped.
*Run again*: trigger the DAG; the pages are made anew from marts and ledger.
*When red*: `write_reports`, `trace_headline`: the page could not be made; that of the last run stays, the marts are
not touched. docs/runbook.md says more.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, get_current_context, task

from hearth.tasks.defaults import task_defaults

with DAG(
    "write_reports",
    schedule=[Asset("hearth://marts")],
    catchup=False,
    max_active_runs=1,
    tags=["reports"],
    doc_md=__doc__,
    default_args=task_defaults(),
):

    @task
    def write_reports() -> dict[str, Any]:
        from hearth.tasks.reports import write_reports

        return write_reports(get_current_context())

    @task
    def trace_headline() -> str:
        """Newest numbers, followed to their records: cases and projects of the company, rooms of the lowest station."""
        from hearth.tasks.reports import trace_headline

        return trace_headline()

    write_reports() >> trace_headline()
