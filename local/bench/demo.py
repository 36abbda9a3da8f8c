"""`make demo SCALE=1` of the last commit against that of BEFORE, each in a fresh clone, all packages in the caches of pip and uv.

Counted is what a person waits: from `make demo` to its end, environments included. Both leave one day to the scheduler, as today's
does by itself; before it was two. Today's city, checks and pages are more; that is not taken off. Both may keep Python's bytecode:
today's does so where it is forbidden, before it did not. Small cities of before cannot all be built: 0.01 can, 0.005 cannot.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from local.bench.measured import Measured
from local.instance import REPOSITORY, process_environment

BEFORE = "24989da"
GOAL = 0.65


def whole(folder: Path, scale: float) -> Iterator[Measured]:
    """One of each, the one of before first."""
    before, today = (_seconds(folder / f"demo-{commit}", commit, scale) for commit in (BEFORE, "HEAD"))
    detail = f"scale {scale:g}: {today:.0f} s, at {BEFORE} {before:.0f} s"
    yield Measured("make demo against that of before", today / before, GOAL, detail, at_most=True)


def _seconds(clone: Path, commit: str, scale: float) -> float:
    """What the demo of a commit takes; nothing of it is left. Raises RuntimeError."""
    _run(["git", "clone", "--quiet", "--no-checkout", str(REPOSITORY), str(clone)], REPOSITORY)
    _run(["git", "checkout", "--quiet", commit], clone)
    try:
        _run(["make", "venv"], clone)  # both environments once, for the caches
        _run([".venv/bin/python", "-I", "local/environment.py", "dashboards"], clone)
        _run(["git", "clean", "-xfdq"], clone)
        begun = time.monotonic()
        _run(["make", "demo", f"SCALE={scale:g}", "SEED=7", "DAYS=1"], clone)
        return time.monotonic() - begun
    finally:
        _run(["make", "clean"], clone)
        shutil.rmtree(clone)


def _run(command: list[str], folder: Path) -> None:
    """As in a shell of its own: without what this bench was started with."""
    dropped = ("MAKE", "MFLAGS", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    kept = {name: value for name, value in process_environment({}).items() if not name.startswith(dropped)}
    answer = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command)} failed in {folder.name}:\n{answer.stdout[-3000:]}{answer.stderr[-2000:]}")
