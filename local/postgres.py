"""A PostgreSQL server of our own in a folder: start, stop, make databases.

For trying, tests and the demo. TCP on 127.0.0.1 only, scram passwords, no unix socket outside the data folder.
`with Server(folder) as server: server.create_database("warehouse")` is all a caller needs; the passwords and the place
of the data are kept in `<folder>/server.json` (0600), so a later process finds the same server again. Databases belong to
an owner who is no superuser, as on a managed server; the administrator only makes them.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psutil

from local.binaries import Account, PostgresUnavailable, Programs, find_programs, server_account

ADMINISTRATOR = "postgres"
OWNER = "hearth_owner"
AS_SUPERUSER = Path(__file__).resolve().parents[1] / "plugins" / "hearth" / "warehouse" / "as_superuser.sql"
HOST = "127.0.0.1"
START_SECONDS = 60

LARGE: Mapping[str, str] = {"shared_buffers": "1GB", "work_mem": "64MB", "maintenance_work_mem": "256MB"}
SMALL: Mapping[str, str] = {"shared_buffers": "128MB", "work_mem": "16MB", "maintenance_work_mem": "64MB"}
COMMON: Mapping[str, str] = {
    "max_connections": "200",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "password_encryption": "scram-sha-256",  # pragma: allowlist secret
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "log_min_messages": "warning",
    # A partitioned warehouse takes one lock per partition and index in a single statement.
    "max_locks_per_transaction": "256",
}
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class ServerError(RuntimeError):
    """The server could not do what was asked; the message carries the end of its log."""


LASTING_PORTS = range(20000, 32768)
"""Below the ports a system gives to outgoing connections (Linux: from 32768, IANA: from 49152): one chosen here stays free until
the service that is to listen there has started, however long that takes."""


def free_port(preferred: int | None = None) -> int:
    """`preferred` when nobody listens there, else a free one of LASTING_PORTS."""
    for port in (*([preferred] if preferred else []), *random.sample(LASTING_PORTS, 100)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("no free port on 127.0.0.1")


class Server:
    """One PostgreSQL in one folder. `settings` are added to postgresql.conf at every start; `programs` is a folder of
    PostgreSQL's programs to use instead of the wheel's."""

    def __init__(
        self,
        folder: Path | str,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = LARGE,
        programs: Path | None = None,
    ) -> None:
        self.folder = Path(folder).absolute()
        self._wanted_programs = programs
        self.settings = {**COMMON, **settings}
        self._wanted_port = port
        self._state: dict[str, Any] = self._read_state()
        self.created = False
        """True after a start that had to make an empty data folder."""

    # What is known about the server

    @property
    def data(self) -> Path | None:
        place = self._state.get("data")
        return Path(place) if place else None

    @property
    def port(self) -> int:
        return int(self._state["port"])

    @property
    def password(self) -> str:
        return str(self._state["password"])

    @property
    def programs(self) -> str:
        """The folder of the programs it was started with."""
        return str(self._state["programs"])

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, when it really is the postmaster of our data folder."""
        if self.data is None:
            return None
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            return pid if process.name() == "postgres" and _works_in(process, self.data) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def is_running(self) -> bool:
        return self.pid is not None

    def administrator_url(self, database: str = "postgres") -> str:
        """Connection URI of the superuser; a folder of an earlier version has none but its owner."""
        secret = self._state.get("administrator")
        return self.url(database, ADMINISTRATOR, str(secret)) if secret else self.url(database)

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Connection URI; without `user` the owner's."""
        login = OWNER if user is None else user
        secret = self.password if user in (None, OWNER) else password
        credentials = quote(login, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql://{credentials}@{HOST}:{self.port}/{quote(database, safe='')}"

    # Life

    def start(self) -> Server:
        """Start the server, making its data folder first where there is none; nothing happens when it runs already."""
        if self.is_running():
            return self
        account = server_account()
        self._make_folder()
        self._place_data(account)
        assert self.data is not None
        programs = find_programs(account, self.data.parent / "programs", self._wanted_programs)
        self._end_leftovers()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(account, programs)
            self.created = True
        for _ in range(3):
            self._state["port"] = self._choose_port()
            self._write_settings(account)
            if self._launch(account, programs):
                self._state["programs"] = str(programs.bin)
                self._write_state()
                self._make_owner()
                return self
        raise ServerError(f"PostgreSQL did not start in {self.folder}:\n{self._end_of_log()}")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server and wait; `immediate` is a crash, after which the next start recovers."""
        pid = self.pid
        if pid is not None:
            process = psutil.Process(pid)
            signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
            process.send_signal(signals[mode])
            try:
                process.wait(timeout=START_SECONDS)
            except psutil.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(timeout=START_SECONDS)
        self._end_leftovers()

    def remove(self) -> None:
        """Stop the server and delete its data, wherever it was put."""
        self.stop("immediate")
        if self.data is not None and self.data.parent != self.folder:
            shutil.rmtree(self.data.parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._state = {}

    def kill(self) -> None:
        """Kill every process of the server at once, as a power cut would; for tests of crash recovery."""
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):  # a worker's work was done meanwhile
                    act(process)
        psutil.wait_procs(self.processes(), timeout=START_SECONDS)

    def processes(self) -> list[psutil.Process]:
        """Every process of this server, the postmaster and its children, known by their working folder."""
        data = self.data or self.folder / "data"
        return [p for p in psutil.process_iter(["name"]) if p.info["name"] == "postgres" and _works_in(p, data)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # Databases

    def create_database(self, name: str, *, template: str | None = None, durable: bool = True) -> str:
        """Create a database unless it is there, and return its URL.

        `durable=False` lets commits return before they reach the disk: only for databases that can be made again
        (Airflow's metadata of a trial, the simulated source systems), never for the warehouse.
        """
        from psycopg import sql

        with self._connect() as connection:
            there = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
            if there is None:
                names = [sql.Identifier(part) for part in (name, OWNER, template or "template1")]
                way = sql.SQL("file_copy" if template else "wal_log")  # a third of the time for a database that has anything in it
                connection.execute(sql.SQL("create database {} owner {} template {} strategy {}").format(*names, way))
            if not durable:
                connection.execute(sql.SQL("alter database {} set synchronous_commit = off").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        from psycopg import sql

        with self._connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _connect(self, database: str = "postgres") -> Any:
        """As the administrator."""
        import psycopg

        return psycopg.connect(self.administrator_url(database), autocommit=True, connect_timeout=10)

    def _make_owner(self) -> None:
        """The owner of databases, and what a superuser does once for all databases to come; nothing where it is done."""
        from psycopg import sql

        with self._connect("template1") as connection:
            if connection.execute("select 1 from pg_roles where rolname = %s", (OWNER,)).fetchone():
                return
            connection.execute(AS_SUPERUSER.read_text(encoding="utf-8"))
            connection.execute(
                sql.SQL("create role {} login createrole createdb password {}").format(
                    sql.Identifier(OWNER), sql.Literal(self.password)
                )
            )

    # How it is done

    def _choose_port(self) -> int:
        """The port of last time, else the wanted one, else any free one."""
        wanted = [port for port in (self._state.get("port"), self._wanted_port) if port]
        return next((port for port in wanted if free_port(port) == port), 0) or free_port()

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.folder.chmod(0o711)  # passable for the server's account; nothing in it is readable

    def _place_data(self, account: Account) -> None:
        """Choose the data folder: ours, or one in the temporary folder where the server's account cannot reach ours."""
        if self.data is not None and not self.data.is_dir():
            self._state = {}  # the temporary folder was emptied meanwhile: begin anew
        if self.data is None:
            place = self.folder
            if not account.can_enter(self.folder):
                place = Path(tempfile.mkdtemp(prefix="hearth-postgres-"))
                place.chmod(0o711)
            data = place / "data"
            data.mkdir(mode=0o700, exist_ok=True)
            account.own(data)
            self._state = {
                "data": str(data),
                "password": secrets.token_urlsafe(24),
                "administrator": secrets.token_urlsafe(24),
            }
            self._write_state()
        assert self.data is not None
        if not account.can_enter(self.data):
            raise PostgresUnavailable(f"the account of the server cannot enter {self.data}; remove {self.folder}")

    def _initialise(self, account: Account, programs: Programs) -> None:
        assert self.data is not None
        for leftover in self.data.iterdir():  # an initdb that was interrupted
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        handle, name = tempfile.mkstemp(prefix="hearth-", dir=self.data.parent)
        password_file = Path(name)
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write(self._state["administrator"] + "\n")
            account.own(password_file)
            # Byte order: the same sorting on every machine. From 17 on the built-in UTF-8 locale knows letters as well.
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if programs.major >= 17 else []
            command = [programs.path("initdb"), "-D", str(self.data), "-U", ADMINISTRATOR, "--pwfile", name, "--encoding=UTF8"]
            command += ["--auth=scram-sha-256", "--locale=C", "--no-sync", "--no-instructions", *locale]
            answer = subprocess.run(
                command, capture_output=True, text=True, env=ENVIRONMENT, cwd="/", check=False, **account.run_options
            )
        finally:
            password_file.unlink(missing_ok=True)
        if answer.returncode != 0:
            raise ServerError(f"initdb failed in {self.data}:\n{answer.stdout}{answer.stderr}")
        with (self.data / "postgresql.conf").open("a") as stream:
            stream.write("include_if_exists = 'hearth.conf'\n")

    def _write_settings(self, account: Account) -> None:
        assert self.data is not None
        settings = {**self.settings, "port": str(self.port)}
        target = self.data / "hearth.conf"
        target.write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()))
        account.own(target)

    def _launch(self, account: Account, programs: Programs) -> bool:
        """Start the postmaster; False when it failed, for instance because somebody took the port meanwhile."""
        assert self.data is not None
        command = [programs.path("pg_ctl"), "start", "-D", str(self.data), "-w", "-t", str(START_SECONDS)]
        command += ["-l", str(self.data / "server.log"), "--silent"]
        answer = subprocess.run(
            command, env=ENVIRONMENT, cwd="/", check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account.run_options,
        )  # fmt: skip
        return answer.returncode == 0 and self.is_running()

    def _end_leftovers(self) -> None:
        """After a crash of the postmaster its children may live on and hold the shared memory: end them, ours only."""
        if self.is_running():
            return
        for wait, send in ((5, "terminate"), (5, "kill")):
            left = self.processes()
            for process in left:
                try:
                    getattr(process, send)()
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(left, timeout=wait)
        if self.data is not None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _end_of_log(self, lines: int = 20) -> str:
        assert self.data is not None
        try:
            return "\n".join((self.data / "server.log").read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads((self.folder / "server.json").read_text())
            return state if isinstance(state, dict) else {}
        except (OSError, ValueError):
            return {}

    def _write_state(self) -> None:
        target = self.folder / "server.json"
        draft = target.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self._state, indent=1))
        draft.replace(target)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether a process has this working folder; each server process works in its data folder."""
    try:
        return os.path.realpath(process.cwd().removesuffix(" (deleted)")) == os.path.realpath(folder)
    except (psutil.Error, OSError):
        return False


def wait_until(url: str, seconds: float = START_SECONDS) -> None:
    """Wait until a database answers; for a server that is started by somebody else."""
    import psycopg

    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
