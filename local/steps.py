"""One progress display of named steps: a live one on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

QUIET_SECONDS = 15.0
"""Without a terminal, news of a step are printed at most this often."""


class Step:
    """One running step; `tell` says how far it is."""

    def __init__(self, display: Steps, name: str, task: TaskID | None) -> None:
        self._display = display
        self._task = task
        self.name = name
        self._told_at = time.monotonic()
        self._told = ""

    def tell(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Show a few words, and a bar where done and total are known."""
        if self._task is not None:
            self._display.progress.update(self._task, detail=text, completed=done, total=total)
            return
        if text != self._told and time.monotonic() - self._told_at >= QUIET_SECONDS:
            self._told_at, self._told = time.monotonic(), text
            self._display.console.print(f"      {self.name}: {text}", highlight=False)


class _BarWhereKnown(ProgressColumn):
    """A bar for steps that can count, nothing for the others."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = BarColumn(bar_width=18)

    def render(self, task: Task) -> Text | object:  # type: ignore[override]
        return self._bar.render(task) if task.total else Text("")


class Steps:
    """The display. Steps may run at the same time, each in a thread of its own."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self.seconds: dict[str, float] = {}
        """How long each finished step took."""
        self._lock = threading.Lock()
        self.progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"), TextColumn("{task.description}"), _BarWhereKnown(),
            TextColumn("[dim]{task.fields[detail]}[/]"), TimeElapsedColumn(), console=self.console,
        )  # fmt: skip

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run the body as a named step and keep its time, also when it fails."""
        live = self.console.is_terminal
        task = self.progress.add_task(name, total=None, detail="") if live else None
        began = time.monotonic()
        if not live:
            self.console.print(f"  ... {name}", highlight=False)
        try:
            yield Step(self, name, task)
        except BaseException:
            self._finish(name, task, began, "[red]failed[/]" if live else "FAILED")
            raise
        self._finish(name, task, began, "")

    def _finish(self, name: str, task: TaskID | None, began: float, word: str) -> None:
        with self._lock:
            self.seconds[name] = round(time.monotonic() - began, 1)
        if task is None:
            self.console.print(f"  {word or 'ok '} {name}  {self.seconds[name]:.1f} s", highlight=False)
        elif word:
            self.progress.update(task, detail=word)
            self.progress.stop_task(task)
        else:
            self.progress.update(task, total=1, completed=1, detail="")
