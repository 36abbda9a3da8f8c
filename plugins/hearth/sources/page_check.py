"""What the pages of a source say, held against each other: their totals, and the records that stand on two of them."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hearth.sources.delivery import SourceError, SourceUnavailable

log = logging.getLogger(__name__)


@dataclass
class PageCheck:
    """Pages of one reading, added as they come. `where` and `total_at` (where the total stands) are for messages."""

    where: str
    total_at: str | None
    total: int | None = None
    pages: list[np.ndarray] = field(default_factory=list)

    def add(self, records: list[Any], total: Any) -> None:
        """Raises SourceError for a total that is no count, SourceUnavailable for one that is not that of the pages before."""
        content = (hash(json.dumps(record, sort_keys=True, default=str)) for record in records)
        self.pages.append(np.fromiter(content, np.int64, len(records)))
        if total is None:
            return
        number = whole_total(total, f"{self.where} page {len(self.pages)}", self.total_at)
        if self.total is not None and number != self.total:
            raise SourceUnavailable(
                f"{self.where}: the source counted {self.total} records before and {number} on page {len(self.pages)}: records came"
                " or went while its pages were read; pull again"
            )
        self.total = number

    @property
    def held(self) -> int:
        """Records on all pages."""
        return sum(map(len, self.pages))

    @property
    def at_least(self) -> int:
        """Records there are for certain: one that stands on several pages counts as often as on the page that has it most."""
        counted = [np.unique(page, return_counts=True) for page in self.pages]
        if not counted:
            return 0
        content, counts = (np.concatenate(part) for part in zip(*counted, strict=True))
        order = np.lexsort((counts, content))
        content, counts = content[order], counts[order]
        is_last = np.append(content[1:] != content[:-1], True) if len(content) else np.array([], bool)
        return int(counts[is_last].sum())

    def repeats(self) -> bool:
        """Whether the last page has just the records of the one before."""
        return len(self.pages) > 1 and np.array_equal(np.sort(self.pages[-1]), np.sort(self.pages[-2]))

    def fits(self) -> bool:
        """Whether the pages hold what the source counts. Raises SourceError, SourceUnavailable when they cannot.

        False: a record stands on two pages, and only if it is there twice is nothing missing.
        """
        if self.total_at is None:
            if self.held > self.at_least:
                log.warning("%s: %d records came again on another page", self.where, self.held - self.at_least)
            return True
        if self.total is None:
            raise SourceError(
                f"{self.where}: expected the number of records at {self.total_at!r}, came none on any page. Set source.pages.total"
                " of the contract to where it stands, or leave it out: nothing then tells that a page was skipped."
            )
        if not self.at_least <= self.total <= self.held:
            raise SourceUnavailable(
                f"{self.where}: the source counts {self.total} records, its pages held {self.held}"
                f" ({self.held - self.at_least} of them again on another page); pull again. If its count is another one, leave"
                " source.pages.total out of the contract"
            )
        return self.total == self.at_least

    def is_proved_by(self, other: PageCheck) -> bool:
        """Whether another reading, its pages cut at other places, gave the same records, as many as the source counts."""
        if self.total != self.held or [*map(len, self.pages)] == [*map(len, other.pages)]:
            return False
        mine, others = (np.sort(np.concatenate(check.pages)) for check in (self, other))
        return np.array_equal(mine, others)


def whole_total(value: Any, where: str, path: str | None) -> int:
    """A count as a number: 10, 10.0 and "10" are ten. Raises SourceError."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value.strip()):
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15 and value == int(value):
        return int(value)
    came = value if isinstance(value, (int, float)) else "a text" if isinstance(value, str) else type(value).__name__
    raise SourceError(
        f"{where}: expected a number of records at {path!r}, came {came}. Compare source.pages.total of the contract."
    )
