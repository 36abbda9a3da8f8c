"""Who acts: a person by their own login, or the desk for the person who is logged in at Airflow.

The database writes the name (migration 0018): no function of ours takes one that somebody typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class NobodyActs(ValueError):
    """A run that shall decide something was started by nobody who is logged in."""


@dataclass(frozen=True)
class Actor:
    """The role whose login writes an act, and for whom it does (None: the login is the person's own)."""

    role: str = "engineer"
    acting_for: str | None = None


ONESELF = Actor()
"""The person whose login stands in HEARTH_WAREHOUSE_URL_ENGINEER."""


def logged_in(dag_run: Any) -> Actor:
    """The person who started a run in Airflow. Raises NobodyActs for a run started by a schedule, an asset or a script."""
    person = getattr(dag_run, "triggering_user_name", None)
    if not person:
        raise NobodyActs(
            "this run was started by nobody who is logged in at Airflow, and an act is kept with the person who did it; nothing was"
            " changed. Trigger the DAG in Airflow under your own name, or use `hearth quarantine` with a login of your own."
        )
    return Actor("desk", str(person))
