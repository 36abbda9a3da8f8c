"""The failure callback of every task: the evidence and where the runbook says what to do."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("hearth.alerts")

RUNBOOK = {
    "pull_and_land": "docs/runbook.md#a-feed-cannot-be-pulled",
    "clean_validate_load": "docs/runbook.md#a-batch-is-held-or-a-file-cannot-be-read",
    "compare_stages": "docs/runbook.md#a-stage-does-not-hold-what-the-ledger-says",
    "act_on_rows": "docs/runbook.md#quarantine-grows",
    "transform": "docs/runbook.md#the-marts-are-not-built",
    "gate_and_publish": "docs/runbook.md#the-marts-gate-is-red",
}


def task_failed(context: dict[str, Any]) -> None:
    """Log one line a person can act on."""
    instance = context["task_instance"]
    log.error(
        "RED %s.%s run %s: %s. What to do: %s",
        instance.dag_id,
        instance.task_id,
        instance.run_id,
        context.get("exception"),
        RUNBOOK.get(instance.task_id, "docs/runbook.md"),
    )
