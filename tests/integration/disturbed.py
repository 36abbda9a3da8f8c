"""A load in a process of its own that dies at a chosen moment. The process is forked from one that has imported the slow part."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

MOMENTS = ("before the first row", "after the rows, before the commit", "after the commit")
_PRELOADED = ["great_expectations", "pandas", "pyarrow.compute", "adbc_driver_postgresql.dbapi", "hearth.intake", __name__]


def start_load(feed: str, pull_id: int, dies: str | None = None) -> BaseProcess:
    """Clean, validate and load a pull; `dies`: one of MOMENTS, where the process kills itself with SIGKILL."""
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_load, args=(dict(os.environ), feed, pull_id, dies))
    process.start()
    return process


def _load(environment: dict[str, str], feed: str, pull_id: int, dies: str | None) -> None:
    os.environ.clear()
    os.environ.update(environment)
    from hearth import intake
    from hearth.contracts.loading import find_contract
    from hearth.warehouse.batch_load import BatchLoad

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    commit = BatchLoad.commit
    if dies == MOMENTS[0]:
        BatchLoad.accept = die  # type: ignore[method-assign]
    elif dies == MOMENTS[1]:
        BatchLoad.commit = die  # type: ignore[method-assign]
    elif dies == MOMENTS[2]:
        BatchLoad.commit = lambda self: die(commit(self))  # type: ignore[method-assign, func-returns-value]
    intake.clean_validate_load(find_contract(feed), pull_id, "disturbed")
