"""Rows out of order: against an independent count, row by row, over chunks cut anywhere."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.validation.out_of_order import OutOfOrder

START = datetime(2016, 1, 1, 20, tzinfo=UTC)


def frame(rows: list[tuple[str, datetime, datetime]]) -> pd.DataFrame:
    instant = pa.timestamp("us", tz="UTC")
    columns = zip(("point_id", "read_at", "arrived_at"), (pa.string(), instant, instant), zip(*rows, strict=True), strict=True)
    return pd.DataFrame({name: pd.array(pa.array(values, kind), dtype=pd.ArrowDtype(kind)) for name, kind, values in columns})


def one_by_one(rows: list[tuple[str, datetime, datetime]]) -> int:
    """Of each row: did one of its point with a later reading arrive strictly earlier?"""
    return sum(any(p == q and a < b and t > u for q, t, a in rows) for p, u, b in rows)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_a_count_row_by_row_in_chunks_by_arrival(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    for _ in range(300):
        read = START + timedelta(minutes=rng.randrange(3000))
        rows.append((f"P{rng.randrange(7)}", read, read + timedelta(minutes=rng.choice([1, 5, 5, 900]))))
    rows.sort(key=lambda row: row[2])
    whole = OutOfOrder(ENTITIES["room_reading"], "Asia/Shanghai")
    whole.add(frame(rows), np.ones(len(rows), bool))
    assert sum(whole.days.values()) == one_by_one(rows) > 0
    chunked, at = OutOfOrder(ENTITIES["room_reading"], "Asia/Shanghai"), 0
    while at < len(rows):
        # A cut between two rows that arrived together would make one the earlier.
        end = min(at + rng.randrange(1, 90), len(rows))
        while end < len(rows) and rows[end][2] == rows[end - 1][2]:
            end += 1
        # What was refused is not there: the same row with an impossible time beside each one counts for nothing.
        seen = [row for p, read, arrived in rows[at:end] for row in ((p, read, arrived), (p, read + timedelta(9), arrived))]
        chunked.add(frame(seen), np.arange(len(seen)) % 2 == 0)
        at = end
    assert chunked.days == whole.days


def test_days_are_local_and_registers_are_not_counted() -> None:
    rows = [("P", START + timedelta(hours=2), START + timedelta(hours=3)), ("P", START, START + timedelta(hours=5))]
    found = OutOfOrder(ENTITIES["room_reading"], "Asia/Shanghai")
    found.add(frame(rows), np.ones(2, bool))
    assert found.days == Counter({(START + timedelta(hours=8)).date(): 1})
    none = OutOfOrder(ENTITIES["household"], "Asia/Shanghai")
    none.add(pd.DataFrame({"household_id": np.array(["H"])}), np.ones(1, bool))
    assert none.days == Counter()
