"""Start services of one instance in the background, wait until they answer, end all of them and nobody else.

Each service is a session of its own with a log and a pid file. A process counts as ours when it carries the instance's
mark in its environment, or descends from a recorded process whose pid *and* start time still agree, or is an Airflow
process left over in the session of such a one: a pid that the system gave to somebody else meanwhile is never touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

MARK = "HEARTH_PROCESS_OF"
"""Environment variable of our processes: `<service>@<folder of the instance>`. Never written to instance.env, so that a
shell which reads that file does not become one of ours."""

START_TIME_TOLERANCE_SECONDS = 2.0
"""Start times are computed from the boot time, which moves a little when the clock is set."""


class ServiceFailed(RuntimeError):
    """A service ended or did not answer in time; the message carries the end of its log."""


@dataclass(frozen=True)
class Service:
    """What to run. `ready` is asked until it says yes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    folder: Path | None = None
    log_name: str = ""
    seconds: float = 120.0


class Supervisor:
    """The services of one instance folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.run_folder = home / "run"
        self.log_folder = home / "logs"

    # Starting

    def start(self, service: Service) -> None:
        """Start a service in the background; one of the same name that still lives is ended first."""
        self.stop([service.name])
        self.run_folder.mkdir(parents=True, exist_ok=True)
        self.log_folder.mkdir(parents=True, exist_ok=True)
        environment = {**service.environment, MARK: f"{service.name}@{self.home}", "SPT_NOENV": "1"}
        with self.log_path(service).open("ab") as log:
            process = subprocess.Popen(
                list(service.command), env=environment, cwd=service.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        record = {"pid": process.pid, "started": _start_time(process.pid), "command": list(service.command)[:4]}
        self._pid_file(service.name).write_text(json.dumps(record))
        _CHILDREN[process.pid] = process

    def wait(self, services: Iterable[Service]) -> None:
        """Wait until each of the started services answers."""
        for service in services:
            end = time.monotonic() + service.seconds
            while not service.ready():
                if not self.is_running(service.name):
                    raise ServiceFailed(f"{service.name} ended while starting:\n{self.end_of_log(service)}")
                if time.monotonic() > end:
                    raise ServiceFailed(
                        f"{service.name} did not answer within {service.seconds:.0f} s:\n{self.end_of_log(service)}"
                    )
                time.sleep(0.2)

    # Knowing

    def names(self) -> list[str]:
        """Services with a pid file, running or not."""
        return sorted(path.stem for path in self.run_folder.glob("*.pid"))

    def is_running(self, name: str) -> bool:
        return self._leader(name) is not None

    def log_path(self, service: Service) -> Path:
        return self.log_folder / f"{service.log_name or service.name}.log"

    def end_of_log(self, service: Service, lines: int = 25) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log_path(service).read_text(errors="replace").splitlines()[-lines:])
        return "(no log)"

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Every living process of this instance by service, whatever became of the pid files."""
        found: dict[str, dict[int, psutil.Process]] = {name: {} for name in self.names()}
        sessions = {pid: name for name in self.names() if (pid := self._session(name)) is not None}
        for process in psutil.process_iter():
            name = self._marked_name(process) or sessions.get(_session_of(process))
            if name and process.pid != os.getpid():
                found.setdefault(name, {})[process.pid] = process
        for members in found.values():
            for root in list(members.values()):
                with contextlib.suppress(psutil.Error):
                    members.update((child.pid, child) for child in root.children(recursive=True))
        return {name: [p for p in members.values() if _alive(p)] for name, members in found.items()}

    # Ending

    def stop(self, names: Iterable[str] | None = None, seconds: float = 20.0) -> None:
        """End services and all they started: first a polite word to the leader, then to all, then kill."""
        chosen = None if names is None else set(names)
        groups = {name: group for name, group in self.processes().items() if chosen is None or name in chosen}
        leaders = [leader for name in groups if (leader := self._leader(name)) is not None]
        _send(leaders, signal.SIGTERM)
        everybody = [process for group in groups.values() for process in group]
        _send([process for name, group in groups.items() if not self._leader(name) for process in group], signal.SIGTERM)
        left = _wait(everybody, seconds if leaders else 5.0)
        _send(left, signal.SIGTERM)
        left = _wait(left, 5.0)
        _send(left, signal.SIGKILL)
        _wait(left, 10.0)
        again = [p for name, group in self.processes().items() if chosen is None or name in chosen for p in group]
        _send(again, signal.SIGKILL)  # started by somebody while we ended the rest
        _wait(again, 10.0)
        for name in self.names() if chosen is None else chosen:
            self._pid_file(name).unlink(missing_ok=True)

    # How it is done

    def _pid_file(self, name: str) -> Path:
        return self.run_folder / f"{name}.pid"

    def _leader(self, name: str) -> psutil.Process | None:
        """The recorded process, when pid and start time still agree."""
        record = self._record(name)
        if record is None:
            return None
        try:
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["started"]) <= START_TIME_TOLERANCE_SECONDS
            return process if same and _alive(process) else None
        except psutil.Error:
            return None

    def _session(self, name: str) -> int | None:
        """Session of a recorded service: as long as its leader lives, or when only Airflow's children are left of it.

        Airflow's task processes close their environment to other processes, so the mark cannot be read there; a number
        of a session in use is not given out again, so what is left in it and began after the leader is ours.
        """
        record = self._record(name)
        if record is None:
            return None
        if self._leader(name) is not None:
            return int(record["pid"])
        if psutil.pid_exists(int(record["pid"])):
            return None
        left = [p for p in psutil.process_iter() if _session_of(p) == int(record["pid"])]
        ours = [p for p in left if _looks_like_airflow(p) and p.create_time() >= float(record["started"]) - 1]
        return int(record["pid"]) if left and len(ours) == len(left) else None

    def _record(self, name: str) -> dict[str, Any] | None:
        try:
            record = json.loads(self._pid_file(name).read_text())
            return {"pid": int(record["pid"]), "started": float(record["started"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _marked_name(self, process: psutil.Process) -> str | None:
        try:
            name, _, home = process.environ().get(MARK, "").partition("@")
        except (psutil.Error, OSError):
            return None
        return name if home == str(self.home) else None


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""What this very process started: they must be waited for, or they stay as zombies."""


def _session_of(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return -1


def _looks_like_airflow(process: psutil.Process) -> bool:
    try:
        return "airflow" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _start_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:  # it ended at once
        return 0.0


def _alive(process: psutil.Process) -> bool:
    child = _CHILDREN.get(process.pid)
    if child is not None and child.poll() is not None:
        del _CHILDREN[process.pid]
        return False
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)  # psutil compares the start time first


def _wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    end = time.monotonic() + seconds
    left = [process for process in processes if _alive(process)]
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left = [process for process in left if _alive(process)]
    return left
