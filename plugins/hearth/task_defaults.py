"""What every task of ours has unless its DAG says otherwise: an owner, one more try, and an alert when it is red."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hearth.reports.alerts import task_failed

DATA_ENGINEERING = "data engineering 数据组"
SOON = timedelta(seconds=20)


def task_defaults(
    owner: str = DATA_ENGINEERING, retries: int = 1, retry_delay: timedelta = timedelta(seconds=20)
) -> dict[str, Any]:
    """`default_args` of a DAG."""
    return {"owner": owner, "retries": retries, "retry_delay": retry_delay, "on_failure_callback": task_failed}
