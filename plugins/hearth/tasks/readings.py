"""The task of `merge_readings`."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.lake.merge import merge
from hearth.warehouse.ledger import recorded_step

log = logging.getLogger(__name__)


def merge_days(context: Any) -> dict[str, Any]:
    """Days settled before the run; fails with a line for each day that stays as it was."""
    run_id = context["run_id"]
    with recorded_step(run_id, "all feeds", "merge readings") as facts:
        done = merge(run_id, context["dag_run"].run_after, "loader", log.info)
        facts.update(days=done.days, rows=done.rows, files_before=done.files_before, files_after=done.files_after)
        if done.failures:
            lines = "\n".join(f"- {line}" for line in done.failures)
            raise AirflowFailException(f"{len(done.failures)} days stay as they were, and still count. docs/runbook.md\n{lines}")
        if not done.days:
            facts.update(message="no day had files to merge", outcome="skipped")
        return {name: value for name, value in facts.items() if name not in ("message", "outcome")}
