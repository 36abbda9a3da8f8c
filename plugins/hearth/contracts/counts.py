"""What is counted of every batch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """What became of the rows of a batch; the database checks that they add up."""

    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
