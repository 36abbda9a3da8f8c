"""Defects of plain tables: which rows are spoiled, and the second rows of contradictions and repetitions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import iso_days
from city.streams import affordable, pick_distinct

NO_SUCH_DAY = "2016-02-30"


def label(frame: pd.DataFrame, rng: np.random.Generator, shares: dict[str, float]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Rows with labels and the text of their day, and which rows got which defect; days are spoiled here already."""
    frame = frame.assign(reason="", duplicate=False, day_text=iso_days(frame["day"].to_numpy()) if len(frame) else "")
    if frame.empty:
        return frame, dict.fromkeys(shares, np.array([], dtype=int))
    picks = pick_distinct(rng, np.arange(len(frame)), affordable(rng, shares, len(frame)))
    for kind in picks:
        if kind != "duplicate":
            frame.loc[picks[kind], "reason"] = kind
    frame.loc[picks["unreadable_time"], "day_text"] = NO_SUCH_DAY
    late = picks["time_after_arrival"]
    frame.loc[late, "day_text"] = iso_days(frame.loc[late, "day"].to_numpy() + 366)
    return frame, picks


def with_pairs(frame: pd.DataFrame, contradiction: pd.DataFrame, again: np.ndarray, order: list[str]) -> pd.DataFrame:
    """The rows, the other half of each contradiction, and the rows that stand twice, in order."""
    rows = pd.concat([frame, contradiction, frame.loc[again].assign(duplicate=True)], ignore_index=True)
    return rows.sort_values(order, kind="stable").reset_index(drop=True)
