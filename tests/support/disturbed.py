"""Loads and builds in processes of their own, which die at a chosen moment; forked from one that has imported the slow part."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from datetime import datetime
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

MOMENTS = ("before the first row", "after the rows, before the commit", "after the commit")
_PRELOADED = [
    "great_expectations",
    "pandas",
    "pyarrow.compute",
    "adbc_driver_postgresql.dbapi",
    "hearth.intake.take_in",
    "dbt.cli.main",
    __name__,
]


def start_load(feed: str, pull_id: int, dies: str | None = None) -> BaseProcess:
    """Clean, validate and load a pull; `dies`: one of MOMENTS, where the process kills itself with SIGKILL."""
    return _start(_load, feed, pull_id, dies)


def start_build(dies_in_publish: bool = False) -> BaseProcess:
    """Plan, transform, gate and publish; `dies_in_publish`: with every mart copied and nothing committed."""
    return _start(_build, dies_in_publish)


def start_merge(now: datetime, dies: str) -> BaseProcess:
    """Merge the files of readings; `dies`: with its first file half written, or with all of them there and nothing committed."""
    return _start(_merge, now, dies)


def start_restore(dies_at_pull: int | None = None) -> BaseProcess:
    """Restore from the landing store; `dies_at_pull`: the pull, counted from 1, whose rows are written and never committed."""
    return _start(_restore, dies_at_pull)


def start_day(feed: str, start: datetime, end: datetime, memory_bytes: int) -> BaseProcess:
    """Pull and load a feed's interval, then build and publish, with so much memory at most."""
    return _start(_day, feed, start, end, memory_bytes)


def ended(process: BaseProcess, within_seconds: float = 120) -> int | None:
    """Exit code of a process; a signal is a negative number."""
    process.join(within_seconds)
    return process.exitcode


def _start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_in, args=(dict(os.environ), work, *arguments))
    process.start()
    return process


def _in(environment: dict[str, str], work: Callable[..., None], *arguments: object) -> None:
    os.environ.clear()
    os.environ.update(environment)
    work(*arguments)


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _day(feed: str, start: datetime, end: datetime, memory_bytes: int) -> None:
    from tests.support.world import Warehouse

    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    warehouse = Warehouse(os.environ["HEARTH_WAREHOUSE_URL_OWNER"])
    warehouse.load(feed, start, end)
    warehouse.build()


def _build(dies_in_publish: bool) -> None:
    from hearth.transform import publish
    from tests.support.world import Warehouse

    if dies_in_publish:
        publish._headline = _die  # type: ignore[assignment]
    Warehouse(os.environ["HEARTH_WAREHOUSE_URL_OWNER"]).build("disturbed")


def _merge(now: datetime, dies: str) -> None:
    from s3fs import S3FileSystem

    from hearth.lake import merge
    from hearth.lake.files import Lake

    if dies == "half written":
        Lake._keep = _die  # type: ignore[method-assign]
        S3FileSystem.put_file = _die  # a bucket has no drafts
    else:
        merge._differing = _die  # type: ignore[assignment]
    merge.merge("disturbed", now, "loader", print)


def _restore(dies_at_pull: int | None) -> None:
    from hearth.intake.restore import restore
    from hearth.loading.batch_load import BatchLoad

    commit, begun = BatchLoad.commit, itertools.count(1)
    BatchLoad.commit = lambda self: _die() if next(begun) == dies_at_pull else commit(self)  # type: ignore[method-assign]
    restore([], print)


def _load(feed: str, pull_id: int, dies: str | None) -> None:
    from hearth.contracts.loading import find_contract
    from hearth.intake import take_in
    from hearth.loading.batch_load import BatchLoad

    commit = BatchLoad.commit
    if dies == MOMENTS[0]:
        BatchLoad.accept = _die  # type: ignore[method-assign]
    elif dies == MOMENTS[1]:
        BatchLoad.commit = _die  # type: ignore[method-assign]
    elif dies == MOMENTS[2]:
        BatchLoad.commit = lambda self: _die(commit(self))  # type: ignore[method-assign, func-returns-value]
    take_in.clean_validate_load(find_contract(feed), pull_id, "disturbed")
