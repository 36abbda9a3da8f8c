"""The logins of a local Airflow, made in its own process: FAB, the manager of production, keeps them in the metadata database.

`python -m local.airflow_people` reads JSON from standard input: {login: [role, password]}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

ADMIN = "admin"
AUDITOR_ROLE = "Auditor"

PEOPLE: Mapping[str, str] = {
    ADMIN: "Admin",
    "viewer": "Viewer",
    "branch-01": "Viewer",
    "engineer": "Op",
    "auditor": AUDITOR_ROLE,
}
"""Login -> Airflow's role: who looks, the manager of a branch, who runs the DAGs and acts on rows, who reads also the audit log."""


def secret_of(login: str) -> str:
    """Name of the login's password among the secrets of an instance."""
    return f"airflow_{login.replace('-', '_')}"


def make(logins: Mapping[str, tuple[str, str]]) -> None:
    """Make the logins or give those that are there their role and password."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        viewer = manager.find_role("Viewer")
        auditor = manager.add_role(AUDITOR_ROLE) or manager.find_role(AUDITOR_ROLE)
        log = manager.create_permission("can_read", "Audit Logs")
        for permission in {*viewer.permissions, log} - set(auditor.permissions):
            manager.add_permission_to_role(auditor, permission)
        for login, (role, password) in logins.items():
            known = manager.find_user(username=login)
            if known is None:
                made = manager.add_user(login, "Hearth", login, f"{login}@example.invalid", manager.find_role(role), password)
                if not made:
                    raise SystemExit(f"Airflow did not make the login {login}")
            else:
                known.roles = [manager.find_role(role)]
                manager.update_user(known)
                manager.reset_password(known.id, password)


if __name__ == "__main__":
    make({login: (role, password) for login, (role, password) in json.load(sys.stdin).items()})
