"""Pages around the season: the summer work programme, and whether the company is ready for the next one."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param, get_current_context, task

from hearth.dated.dated_rows import place_time_zone
from hearth.tasks.defaults import task_defaults

DOC = """
{what}

*For whom*: {owner} and the management. *When*: {when}.
*Run again*: trigger it, with the parameter `day` for another day, e.g. 2016-08-01.
*When red*: the marts could not be read; the page of the last run stays. Before the first publication it is skipped.
"""


def page_dag(dag_id: str, cron: str, when: str, what: str, owner: str, page: str) -> DAG:
    with DAG(
        dag_id,
        schedule=cron,
        start_date=pendulum.datetime(2024, 10, 1, tz=place_time_zone()),
        catchup=False,
        max_active_runs=1,
        tags=["reports", "works"],
        doc_md=DOC.format(what=what, when=when, owner=owner),
        params={"day": Param(None, type=["null", "string"], format="date", description="local day the page speaks of")},
        default_args=task_defaults(owner),
    ) as dag:

        @task
        def write_page() -> str:
            from hearth.tasks.reports import write_season_page

            return write_season_page(page, get_current_context())

        write_page()
    return dag


summer_works = page_dag(
    "summer_works",
    "0 6 * 5-10 1",
    "every Monday from May to October",
    "The summer work programme 夏季检修计划: what the winter showed, as a list of tasks, and how far each is (冬病夏治).",
    "production department 生产部",
    "summer-works",
)
season_readiness = page_dag(
    "season_readiness",
    "0 6 * 9-10 1",
    "every Monday in September and October",
    "Ready for the season? 供热前准备情况: works done, communities connected, sensors alive, standards and tariffs dated.",
    "production department 生产部",
    "season-readiness",
)
