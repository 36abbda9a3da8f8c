"""What every task of ours has unless its DAG says otherwise: an owner, one more try, and an alert when it is red."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from hearth.reports.alerts import task_failed

DATA_ENGINEERING = "data engineering 数据组"
SOON = timedelta(seconds=20)
TASK_HOURS = 6.0
"""No task runs longer: the longest backfill tried took four. HEARTH_TASK_HOURS sets another limit."""


def task_defaults(
    owner: str = DATA_ENGINEERING, retries: int = 1, retry_delay: timedelta = timedelta(seconds=20)
) -> dict[str, Any]:
    """`default_args` of a DAG."""
    return {
        "owner": owner,
        "retries": retries,
        "retry_delay": retry_delay,
        "on_failure_callback": task_failed,
        "execution_timeout": timedelta(hours=float(os.environ.get("HEARTH_TASK_HOURS") or TASK_HOURS)),
    }
