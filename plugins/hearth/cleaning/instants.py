"""Instants between Arrow, numpy and local time, columnar all the way.

pandas converts tz-aware Arrow columns value by value, which would cost more than all the rest of the cleaning.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

UTC_MICROS = pa.timestamp("us", tz="UTC")
INSTANT = pd.ArrowDtype(UTC_MICROS)


def arrow(series: pd.Series) -> pa.Array:
    """The column as one Arrow array."""
    column = pa.array(series, from_pandas=True)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def to_micros(instants: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(microseconds since 1970, 0 where null; null mask)."""
    column = arrow(instants)
    null = column.is_null().to_numpy(zero_copy_only=False)
    micros = pc.fill_null(column.cast(UTC_MICROS).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return micros, null


def from_micros(micros: np.ndarray, null: np.ndarray) -> pd.Series:
    """Instants from microseconds since 1970."""
    column = pa.array(micros.astype(np.int64), mask=null).cast(UTC_MICROS)
    return pd.Series(pd.array(column, dtype=INSTANT))


def localise(naive: pa.Array, zone: str, last: bool = False) -> pd.Series:
    """Naive local timestamps as instants: a doubled hour is read as its first (or last), a skipped one does not exist
    (null)."""
    naive = naive.cast(pa.timestamp("us"))
    ambiguous = "latest" if last else "earliest"
    instants = pc.assume_timezone(naive, zone, ambiguous=ambiguous, nonexistent="earliest")
    exists = pc.equal(pc.local_timestamp(instants), naive)
    instants = pc.if_else(pc.fill_null(exists, False), instants.cast(UTC_MICROS), pa.scalar(None, UTC_MICROS))
    return pd.Series(pd.array(instants, dtype=INSTANT))


def local_timestamps(instants: pd.Series, zone: str) -> pa.Array:
    """Wall-clock time in a zone, as naive timestamps."""
    return pc.local_timestamp(arrow(instants).cast(pa.timestamp("us", tz=zone)))


def local_days(instants: pd.Series, zone: str) -> np.ndarray:
    """Local calendar days as datetime64[D]; NaT where null."""
    return local_timestamps(instants, zone).to_numpy(zero_copy_only=False).astype("datetime64[D]")
