"""The process of Spark's own environment that runs a job: started, listened to, ended."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from hearth.dated.dated_rows import REPOSITORY
from hearth.lake.errors import EngineFailed

log = logging.getLogger(__name__)

JOB = REPOSITORY / "spark" / "reduce.py"
MADE, FAILED = "made: ", "failed: "
"""How lines of the job begin that are meant for us."""
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME", "HADOOP_CONF_DIR")
_PASSED_ON_OF = ("SPARK_", "AWS_")
LINES_KEPT = 30


class SparkProcess:
    """One application."""

    def __init__(self, master: str, job: Path) -> None:
        self._master = master
        self._last: deque[str] = deque(maxlen=LINES_KEPT)
        refuse_without_java()
        self._process = subprocess.Popen(
            [str(spark_python()), "-u", str(JOB), str(job)],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def wait_for(self, name: str) -> None:
        """Until the rows of this text are written; what Spark says goes to the log. Raises EngineFailed."""
        for line in self._lines():
            if line == f"{MADE}{name}":
                return
        self._fail(f"ended before the rows of {name} were written")

    def finish(self) -> None:
        for _ in self._lines():
            pass
        if self._process.wait():
            self._fail("failed at its end")

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._process.stdout:
            self._process.stdout.close()

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.rstrip()
            self._last.append(line)
            if line and not line.startswith(MADE):
                log.info("spark: %s", line)
            yield line

    def _fail(self, what: str) -> None:
        code = self._process.wait()
        told = next((line.removeprefix(FAILED) for line in reversed(self._last) if line.startswith(FAILED)), None)
        reason = told or " / ".join(line for line in list(self._last)[-5:] if line) or "it said nothing"
        raise EngineFailed(
            f"the job at {self._master} (HEARTH_READINGS_ENGINE) {what}, exit code {code}: {reason}. Its whole log stands"
            " above. The days it should have made stay as they were; build again when the cause is mended, or set"
            " HEARTH_READINGS_ENGINE=duckdb to build on this machine"
        )


def spark_python() -> Path:
    """Of Spark's own environment. Raises EngineFailed."""
    named = os.environ.get("HEARTH_SPARK_PYTHON")
    python = Path(named) if named else REPOSITORY / ".venv-spark" / "bin" / "python"
    if not python.exists():
        raise EngineFailed(
            f"HEARTH_READINGS_ENGINE asks for Spark, and there is no {python}. Make Spark's environment (python"
            " local/environment.py spark, or HEARTH_SPARK=1 when the image is built), or name its Python in HEARTH_SPARK_PYTHON"
        )
    return python


def refuse_without_java() -> None:
    home = os.environ.get("JAVA_HOME")
    where = f"in JAVA_HOME ({home})" if home else "on PATH"
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        raise EngineFailed(
            f"HEARTH_READINGS_ENGINE asks for Spark, and there is no Java {where}; Spark needs Java 17 or newer (Debian: apt-get"
            " install openjdk-17-jre-headless)"
        )


def _environment() -> dict[str, str]:
    """The job's: no login of the warehouse. The cluster's secret comes under the name Spark has for it, so that no list of
    processes shows it."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_OF)}
    if secret := os.environ.get("HEARTH_SPARK_SECRET"):
        passed["_SPARK_AUTH_SECRET"] = secret
    return passed
