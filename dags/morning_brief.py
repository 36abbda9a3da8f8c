"""The morning brief 供热晨报: the day on one page for the management, written after each publication and sent by mail and
chat.

*For whom*: managers.
*When*: after each publication the page is renewed; it is sent as soon as the day's data are whole, at 07:00 at the
latest, saying what is missing. A day goes to each address once, and again, marked as corrected, only when a figure on
it has changed. Without a connection it is only written and the sending tasks are skipped with the words how to
configure them (docs/how-to/morning-brief.md).
*Run again*: trigger it, with the parameter `day` for another day; what was sent is not sent twice.
*When red*: `write_brief`: the marts could not be read, the page of the last run stays. `send_by_mail`,
`send_by_chat`: the message says who did not take it; the page is there, the other channel is not held back; clear the
task when the cause is mended.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, Param, get_current_context, task

from hearth.dated.dated_rows import place_time_zone
from hearth.tasks.defaults import task_defaults

with DAG(
    "morning_brief",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 7 * * *", timezone=place_time_zone()), assets=[Asset("hearth://marts")]
    ),
    catchup=False,
    max_active_runs=1,
    tags=["reports"],
    doc_md=__doc__,
    params={"day": Param(None, type=["null", "string"], format="date", description="heating day the brief is of")},
    default_args=task_defaults(retry_delay=timedelta(minutes=2)),
):

    @task
    def write_brief() -> dict[str, Any]:
        from hearth.tasks.brief import write_brief

        return write_brief(get_current_context())

    @task
    def send_by_mail(written: dict[str, Any]) -> str:
        from hearth.tasks.brief import send_brief

        return send_brief("mail", written, get_current_context())

    @task
    def send_by_chat(written: dict[str, Any]) -> str:
        from hearth.tasks.brief import send_brief

        return send_brief("chat", written, get_current_context())

    written = write_brief()
    send_by_mail(written)
    send_by_chat(written)
