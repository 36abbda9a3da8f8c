"""The highest memory of each kind of process of an instance, sampled while something runs."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from local.instance import Instance

SECONDS = 3.0

TITLES = {
    "api_server": "airflow api-server",
    "api-server": "airflow api-server",
    "dag-processor": "airflow dag-processor",
    "triggerer": "airflow triggerer",
    "LocalExecutor": "airflow executor",
    "forkserver": "airflow executor",
    "resource_tracker": "airflow executor",
    "airflow worker --": "airflow task",
    "scheduler": "airflow scheduler",
}


class MemorySampler:
    """`with MemorySampler(instance) as memory: ...; memory.peak_mib` by kind of process, the largest single one."""

    def __init__(self, instance: Instance) -> None:
        self.peak_mib: dict[str, int] = {}
        self._instance = instance
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()
        self._sample()

    def _work(self) -> None:
        while not self._done.wait(SECONDS):
            self._sample()

    def _sample(self) -> None:
        groups = self._instance.supervisor.processes()
        groups["postgres"] = self._instance.server.processes()
        ourselves = psutil.Process()
        groups["demo"] = [ourselves]
        counted = {process.pid for members in groups.values() for process in members}
        for child in ourselves.children(recursive=True):
            if child.pid not in counted:
                groups.setdefault(_command(child), []).append(child)
        for service, members in groups.items():
            for process in members:
                if highest := _highest_mib(process):  # 0: it ended while we looked
                    name = _kind(service, process)
                    self.peak_mib[name] = max(self.peak_mib.get(name, 0), highest)


def _kind(service: str, process: psutil.Process) -> str:
    """What a person calls this process."""
    if not service.startswith("airflow"):
        return service
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return service
    return next((kind for word, kind in TITLES.items() if word in title), service.replace("airflow-", "airflow ", 1))


def _command(process: psutil.Process) -> str:
    """A one-off command of ours by its module and first word, such as `city build`."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return "command"
    after = words.index("-m") + 1 if "-m" in words else 1
    return " ".join(Path(word).name for word in words[after : after + 2]) or "command"


def _highest_mib(process: psutil.Process) -> int:
    """Resident memory in MiB: the kernel's high-water mark where there is one, else the present value."""
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    except (OSError, ValueError):
        pass
    try:
        return int(process.memory_info().rss // 2**20)
    except psutil.Error:
        return 0
