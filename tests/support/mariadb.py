"""A real MariaDB in a folder of its own, and what it does when it is disturbed."""

from __future__ import annotations

import getpass
import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from local.postgres import free_port

SECONDS_TO_START = 60
READER = ("reader", "p@ss:word/王")


class MariaDb:
    """One server; `connection()` is how Airflow is told of it, `run()` is its administrator."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> MariaDb:
        """Wait until it answers."""
        data = self.folder / "data"
        same = ("--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}")
        if not data.exists():
            install = ["mariadb-install-db", *same, "--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                _program(), *same, f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.folder}/socket",
                f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", *options,
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
        until = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.run("select 1")
                return self
            except pymysql.err.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)

    def run(self, *statements: str, values: Any = None) -> tuple[tuple[Any, ...], ...]:
        """The rows of the last one."""
        with pymysql.connect(host="127.0.0.1", port=self.port, user="root", charset="utf8mb4", autocommit=True) as owner:
            with owner.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, values)
                return cursor.fetchall()

    def connection(self, **more: Any) -> str:
        login, password = READER
        said = {"conn_type": "mariadb", "host": "127.0.0.1", "port": self.port, "schema": "hotline"}
        return json.dumps({**said, "login": login, "password": password, **more})

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


def _program() -> str:
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin") or ""


@pytest.fixture(scope="module")
def mariadb(cannot_run: Callable[[str], None]) -> Iterator[MariaDb]:
    """With an empty database `hotline` and a login that may read it."""
    if not _program():
        cannot_run("no mariadbd (Debian: apt-get install mariadb-server-core)")
    folder = Path(tempfile.mkdtemp(prefix="hearth-mariadb-"))
    server = MariaDb(folder)
    try:
        server.start()
        server.run("create database hotline character set utf8mb4")
        server.run("create user reader identified by %s", values=(READER[1],))
        server.run("grant select on hotline.* to reader")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
