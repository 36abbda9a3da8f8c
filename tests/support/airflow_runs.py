"""Runs of the DAGs by Airflow itself, in a process of their own and with a database of Airflow's own, without a scheduler."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from local.instance import REPOSITORY
from local.postgres import Server

_RUN = """
import json, os, sys
from datetime import datetime
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.models import dagrun

given = json.loads(sys.argv[1])
made_by_nobody = dagrun.get_or_create_dagrun
interval = given["interval"] and tuple(map(datetime.fromisoformat, given["interval"]))


def made(**facts):
    facts["triggering_user_name"] = given["person"]
    facts["data_interval"] = interval or facts["data_interval"]
    return made_by_nobody(**facts)


dagrun.get_or_create_dagrun = made  # dag.test() has a name of its own for who started a run
run = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags[given["dag"]].test(run_conf=given["form"])
print("RUN ENDED:", run.state)
"""


def settings(home: Path, database: str) -> dict[str, str]:
    """Variables of an Airflow that knows our DAGs and plugins and nothing of a user's own."""
    return {
        "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"), "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database, "PYTHONPATH": str(REPOSITORY / "plugins"),
    }  # fmt: skip


@dataclass
class Ended:
    state: str
    said: str
    """Everything the run wrote: its log, and what its tasks print."""


class Airflow:
    """`url`: its database, of the owner of the tests' databases."""

    def __init__(self, server: Server, home: Path) -> None:
        self.url, self._home = server.create_database("airflow"), home
        self._command("-m", "airflow", "db", "migrate")

    def run(
        self, dag: str, person: str | None, form: dict[str, Any] | None = None, interval: tuple[datetime, datetime] | None = None
    ) -> Ended:
        """One run, to its end. `person`: who is logged in and started it."""
        edges = [edge.isoformat() for edge in interval] if interval else None
        said = self._command("-c", _RUN, json.dumps({"dag": dag, "person": person, "form": form, "interval": edges}))
        state = re.search(r"^RUN ENDED: (\w+)$", said, re.MULTILINE)
        assert state, said[-3000:]
        return Ended(state[1], said)

    def tables(self) -> dict[str, list[str]]:
        """The rows of every table as text."""
        with psycopg.connect(self.url) as connection:
            names = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
            rows = sql.SQL("select t::text from {} t")
            return {name: [r for (r,) in connection.execute(rows.format(sql.Identifier(name)))] for (name,) in names}

    def _command(self, *arguments: str) -> str:
        database = self.url.replace("postgresql://", "postgresql+psycopg2://")
        answer = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **settings(self._home, database)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert answer.returncode == 0, answer.stdout[-3000:]
        return answer.stdout
