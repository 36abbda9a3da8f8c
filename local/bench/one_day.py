"""What a day's DAGs do, one after another and without Airflow.

`python -m local.bench.one_day START END FEED...` prints the seconds of each step.

The bodies of the tasks themselves, in a process that imported what the scheduler's workers are forked with.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from local.airflow import PRELOADED


def main(start: str, end: str, *feeds: str) -> None:
    for name in (*PRELOADED, "hearth.tasks.reports", "hearth.tasks.brief", "hearth.tasks.evidence", "hearth.tasks.quarantine"):
        importlib.import_module(name)
    from hearth.tasks import brief, build, evidence, feed, quarantine, reports

    seconds: dict[str, float] = {}

    def step(name: str, work: Callable[..., Any], *given: Any) -> Any:
        begun = time.monotonic()
        answer = work(*given)
        seconds[name] = seconds.get(name, 0.0) + time.monotonic() - begun
        return answer

    context = {
        "run_id": "bench",
        "data_interval_start": datetime.fromisoformat(start),
        "data_interval_end": datetime.fromisoformat(end),
        "params": {"quiet_seconds": 0, "at_most_seconds": 0},
        "dag_run": SimpleNamespace(run_type="scheduled"),
    }
    for each in feeds:
        pull_id = step("pull", feed.pull_and_land, each, context)
        step("load", feed.clean_validate_load, each, pull_id, context)
    step("replay", quarantine.replay_known_points, context)
    plan = step("build", build.plan_build, context)
    if plan is None:
        raise SystemExit("nothing changed: there is nothing to build")
    step("build", build.transform, plan, context)
    step("publish", build.gate_and_publish, plan, context)
    step("seal", evidence.seal, context)
    step("reports", reports.write_reports, context)
    step("reports", reports.trace_headline)
    step("brief", brief.write_brief, context)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
