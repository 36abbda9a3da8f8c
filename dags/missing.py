"""Intervals that a feed's timetable owes and nobody loaded are pulled again, each by its own interval, until they are there.

*For whom*: data engineers, who mend the cause; managers, whose figures would miss a day without a word.
*When*: every hour. A feed's own task tries for minutes; what it leaves behind is asked for here, one pull at a time of each source,
and never given up by time alone: only by a person, with a reason (`hearth holes give-up`).
*Run again*: trigger it; what is loaded, held or given up is not pulled again.
*When red*: `still_missing`: the message names each interval with what its source said. docs/runbook.md says more.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, AssetAlias, get_current_context, task

from hearth.contracts.loading import readable_contracts
from hearth.dated.dated_rows import place_time_zone
from hearth.tasks.defaults import task_defaults

with DAG(
    "pull_missing",
    schedule="25 * * * *",
    start_date=pendulum.datetime(2024, 10, 1, tz=place_time_zone()),
    catchup=False,
    max_active_runs=1,
    tags=["feed"],
    doc_md=__doc__,
    default_args=task_defaults(retries=0),
):

    @task
    def look_for_missing() -> dict[str, Any]:
        """Missing intervals by source; remembered in the ledger."""
        from hearth.tasks.holes import look_for_missing

        return look_for_missing(get_current_context())

    @task(outlets=[AssetAlias("pulled_again")])
    def pull_again(source: str, found: dict[str, Any]) -> dict[str, Any]:
        from hearth.tasks.holes import pull_missing_again

        context = get_current_context()
        done, entities = pull_missing_again(found.get(source, []), context)
        for entity in entities:
            context["outlet_events"][AssetAlias("pulled_again")].add(Asset(f"hearth://raw/{entity}"))
        return done

    @task
    def still_missing(done: list[dict[str, Any]]) -> int:
        from hearth.tasks.holes import tell_still_missing

        return tell_still_missing(list(done))

    sources = sorted({contract.source.connection for contract in readable_contracts()})
    still_missing(pull_again.partial(found=look_for_missing()).expand(source=sources))
