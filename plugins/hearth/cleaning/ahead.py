"""Reading the next chunk of a file while the one before is cleaned."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


def ahead(items: Generator[T]) -> Generator[T]:
    """The same items, one of them made in advance by another thread. What making one raises is raised where it is due."""
    try:
        with ThreadPoolExecutor(1, "read-ahead") as worker:
            upcoming = worker.submit(next, items, _END)
            while (item := upcoming.result()) is not _END:
                upcoming = worker.submit(next, items, _END)
                yield item
    finally:
        items.close()
