"""Airflow on one machine: its settings, its four processes.

LocalExecutor, an api-server, a scheduler, a dag-processor, and a triggerer: nothing here is deferred, but without one Airflow's
own page shows a red light.
Settings are environment variables, so nothing of a user's own Airflow is read or changed.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from local.airflow_api import Client
from local.airflow_people import ADMIN, PEOPLE, secret_of
from local.instance import REPOSITORY, Instance, process_environment
from local.postgres import HOST
from local.processes import Service, ServiceFailed

PARALLELISM = 3
"""Tasks at once: two cores, and a task that waits for a source leaves its core to another."""

PRELOADED = (
    "airflow",
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "pandas",
    "pyarrow.compute",
    "adbc_driver_postgresql.dbapi",
    "psycopg",
    "great_expectations",
    "dbt.cli.main",
    "hearth.tasks.feed",
    "hearth.tasks.build",
    "hearth.intake.take_in",
    "hearth.sources.files",
    "hearth.sources.http",
    "hearth.sources.sftp",
    "hearth.sources.sql",
)
"""Imported once by the process the executor's workers are forked from: these take 15 s of a core, and every task
would spend them again. On macOS tasks start a new interpreter and gain nothing."""

WARM_START = Path(__file__).parent / "scheduler_settings"

DATABASE = "airflow"
DATABASE_ROLE = "hearth_airflow"


def settings(instance: Instance) -> dict[str, str]:
    """AIRFLOW__ variables of this instance."""
    home = instance.airflow_home
    address = f"http://{HOST}:{instance.port('airflow')}"
    login = f"{DATABASE_ROLE}:{quote(instance.secret('role_airflow'), safe='')}"
    database = f"{login}@{HOST}:{instance.server.port}/{DATABASE}"
    chosen = {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": str(PARALLELISM),
            "dags_folder": str(REPOSITORY / "dags"),
            "plugins_folder": str(REPOSITORY / "plugins"),
            "load_examples": "False",
            "fernet_key": instance.secret("airflow_fernet"),
            "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "execution_api_server_url": f"{address}/execution/",
            "min_serialized_dag_update_interval": "2",
            # Loading what is landed goes before landing more: the longest feed then does not end last.
            "default_task_weight_rule": "upstream",
        },
        "database": {"sql_alchemy_conn": f"postgresql+psycopg2://{database}"},
        "api": {
            "host": HOST,
            "port": str(instance.port("airflow")),
            "base_url": address,
            "workers": "1",
            "secret_key": instance.secret("airflow_secret_key"),
            "instance_name": "Hearth",
        },
        "api_auth": {"jwt_secret": instance.secret("airflow_jwt")},
        "scheduler": {
            "scheduler_idle_sleep_time": "0.2",
            "task_instance_heartbeat_timeout": "60",
            "task_instance_heartbeat_timeout_detection_interval": "5",
            "orphaned_tasks_check_interval": "30",
            "parsing_cleanup_interval": "60",
            "max_dagruns_to_create_per_loop": "20",
            "enable_health_check": "False",
            # On a busy small machine the loop may stand still for a while; that is no reason to start tasks twice.
            "scheduler_health_check_threshold": "120",
            "mp_start_method": "forkserver",
            "mp_forkserver_preload": ",".join(PRELOADED),
        },
        "dag_processor": {
            "refresh_interval": "60",
            "min_file_process_interval": "120",
            "bundle_refresh_check_interval": "2",
            "parsing_processes": "1",
        },
        "logging": {"base_log_folder": str(home / "logs"), "logging_level": "INFO"},
    }
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": value
        for section, options in chosen.items()
        for name, value in options.items()
    }
    return {"AIRFLOW_HOME": str(home), **variables}


def prepare(instance: Instance, variables: Mapping[str, str]) -> None:
    """Make Airflow's database, bring its tables up to date and make its logins."""
    from psycopg import sql

    instance.server.create_database(DATABASE, durable=False)
    with instance.server._connect() as connection:
        role, database = sql.Identifier(DATABASE_ROLE), sql.Identifier(DATABASE)
        known = connection.execute("select 1 from pg_roles where rolname = %s", (DATABASE_ROLE,)).fetchone()
        verb = sql.SQL("alter" if known else "create")
        password = sql.Literal(instance.secret("role_airflow"))
        connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, password))
        connection.execute(sql.SQL("alter database {} owner to {}").format(database, role))
        connection.execute(sql.SQL("revoke connect on database {} from public").format(database))
    version = f"{importlib.metadata.version('apache-airflow-core')} with FAB"
    if instance.fact("airflow_migrated") == version:
        return
    logins = json.dumps({login: [role, instance.secret(secret_of(login))] for login, role in PEOPLE.items()})
    for what, command, given in (
        ("airflow-migrate", [*_airflow(), "db", "migrate"], ""),
        ("airflow-people", [sys.executable, "-m", "local.airflow_people"], logins),
    ):
        answer = subprocess.run(
            command, env=_with_ours(process_environment(variables)), cwd=instance.airflow_home, input=given,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        (instance.logs / f"{what}.log").write_text(answer.stdout + answer.stderr)
        if answer.returncode != 0:
            raise ServiceFailed(f"{what} failed:\n{(answer.stdout + answer.stderr)[-3000:]}")
    instance.remember(airflow_migrated=version)


def _with_ours(environment: dict[str, str]) -> dict[str, str]:
    """The same, with the folder of `local` among the places Python looks in."""
    return {**environment, "PYTHONPATH": f"{environment['PYTHONPATH']}:{REPOSITORY}"}


def services(instance: Instance, variables: Mapping[str, str]) -> list[Service]:
    """Airflow's processes, in the order to start them."""
    environment = process_environment(variables)
    address = f"http://{HOST}:{instance.port('airflow')}"

    def part_is_healthy(part: str) -> bool:
        try:
            with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:
                return bool(json.load(answer)[part]["status"] == "healthy")
        except (OSError, ValueError, KeyError):
            return False

    def service(command: list[str], ready: Callable[[], bool], path: Path | None = None) -> Service:
        own = {"PYTHONPATH": f"{environment['PYTHONPATH']}:{path}"} if path else {}
        return Service(
            f"airflow-{command[0]}",
            [*_airflow(), *command],
            {**environment, **own},
            ready=ready,
            folder=instance.airflow_home,
        )

    return [
        service(["api-server"], lambda: http_answers(f"{address}/api/v2/version")),
        # Logs lie in a folder the api-server reads itself; nobody needs them served.
        service(["scheduler", "--skip-serve-logs"], lambda: part_is_healthy("scheduler"), WARM_START),
        service(["dag-processor"], lambda: part_is_healthy("dag_processor")),
        service(["triggerer", "--skip-serve-logs"], lambda: part_is_healthy("triggerer")),
    ]


def logins(instance: Instance) -> str:
    """Every login with its password, for whoever tries this instance."""
    return ", ".join(f"{login} / {instance.secret(secret_of(login))}" for login in PEOPLE)


def client(instance: Instance) -> Client:
    """A client of the running Airflow, logged in as its admin."""
    return Client(f"http://{HOST}:{instance.port('airflow')}", ADMIN, instance.secret("airflow_admin"))


def http_answers(url: str) -> bool:
    """Whether a server answers this address with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status < 400)
    except (OSError, ValueError):
        return False


def _airflow() -> list[str]:
    """Airflow's command of the environment we run in."""
    beside = Path(sys.executable).parent / "airflow"
    return [sys.executable, str(beside)] if beside.exists() else [sys.executable, "-m", "airflow"]
