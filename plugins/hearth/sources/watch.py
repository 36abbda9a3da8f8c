"""The limits of one pull as it goes on: nothing waits for ever, nothing is taken without end.

Reading blocks inside drivers, so time is kept by a timer that ends the connection from outside; what the driver then raises
is told as the limit. Time may suffice on another try (SourceUnavailable); too much will come again (SourceError).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer

from hearth.contracts.limits import PullLimits
from hearth.sources.delivery import SourceError, SourceUnavailable


class Watch:
    """Counts time and bytes of one pull from its making on. `where`: what is pulled, for messages."""

    def __init__(self, limits: PullLimits, where: str) -> None:
        self.limits, self.where = limits, where
        self._ends, self._bytes = time.monotonic() + limits.pull_seconds, 0

    def seconds_left(self) -> float:
        """Raises SourceUnavailable when the pull's time is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise SourceUnavailable(self.told("pull_seconds", "the source was too slow"))
        return left

    def count(self, chunk: bytes) -> bytes:
        """The chunk, once it is counted. Raises SourceError when it is one too many."""
        self._bytes += len(chunk)
        if self._bytes > self.limits.pull_bytes:
            raise SourceError(self.told("pull_bytes", f"more than {self.limits.pull_bytes} bytes came"))
        return chunk

    def told(self, limit: str, what: str) -> str:
        """What happened, the limit by its name and value, and where it is set."""
        value = getattr(self.limits, limit)
        return (
            f"{self.where}: {what}; the limit source.limits.{limit} is {value}. Nothing of this pull was loaded. "
            "Where the source is right, set the limit in the contract."
        )

    @contextmanager
    def ending(self, end: Callable[[], object], limit: str = "pull_seconds") -> Iterator[None]:
        """The block, ended by `end` (called in another thread) when the pull's time or that of `limit` is over.

        Raises SourceUnavailable then, whatever the block raised.
        """
        seconds, over = getattr(self.limits, limit), Event()
        left = self.seconds_left()
        if left < seconds:
            seconds, limit = left, "pull_seconds"

        def end_now() -> None:
            over.set()
            with suppress(Exception):  # what is closed already needs no end
                end()

        timer = Timer(seconds, end_now)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if not over.is_set():
                raise
        finally:
            timer.cancel()
        if over.is_set():
            raise SourceUnavailable(self.told(limit, "the source was too slow"))
