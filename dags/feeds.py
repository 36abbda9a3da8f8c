"""One DAG for each contract of feeds/: pull + land, then clean + validate + load.

Nothing feed-specific stands here: to add a feed, write a contract (docs/how-to/add-a-feed.md).
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Asset, get_current_context, task

from hearth.contracts.contract import Contract
from hearth.contracts.loading import ContractError, feeds_folder, load_contract
from hearth.dated.timetable import SeasonTimetable
from hearth.reports.alerts import task_failed
from hearth.tasks.defaults import task_defaults

DOC = """
**{title}** {title_zh}: `{entity}` from `{connection}` ({kind}). Owner: {owner}.

*What*: pulls what arrived in the run's interval, lands it unchanged, cleans and validates it row by row and loads
`raw.{entity}`. Rejected rows wait in quarantine with their reasons; nothing is dropped.
*For whom*: data engineers who keep it running; {owner} answer for what it delivers. *When*: {when}.
*Run again*: clear the run, or trigger one through the REST API with `logical_date` and
`data_interval_start` / `data_interval_end`; the interval is replaced, not added.
*When red*: `pull_and_land`: the source did not answer or the interval cuts a loaded one; `clean_validate_load`: the
gate held the batch or a file is not what the contract says. The runbook says what to do: docs/runbook.md.
"""

BROKEN = """
The contract of this feed cannot be read; the other feeds run on.

*For whom*: data engineers. *When*: never, until the contract is mended. *Run again*: mend the file; the feed's own tasks come back.
*When red*: always; this is what is wrong (docs/runbook.md):

```
{message}
```
"""


def scheduled_from(timetable: SeasonTimetable) -> dict[str, object]:
    """Start and end of the scheduled period, from the environment (the end is for trying on past seasons)."""
    zone = pendulum.timezone(timetable.time_zone)
    start, end = os.environ.get("HEARTH_SCHEDULE_START"), os.environ.get("HEARTH_SCHEDULE_END")
    dates: dict[str, object] = {"start_date": pendulum.parse(start or "2024-10-01", tz=zone)}
    if end:
        dates["end_date"] = pendulum.parse(end, tz=zone) - timedelta(seconds=1)
    return dates


def feed_dag(contract: Contract) -> DAG:
    timetable = SeasonTimetable.of(contract.schedule)
    with DAG(
        f"feed_{contract.feed}",
        schedule=timetable,
        catchup=True,
        max_active_runs=1,
        tags=["feed", contract.entity],
        default_args=task_defaults(contract.owner.team, retries=2),
        doc_md=DOC.format(
            title=contract.title,
            title_zh=contract.title_zh,
            entity=contract.entity,
            kind=contract.source.kind,
            connection=contract.source.connection,
            owner=contract.owner.team,
            when=timetable.summary,
        ),
        **scheduled_from(timetable),
    ) as dag:

        @task(task_id="pull_and_land")
        def pull_and_land() -> int:
            from hearth.tasks.feed import pull_and_land

            return pull_and_land(contract.feed, get_current_context())

        @task(task_id="clean_validate_load", outlets=[Asset(f"hearth://raw/{contract.entity}")])
        def clean_validate_load(pull_id: int) -> dict[str, int]:
            from hearth.tasks.feed import clean_validate_load

            return clean_validate_load(contract.feed, pull_id, get_current_context())

        clean_validate_load(pull_and_land())
    return dag


def broken_dag(feed: str, message: str) -> DAG:
    """A contract that cannot be read shows as a DAG that says so; the other feeds run on."""
    with DAG(f"feed_{feed}", schedule=None, tags=["feed", "broken contract"], doc_md=BROKEN.format(message=message)) as dag:

        @task(task_id="read_contract", retries=0, on_failure_callback=task_failed)
        def read_contract() -> None:
            raise ContractError(message)

        read_contract()
    return dag


for path in sorted(feeds_folder().glob("*.yml")):
    try:
        globals()[f"feed_{path.stem}"] = feed_dag(load_contract(path))
    except ContractError as error:
        globals()[f"feed_{path.stem}"] = broken_dag(path.stem, str(error))
