"""Items of an HTTP source on disk: one gzip member of NDJSON for each local day of arrival, and an index of arrivals.

A whole interval is then a concatenation of files, and a page is found by number: item n arrived at `arrivals[n]`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from city.calendar import DAY_S, OFFSET_S, day_date

_DAY_MS = DAY_S * 1000
_LEVEL = 1  # the exports of a season are large and read once; speed counts more than size


def write_store(folder: Path, days: Iterable[tuple[int, np.ndarray, list[str]]]) -> int:
    """Write items by local day: (day number, ascending arrivals in epoch ms, JSON lines). Returns their number."""
    folder.mkdir(parents=True, exist_ok=True)
    arrivals, starts, count = [], {}, 0
    for day, moments, lines in days:
        name = day_date(day).isoformat()
        body = ("\n".join(lines) + "\n").encode()
        (folder / f"{name}.ndjson.gz").write_bytes(gzip.compress(body, _LEVEL, mtime=0))
        starts[name] = count
        arrivals.append(moments)
        count += len(lines)
    np.save(folder / "arrivals.npy", np.concatenate(arrivals) if arrivals else np.array([], dtype=np.int64))
    (folder / "days.json").write_text(json.dumps(starts))
    return count


def by_day(arrival_ms: np.ndarray, lines: list[str]) -> Iterator[tuple[int, np.ndarray, list[str]]]:
    """Cut items, sorted by arrival, into local days."""
    day = (arrival_ms // 1000 + OFFSET_S) // DAY_S
    edges = np.flatnonzero(np.diff(day)) + 1
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(lines)], strict=True):
        if end > begin:
            yield int(day[begin]), arrival_ms[begin:end], lines[begin:end]


class ItemStore:
    """Read side of a stored source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arrivals = np.load(folder / "arrivals.npy", mmap_mode="r")
        starts = json.loads((folder / "days.json").read_text())
        self._names = list(starts)
        self._starts = np.array(list(starts.values()), dtype=np.int64)
        self._lines = lru_cache(maxsize=3)(self._read_day)

    def span(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """Numbers of the first item at or after the start and of the first at or after the end."""
        low, high = np.searchsorted(self.arrivals, [start_ms, end_ms])
        return int(low), int(high)

    def lines(self, begin: int, end: int) -> list[bytes]:
        """JSON lines of items begin..end-1."""
        found: list[bytes] = []
        for index, first, last in self._days(begin, end):
            found += self._lines(self._names[index])[first:last]
        return found

    def members(self, begin: int, end: int) -> Iterator[Path | bytes]:
        """The same items as gzip members: whole days as files, cut days as bytes."""
        for index, first, last in self._days(begin, end):
            if first == 0 and last == self._day_size(index):
                yield self.folder / f"{self._names[index]}.ndjson.gz"
            else:
                lines = self._lines(self._names[index])[first:last]
                yield gzip.compress(b"\n".join(lines) + b"\n", _LEVEL, mtime=0)

    def _day_size(self, index: int) -> int:
        following = self._starts[index + 1] if index + 1 < len(self._starts) else len(self.arrivals)
        return int(following - self._starts[index])

    def _days(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Day index and range of item numbers inside that day."""
        if end <= begin:
            return
        index = int(np.searchsorted(self._starts, begin, side="right")) - 1
        while index < len(self._starts) and self._starts[index] < end:
            start = int(self._starts[index])
            yield index, max(begin - start, 0), min(end - start, self._day_size(index))
            index += 1

    def _read_day(self, name: str) -> list[bytes]:
        body = gzip.decompress((self.folder / f"{name}.ndjson.gz").read_bytes())
        return body.split(b"\n")[:-1]
