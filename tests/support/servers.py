"""Settings for the servers of tests, and servers that run in folders of their own.

What dies in a test is a process, never the machine: nothing has to be forced to a disk.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

from local.postgres import SMALL, free_port

QUICK: Mapping[str, str] = {**SMALL, "fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}
"""For PostgreSQL 16 and later. dbt opens a connection for each of its nodes, and a password is proved each time."""


class OwnServer:
    """A server of Debian's in a folder of its own; it starts as its own class says and ends here."""

    PROGRAM: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def program(cls) -> str:
        """Its path, empty where it is not installed; root's programs are not on everybody's path."""
        return shutil.which(cls.PROGRAM) or shutil.which(cls.PROGRAM, path="/usr/sbin") or ""

    def begin(self, command: list[str], answers: Callable[[], object], not_yet: type[Exception], seconds: float) -> None:
        """Start it and wait until `answers` raises nothing. Raises RuntimeError with the end of its log."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program(), *command], stdout=log, stderr=log)
        until = time.monotonic() + seconds
        while True:
            try:
                answers()
                return
            except not_yet:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


Server = TypeVar("Server", bound=OwnServer)


@contextmanager
def own_server(kind: type[Server], package: str, cannot_run: Callable[[str], None]) -> Iterator[Server]:
    """One in a new folder, not started yet; skips, or fails in CI, where Debian's package is not installed."""
    if not kind.program():
        cannot_run(f"no {kind.PROGRAM} (Debian: apt-get install {package})")
    folder = Path(tempfile.mkdtemp(prefix=f"hearth-{kind.PROGRAM}-"))
    made = kind(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
