"""A Spark master and its workers on this machine, each its own process, from the jars of Spark's environment."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
STARTS_SECONDS = 60


class Cluster:
    """With a secret of its own, as docker-compose.yml has one. What they share is a folder of this machine, no object store."""

    def __init__(self, python: Path, folder: Path, workers: int) -> None:
        (self._home,) = (python.parents[1] / "lib").glob("python3.*/site-packages/pyspark")
        self._folder, self.secret = folder, secrets.token_urlsafe(16)
        self._port, self._page = _free_port(), _free_port()
        self.url = f"spark://{HOST}:{self._port}"
        self._processes = [self._start("master.Master", "--port", str(self._port), "--webui-port", str(self._page))]
        self._wait_for(0)
        for number in range(workers):
            work = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(folder / f"work-{number}"), self.url]
            self._processes.append(self._start("worker.Worker", *work))
        self._wait_for(workers)

    def kill_a_worker(self) -> None:
        """With what runs on it, as when its machine goes."""
        os.killpg(self._processes.pop().pid, signal.SIGKILL)

    def living_workers(self) -> int:
        with urllib.request.urlopen(f"http://{HOST}:{self._page}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])

    def close(self) -> None:
        for process in reversed(self._processes):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, role: str, *arguments: str) -> subprocess.Popen[Any]:
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "JAVA_HOME")},
            "SPARK_HOME": str(self._home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_DAEMON_MEMORY": "512m",
            "SPARK_DAEMON_JAVA_OPTS": "-Dspark.authenticate=true -Dspark.network.crypto.enabled=true",
            "_SPARK_AUTH_SECRET": self.secret,
        }
        command = [str(self._home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", "--host", HOST, *arguments]
        with (self._folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _wait_for(self, workers: int) -> None:
        until = time.monotonic() + STARTS_SECONDS
        while time.monotonic() < until:
            try:
                if self.living_workers() >= workers:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        self.close()
        raise RuntimeError(f"no cluster of {workers} workers:\n{(self._folder / 'cluster.log').read_text()[-3000:]}")


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])
