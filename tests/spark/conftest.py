"""Spark in its own environment, and a lake of hand-made files. Java is Debian's openjdk-17-jre-headless."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.environment import SPARK
from local.instance import REPOSITORY


@pytest.fixture(scope="session")
def spark_python(cannot_run: Callable[[str], None]) -> Path:
    """Of the environment spark/requirements.lock names, installed now where it is not."""
    if subprocess.run(["java", "-version"], capture_output=True, check=False).returncode:
        cannot_run("no Java 17 for Spark (Debian: apt-get install openjdk-17-jre-headless)")
    command = [sys.executable, "-I", str(REPOSITORY / "local" / "environment.py"), "spark"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return SPARK.python


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark_python: Path) -> Path:
    """An empty lake, and Spark talking to this machine alone."""
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HEARTH_SPARK_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("HEARTH_SPARK_PYTHON", str(spark_python))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    return tmp_path / "lake"
