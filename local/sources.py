"""The simulated city as source systems: built once, its SQL part loaded, its HTTP and SFTP servers running."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

from local.instance import REPOSITORY, Instance, process_environment
from local.postgres import HOST
from local.processes import Service, ServiceFailed

DATABASE = "city_sources"
READER = "city_reader"


def code_digest() -> str:
    """A digest of the city's code: another city is built when it changes."""
    digest = hashlib.sha256()
    for path in sorted((REPOSITORY / "city").rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def build(instance: Instance, scale: float, seed: int, *more: str) -> None:
    """Build the city into the instance's folder, unless it stands there already; `more`: further options of `city build`."""
    if instance.fact("city_built"):
        return
    options = ["--out", str(instance.city), "--seed", str(seed), "--scale", str(scale), *more]
    run_module(instance, "city", ["build", *options], log="city-build")
    instance.remember(city_built=True)


def load_databases(instance: Instance) -> None:
    """Fill the source databases, and let a reader in who can do nothing but read."""
    from psycopg import sql

    if instance.fact("city_loaded"):
        return
    instance.server.drop_database(DATABASE)
    url = instance.server.create_database(DATABASE, durable=False)
    run_module(instance, "city", ["load-sql", "--dir", str(instance.city), "--url", url], log="city-load-sql")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("select 1 from pg_roles where rolname = %s", (READER,)).fetchone()
        verb, role = sql.SQL("alter" if known else "create"), sql.Identifier(READER)
        password = sql.Literal(instance.secret("role_city_reader"))
        connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, password))
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(DATABASE)))
        connection.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(DATABASE), role))
        schemas = connection.execute(
            "select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'"
        ).fetchall()
        for (schema,) in schemas:
            name = sql.Identifier(schema)
            connection.execute(sql.SQL("grant usage on schema {} to {}").format(name, role))
            connection.execute(sql.SQL("grant select on all tables in schema {} to {}").format(name, role))
    instance.remember(city_loaded=True)


def connections(instance: Instance) -> dict[str, str]:
    """Airflow connections to the city's systems; the servers' ports must have been chosen."""
    web = instance.http_connection(instance.port("city_http"))
    return {
        "AIRFLOW_CONN_HEARTH_DISPATCH": web,
        "AIRFLOW_CONN_HEARTH_12345": web,
        "AIRFLOW_CONN_HEARTH_FILES": instance.sftp_connection(instance.port("city_sftp")),
        "AIRFLOW_CONN_HEARTH_SOURCES": instance.sql_connection(DATABASE, READER, instance.secret("role_city_reader")),
    }


def service(instance: Instance) -> Service:
    """Both servers of the city, in one process."""
    ports = [instance.port("city_http"), instance.port("city_sftp")]
    command = [sys.executable, "-m", "city", "serve", "--dir", str(instance.city)]
    command += ["--http-port", str(ports[0]), "--sftp-port", str(ports[1]), "--token-file", str(instance.token_file)]
    command += ["--host-key", str(instance.host_key)]
    command += ["--authorized-key", str(instance.client_key.with_suffix(".pub"))]
    return Service("city", command, process_environment({}), ready=lambda: all(map(_listens, ports)), folder=REPOSITORY)


def run_module(instance: Instance, module: str, arguments: list[str], *, log: str, variables: dict[str, str] | None = None) -> None:
    """Run `python -m module` to its end; what it says goes to a log of the instance."""
    path: Path = instance.logs / f"{log}.log"
    with path.open("ab") as stream:
        answer = subprocess.run(
            [sys.executable, "-m", module, *arguments], env=process_environment(variables or {}), cwd=REPOSITORY,
            stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if answer.returncode != 0:
        end = "\n".join(path.read_text(errors="replace").splitlines()[-25:])
        raise ServiceFailed(f"python -m {module} {arguments[0] if arguments else ''} failed (log: {_short(path)}):\n{end}")


def _short(path: Path) -> str:
    return os.path.relpath(path)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
