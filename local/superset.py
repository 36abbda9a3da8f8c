"""Superset on one machine: its settings, its tables, its one process, the dashboards in it.

It runs in an environment of its own (.venv-superset, see local/environment.py), with SQLite beside it: a trial has a handful of
viewers, and nothing of value is in there that dashboards/ does not hold.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from hearth.dashboards.access import password_variable
from local.airflow import http_answers
from local.environment import DASHBOARDS, NO_PYTHON, find_python
from local.instance import REPOSITORY, Instance, process_environment
from local.postgres import HOST
from local.processes import Service, ServiceFailed

ADMIN = "admin"
SERVICE = "superset"
VIEWERS = {"director": "dashboards_director", "branch-01": "dashboards_branch_01"}
"""Logins of dashboards/access.yml -> their secret here."""

THREADS = 8

NO_PYTHON_HERE = (
    "No dashboards: Superset needs Python 3.11 or 3.12, and there is neither on PATH. Everything else goes on; install one of them"
    " (Debian: python3.12 or python3.11) and run `make demo` again."
)


def can_run() -> bool:
    """Whether there is a Python for Superset, or its environment already."""
    return DASHBOARDS.is_ready or find_python(DASHBOARDS.minors) is not None


def make_environment(instance: Instance) -> bool:
    """Install what dashboards/requirements.lock names. False when no Python here can run Superset; raises ServiceFailed."""
    command = [sys.executable, "-I", str(REPOSITORY / "local" / "environment.py"), "dashboards"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    (instance.logs / "superset-environment.log").write_text(answer.stdout + answer.stderr)
    if answer.returncode not in (0, NO_PYTHON):
        raise ServiceFailed(f"the dashboards' environment could not be made:\n{(answer.stdout + answer.stderr)[-3000:]}")
    return answer.returncode == 0


def address(instance: Instance) -> str:
    return f"http://{HOST}:{instance.port('dashboards')}"


def login(instance: Instance) -> dict[str, str]:
    """What `hearth dashboards` needs beside the pipeline's variables: who imports, and the passwords of the viewers."""
    viewers = {password_variable(name): instance.secret(key) for name, key in VIEWERS.items()}
    return {"HEARTH_DASHBOARDS_USER": ADMIN, "HEARTH_DASHBOARDS_PASSWORD": instance.secret("superset_admin"), **viewers}


def logins(instance: Instance) -> str:
    """Every login with its password, for a person to read."""
    names = {ADMIN: "superset_admin", **VIEWERS}
    return ", ".join(f"{name} / {instance.secret(key)}" for name, key in names.items())


def settings(instance: Instance) -> dict[str, str]:
    """Variables of the Superset process: its own, none of the pipeline's."""
    return {
        "SUPERSET_HOME": str(instance.home / "superset"),
        "SUPERSET_CONFIG_PATH": str(REPOSITORY / "dashboards" / "superset_config.py"),
        "SUPERSET_SECRET_KEY": instance.secret("superset_secret_key"),
        "HEARTH_DASHBOARDS_BRANCH_KEY": instance.secret("branch_key"),
        "SCARF_ANALYTICS": "false",
        "PATH": f"{DASHBOARDS.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
    }


def prepare(instance: Instance) -> None:
    """Superset's tables and first login."""
    folder = instance.home / "superset"
    folder.mkdir(exist_ok=True, mode=0o700)
    digest = DASHBOARDS.digest
    if instance.fact("superset_prepared") == digest and (folder / "superset.db").exists():
        return
    environment = process_environment({**settings(instance), **login(instance)})
    command = [*_gently(), str(DASHBOARDS.python), str(REPOSITORY / "dashboards" / "prepare.py")]
    answer = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    (instance.logs / "superset-prepare.log").write_text(answer.stdout + answer.stderr)
    if answer.returncode != 0:
        raise ServiceFailed(f"Superset could not be prepared:\n{(answer.stdout + answer.stderr)[-3000:]}")
    instance.remember(superset_prepared=digest)


def service(instance: Instance) -> Service:
    """One worker process with threads: answers wait for the warehouse, not for Python."""
    command = [str(DASHBOARDS.folder / "bin" / "gunicorn"), "--bind", f"{HOST}:{instance.port('dashboards')}", "--workers", "1"]
    command += ["--worker-class", "gthread", "--threads", str(THREADS), "--timeout", "120", "--no-control-socket"]
    command += ["superset.app:create_app()"]
    return Service(
        SERVICE, command, process_environment(settings(instance)), ready=lambda: http_answers(f"{address(instance)}/health"),
        folder=instance.home / "superset", seconds=180,
    )  # fmt: skip


def import_dashboards(instance: Instance, variables: Mapping[str, str]) -> None:
    """Bring dashboards/ in by the command a company uses. Raises ServiceFailed."""
    environment = process_environment({**variables, **login(instance), "PYTHONPATH": str(REPOSITORY / "plugins")})
    command = [sys.executable, "-m", "hearth.cli", "dashboards", "import"]
    answer = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    (instance.logs / "dashboards-import.log").write_text(answer.stdout + answer.stderr)
    if answer.returncode != 0:
        raise ServiceFailed(f"the dashboards could not be brought in:\n{(answer.stdout + answer.stderr)[-3000:]}")


def _gently() -> list[str]:
    """Beside the long work of a demo, on what that leaves of the cores."""
    return ["nice", "-n", "15"]
