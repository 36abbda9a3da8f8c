"""Start, stop, show and remove instances: `python -m local.stack start|stop|status|clean [--home FOLDER]`.

Stopping works in whatever state an instance is: half started, crashed, with stale pid files, or with parts of its
folder gone. Without `--home` it means every instance under build/.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import psutil
from rich.table import Table

from local import airflow, report, sources, superset
from local.instance import DEFAULT_HOME, REPOSITORY, Instance, process_environment
from local.postgres import LARGE
from local.processes import MARK, Service

BUILD = REPOSITORY / "build"


def memory_settings() -> dict[str, str]:
    """PostgreSQL's memory for this machine: 1 GB of shared buffers, less where there is less than 8 GB."""
    megabytes = min(1024, max(128, psutil.virtual_memory().total // 8 // 2**20))
    return {**LARGE, "shared_buffers": f"{megabytes}MB"}


def pages_service(instance: Instance) -> Service:
    """A file server for the pages the runs write."""
    port = instance.port("pages")
    return Service(
        "pages", [sys.executable, "-m", "local.pages", str(instance.pages), str(port)],
        process_environment({"PYTHONPATH": str(REPOSITORY / "plugins")}),
        ready=lambda: airflow.http_answers(f"http://127.0.0.1:{port}/"), folder=REPOSITORY,
    )  # fmt: skip


def ensure(instance: Instance, services: list[Service]) -> None:
    """Start those services that do not run and answer already, and wait for all."""
    missing = [service for service in services if not (instance.supervisor.is_running(service.name) and service.ready())]
    for service in missing:
        instance.supervisor.start(service)
    instance.supervisor.wait(missing)


def choose_ports(instance: Instance) -> bool:
    """Give each service that does not run a free port; True when one of them moved."""
    owners = {
        "airflow": "airflow-api-server", "pages": "pages", "city_http": "city", "city_sftp": "city", "dashboards": superset.SERVICE,
    }  # fmt: skip
    moved = False
    for port_name, service_name in owners.items():
        if instance.supervisor.is_running(service_name) and instance.has_port(port_name):
            continue
        before = instance.port(port_name) if instance.has_port(port_name) else None
        moved |= instance.choose_port(port_name) != before
    return moved


def stop(instance: Instance) -> None:
    """End Airflow first, then what it reads from, then the databases."""
    running = instance.supervisor.processes()
    instance.supervisor.stop([name for name in running if name.startswith("airflow")])
    instance.supervisor.stop()
    instance.server.stop()


def remove(instance: Instance) -> None:
    """Stop an instance and delete its folder with all data. Raises ClickException for a folder that is no instance's."""
    if instance.home.exists() and not instance.exists and BUILD not in instance.home.absolute().parents:
        raise click.ClickException(f"{instance.home} is no instance of Hearth: it has no instance.json. Nothing was deleted.")
    stop(instance)
    instance.server.remove()
    shutil.rmtree(instance.home, ignore_errors=True)


def instances(home: Path | None = None) -> list[Instance]:
    """The instance of a folder, or all under build/, also those whose folder is gone while processes still run."""
    if home is not None:
        return [Instance(home=home)]
    folders = {path.parent for pattern in ("*/instance.json", "*/run", "*/pg") for path in BUILD.glob(pattern)}
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK, "").partition("@")[2]
        except (psutil.Error, OSError):
            continue
        if marked and BUILD in Path(marked).parents:
            folders.add(Path(marked))
    return [Instance(home=folder) for folder in sorted(folders | {DEFAULT_HOME})]


@click.group()
def main() -> None:
    """Everything of Hearth that runs on this machine."""


def _home_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--home", type=click.Path(path_type=Path), envvar="HEARTH_HOME", default=None)(function)


@main.command("stop")
@_home_option
def stop_command(home: Path | None) -> None:
    """Stop all services; data stays."""
    console = report.console()
    for instance in instances(home):
        groups = {**instance.supervisor.processes(), "postgres": instance.server.processes()}
        running = sorted(name for name, group in groups.items() if group)
        if running:
            console.print(f"stopping {_short(instance.home)}: {', '.join(running)}")
        stop(instance)
    console.print("everything is stopped")


@main.command("clean")
@_home_option
def clean_command(home: Path | None) -> None:
    """Stop all services and delete their data."""
    console = report.console()
    for instance in instances(home):
        if instance.home.exists():
            console.print(f"removing {_short(instance.home)}")
        remove(instance)


@main.command("status")
@_home_option
def status_command(home: Path | None) -> None:
    """Show what runs, where, and with which login."""
    console = report.console()
    for instance in instances(home):
        if not instance.exists:
            console.print(f"{_short(instance.home)}: no instance; `make demo` builds one")
            continue
        table = Table("service", "state", "processes", "memory", "address", title=_short(instance.home))
        for row in service_rows(instance):
            table.add_row(*row)
        console.print(table)
        console.print(f"Airflow logins: {airflow.logins(instance)}")
        if instance.fact("dashboards"):
            console.print(f"Dashboards logins: {superset.logins(instance)}")


def service_rows(instance: Instance) -> list[tuple[str, str, str, str, str]]:
    """One row for each service: name, state, processes, memory, address."""
    groups = instance.supervisor.processes()
    groups["postgres"] = instance.server.processes()
    known = instance.address
    addresses = {
        "airflow-api-server": known.get("airflow", ""),
        "pages": known.get("pages", ""),
        "superset": known.get("dashboards", ""),
    }
    if instance.server.is_running():
        addresses["postgres"] = f"127.0.0.1:{instance.server.port}"
    expected = ["postgres", "city", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor"]
    expected += ["airflow-triggerer", "pages"]
    expected += [superset.SERVICE] if instance.fact("dashboards") else []
    rows = []
    for name in [*expected, *sorted(set(groups) - set(expected))]:
        members = groups.get(name, [])
        megabytes = sum(_resident(process) for process in members) // 2**20
        rows.append((name, "running" if members else "stopped", str(len(members)), f"{megabytes} MiB", addresses.get(name, "")))
    return rows


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _short(path: Path) -> str:
    return os.path.relpath(path)


def variables_of(instance: Instance) -> Mapping[str, str]:
    """The whole environment of the demo's instance; ports must have been chosen."""
    dashboards = {"HEARTH_DASHBOARDS_URL": superset.address(instance)} if instance.fact("dashboards") else {}
    return {**instance.environment(), **dashboards, **sources.connections(instance), **airflow.settings(instance)}


def digest(variables: Mapping[str, str]) -> str:
    """Tells whether services that run were started with these variables and this code."""
    digest = hashlib.sha256(repr(sorted(variables.items())).encode())
    for path in sorted((REPOSITORY / "plugins").rglob("*.py")):  # tasks run code the scheduler has imported
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
