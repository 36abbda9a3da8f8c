"""The frame a suite looks at: the numeric facts of the rows, as plain numpy columns.

Great Expectations fingerprints every frame it is given; on tz-aware or Arrow columns that costs 40 times
the checks themselves, so instants go in as differences (which is what the rules are about anyway).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.instants import arrow, localise, to_micros
from hearth.cleaning.rows import Rows
from hearth.contracts.entity import Entity

MINUTE = 60_000_000


def checked_frame(entity: Entity, rows: Rows, point_is_known: np.ndarray | None, time_zone: str) -> pd.DataFrame:
    """problem_bits; every number column; age_minutes (arrival - event, a day counts from its local midnight); point_is_known;
    hours_to_close (closed - created); unplanned_length_m (renewed - planned)."""
    frame, made = rows.frame, {"problem_bits": rows.bits}
    for column in entity.columns:
        if column.kind == "number" and column.name in frame:
            made[column.name] = frame[column.name].to_numpy(np.float64, na_value=np.nan)
    event = entity.columns_by_name.get(entity.event_column)
    if event is not None:
        happened = _micros(frame[event.name] if event.kind == "instant" else _midnights(frame[event.name], time_zone))
        made["age_minutes"] = (_micros(frame["arrived_at"]) - happened) / MINUTE
    if point_is_known is not None:
        made["point_is_known"] = point_is_known
    if {"created_at", "closed_at"} <= set(frame.columns):
        made["hours_to_close"] = (_micros(frame["closed_at"]) - _micros(frame["created_at"])) / (60 * MINUTE)
    if {"planned_length_m", "renewed_length_m"} <= set(made):
        made["unplanned_length_m"] = made["renewed_length_m"] - made["planned_length_m"]
    return pd.DataFrame(made)


def _midnights(days: pd.Series, time_zone: str) -> pd.Series:
    return localise(arrow(days).cast(pa.timestamp("us")), time_zone)


def _micros(instants: pd.Series) -> np.ndarray:
    """Microseconds since 1970 as floats, NaN where null."""
    micros, null = to_micros(instants)
    return np.where(null, np.nan, micros.astype(np.float64))
