"""Files of a folder of this machine, or mounted on it. What the installation opens is the path of the connection (type `fs`).

Nothing a contract says or a folder holds leads out of it: no `..`, and links are followed only within it, and never to a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from hearth.contracts.interval import Interval
from hearth.sources import files
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.sources.files import Entry, decoded, login_of

CHUNK_BYTES = 1 << 20
BELOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
NAMES = 1000


class Transport(files.Transport):
    """A mount that hangs (NFS, SMB) has no time-out and heeds no signal, so another thread asks and this one waits for it."""

    _folder: int | None = None

    def connect(self) -> None:
        root = login_of(self.source).extra_dejson.get("path") or ""
        if not root.startswith("/"):
            raise SourceError(
                f"{self.source.folder}: expected the extra `path` of the connection {self.source.connection} to be the root of "
                f"what may be read, an absolute path; came {root!r}. Set it."
            )
        self._folder = self._in_time(lambda: self._opened(Path(root)))

    def end(self) -> None:
        """Nothing ends a system call on a mount that hangs; `_in_time` waits no longer."""

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)

    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        with self._in_time(lambda: os.scandir(self._folder)) as names:
            while page := self._in_time(lambda: [self._entry(each) for _, each in zip(range(NAMES), names, strict=False)]):
                yield from page

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        file = self._in_time(lambda: os.open(entry.path, BELOW | os.O_NONBLOCK, dir_fd=self._folder))
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError("it is no file any more")
            while chunk := self._in_time(lambda: os.read(file, CHUNK_BYTES)):
                yield chunk
        finally:
            os.close(file)

    def now(self, entry: Entry) -> tuple[int, int]:
        found = self._in_time(lambda: os.stat(entry.path, dir_fd=self._folder, follow_symlinks=False))
        return found.st_size, found.st_mtime_ns // 10**9

    def _entry(self, found: os.DirEntry[str]) -> Entry | None:
        raw = os.fsencode(found.name)
        facts, name = found.stat(follow_symlinks=False), decoded(raw)
        written = facts.st_mtime_ns // 10**9
        is_one = stat.S_ISREG(facts.st_mode) and self.source.takes(name)
        return Entry(name, raw, facts.st_size, written, written) if is_one else None

    def _opened(self, root: Path) -> int:
        """A folder below the root, open. Raises SourceError when it leads out, OSError when it is not there."""
        root = root.resolve(strict=True)
        folder = (root / self.source.folder.strip("/")).resolve(strict=True)
        if not folder.is_relative_to(root):
            raise SourceError(
                f"{self.source.folder}: expected a folder below {root}, the path of the connection {self.source.connection}; a "
                f"link leads to {folder}. Nothing was read. Move the folder there, or have the path of the connection widened."
            )
        here = os.open(root, BELOW | os.O_DIRECTORY)
        for part in folder.relative_to(root).parts:  # each was no link a moment ago, and must be none now
            above, here = here, os.open(part, BELOW | os.O_DIRECTORY, dir_fd=here)
            os.close(above)
        return here

    def _in_time(self, ask: Callable[[], Any]) -> Any:
        """What `ask` gives or raises. Raises SourceUnavailable when the pull's time is over before."""
        answer: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()

        def run() -> None:
            try:
                answer.put((ask(), None))
            except (OSError, SourceError) as error:
                answer.put((None, error))

        Thread(target=run, daemon=True).start()
        try:
            made, error = answer.get(timeout=self.watch.seconds_left())
        except Empty:
            raise SourceUnavailable(self.watch.told("pull_seconds", "the folder was too slow")) from None
        if error:
            raise error
        return made
