"""Ask the source itself what it counts for an interval, so that what was pulled can be compared with it.

Asking never fails a pull: a source that cannot answer, or answers nonsense, is recorded as "not answered" with its words.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import Any

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.sources.delivery import SourceError
from hearth.sources.pull import count

log = logging.getLogger(__name__)
LARGEST = 2**53
"""More records than that nobody has; larger numbers are not exact as JSON either."""


@dataclass(frozen=True)
class Answer:
    """`number` of `unit` (records or files) the source counts; null with a message where it did not answer."""

    outcome: str
    unit: str = "records"
    number: int | None = None
    sums: dict[str, float] = field(default_factory=dict)
    message: str | None = None


def ask_source(contract: Contract, interval: Interval) -> Answer:
    """The source's own count for the interval, as its contract says to ask; never raises for what the source does."""
    unit = contract.source.counted_in
    if contract.reconcile is None:
        return Answer("not_asked", unit)
    try:
        number, sums = count(contract, interval)
        return Answer("answered", unit, _whole(number), {name: _finite(name, value) for name, value in sums.items()})
    except Exception as error:  # noqa: BLE001 - whatever the source or its driver raises is its answer
        message = f"{type(error).__name__}: {error}".splitlines()[0][:300].replace("\0", "\ufffd")
        log.warning("%s: the source did not say what it counts for %s: %s", contract.feed, interval, message)
        return Answer("not_answered", unit, message=message)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise SourceError(f"expected a count of records, came {value if isinstance(value, (int, float)) else type(value).__name__}")
    return value


def _finite(name: str, value: Any) -> float:
    """A sum as a float; the sum of no rows is null in SQL and 0 here."""
    number = 0.0 if value is None else float(value)
    if not math.isfinite(number):
        raise SourceError(f"expected a finite sum of {name}, came {number}")
    return number
