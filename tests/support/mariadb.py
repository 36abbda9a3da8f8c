"""A real MariaDB in a folder of its own, and what it does when it is disturbed."""

from __future__ import annotations

import getpass
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from tests.support.servers import OwnServer, own_server

SECONDS_TO_START = 60
READER = ("reader", "p@ss:word/王")


class MariaDb(OwnServer):
    """One server; `connection()` is how Airflow is told of it, `run()` is its administrator."""

    PROGRAM = "mariadbd"

    def start(self, *options: str) -> MariaDb:
        """Wait until it answers."""
        data = self.folder / "data"
        same = ("--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}")
        if not data.exists():
            install = ["mariadb-install-db", *same, "--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        command = [
            *same, f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", *options,
        ]  # fmt: skip
        self.begin(command, lambda: self.run("select 1"), pymysql.err.OperationalError, SECONDS_TO_START)
        return self

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


@pytest.fixture(scope="module")
def mariadb(cannot_run: Callable[[str], None]) -> Iterator[MariaDb]:
    """With an empty database `hotline` and a login that may read it."""
    with own_server(MariaDb, "mariadb-server-core", cannot_run) as server:
        server.start()
        server.run("create database hotline character set utf8mb4")
        server.run("create user reader identified by %s", values=(READER[1],))
        server.run("grant select on hotline.* to reader")
        yield server
