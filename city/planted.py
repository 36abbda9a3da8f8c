"""What was planted: rows, duplicates and rejected rows of each feed, counted from the labels of the rows written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd


def feed_counts(
    reason: np.ndarray | pd.Series,
    duplicate: np.ndarray | pd.Series,
    other: dict[str, int] | None = None,
    left_out: np.ndarray | pd.Series | None = None,
) -> dict[str, Any]:
    """Counts of one feed; `reason` is the first reason of each row or an empty text.

    `left_out`: the channel of each row that cannot be used, as `channel:reason`, or an empty text.
    """
    reasons = np.asarray(reason, dtype=object)
    again = np.asarray(duplicate, dtype=bool)
    rejected = Counter(r for r in reasons[~again].tolist() if r)
    channels = {} if left_out is None else {"left_out": dict(sorted(Counter(c for c in left_out[~again] if c).items()))}
    return channels | {
        "rows_read": len(reasons),
        "rows_duplicate": int(again.sum()),
        "quarantined_by_reason": dict(sorted(rejected.items())),
        "other": dict(sorted((other or {}).items())),
    }


def total(counts: list[dict[str, Any]]) -> dict[str, Any]:
    """Several counts of one feed added up."""
    rejected, other = Counter[str](), Counter[str]()
    for part in counts:
        rejected.update(part["quarantined_by_reason"])
        other.update(part["other"])
    return {
        "rows_read": sum(c["rows_read"] for c in counts),
        "rows_duplicate": sum(c["rows_duplicate"] for c in counts),
        "quarantined_by_reason": dict(sorted(rejected.items())),
        "other": dict(sorted(other.items())),
    }
