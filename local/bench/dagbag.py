"""How long Airflow takes to read the DAG files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.bench.measured import Measured
from local.instance import REPOSITORY

GOAL_SECONDS = 2.0


def filling(folder: Path) -> Iterator[Measured]:
    """Seconds to fill the DagBag once Airflow itself is imported; the ratio is goal / seconds."""
    code = (
        "import os, time, airflow.sdk\nfrom airflow.dag_processing.dagbag import DagBag\n"
        "begun = time.monotonic(); bag = DagBag(os.environ['AIRFLOW__CORE__DAGS_FOLDER'])\n"
        "assert not bag.import_errors, bag.import_errors\nprint('SECONDS', time.monotonic() - begun)"
    )
    variables = {
        "AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }  # fmt: skip
    out = subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    seconds = float(out.stdout.split("SECONDS")[1])
    yield Measured("filling the DagBag: goal seconds / seconds", GOAL_SECONDS / seconds, 1.0, f"{seconds:.2f} s of 2")
