"""Why a row is refused. Every reason of a row is kept; counts use the first in this order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

PRECEDENCE = (
    "batch_held",
    "unreadable_record",
    "missing_key",
    "unreadable_time",
    "unreadable_value",
    "missing_value",
    "error_code",
    "unknown_code",
    "arrived_outside_interval",
    "time_after_arrival",
    "time_too_old",
    "closed_before_created",
    "out_of_range",
    "unknown_point",
    "renewal_exceeds_plan",
    "conflicting_duplicate",
)

BIT: dict[str, int] = {reason: 1 << order for order, reason in enumerate(PRECEDENCE)}
"""A row's reasons travel as the bits of one integer; the lowest set bit is the first reason."""

Bits = npt.NDArray[np.int32]


def names(bits: int) -> list[str]:
    """The reasons of one row, first one first."""
    return [reason for reason in PRECEDENCE if bits & BIT[reason]]
