"""Make Superset's own tables, roles and first login: `python dashboards/prepare.py`, by the Python of Superset's environment.

The same as `superset db upgrade`, `superset init` and `superset fab create-admin`, in one process instead of three (each spends
five seconds on imports). Needs what superset_config.py needs, and HEARTH_DASHBOARDS_USER with HEARTH_DASHBOARDS_PASSWORD; a login
that is there gets this password. May be run any number of times.
"""

from __future__ import annotations

import os
from pathlib import Path


def main() -> None:
    user, password = os.environ["HEARTH_DASHBOARDS_USER"], os.environ["HEARTH_DASHBOARDS_PASSWORD"]
    os.environ.setdefault("SUPERSET_CONFIG_PATH", str(Path(__file__).with_name("superset_config.py")))
    import superset
    from flask_migrate import upgrade
    from superset.app import create_app

    with create_app().app_context():
        upgrade(directory=str(Path(superset.__file__).with_name("migrations")))
    # Once more: the permissions are read from the tables that are there now.
    with create_app().app_context():
        from superset import appbuilder, security_manager

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        known = security_manager.find_user(username=user)
        if known is None:
            role = security_manager.find_role("Admin")
            security_manager.add_user(user, "Hearth", "Admin", f"{user}@hearth.example", role, password)
        elif not security_manager.auth_user_db(user, password):
            security_manager.reset_password(known.id, password)
    print(f"Superset is prepared; its first login is {user}")


if __name__ == "__main__":
    main()
