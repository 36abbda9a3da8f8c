"""The frame a suite looks at: the facts of the rows as plain numpy columns.

Great Expectations fingerprints every frame it is given; on tz-aware or Arrow columns that costs 40 times
the checks themselves, so instants go in as differences (which is what the rules are about anyway) or as their year.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.instants import arrow, localise, to_micros
from hearth.cleaning.rows import Rows
from hearth.contracts.entity import Entity

MINUTE = 60_000_000
CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
"""All of ASCII but tabs and line ends."""


def checked_frame(entity: Entity, rows: Rows, point_is_known: np.ndarray | None, time_zone: str) -> pd.DataFrame:
    """problem_bits; every number and integer; every other date and instant than the event as its year; age_minutes (arrival -
    event, a day counts from its local midnight); year_..._ahead (of the arrival); point_is_known; hours_to_close (closed -
    created); renewed_of_plan_share (renewed / planned, NaN without a plan); text_characters, note_characters (the longest of
    the row) and control_characters. A column the contract does not map is NaN in every row."""
    frame, made = rows.frame, {"problem_bits": rows.bits}
    event = entity.columns_by_name.get(entity.event_column)
    for column in entity.columns:
        if column.kind in ("number", "integer"):
            made[column.name] = _numbers(frame, column.name)
            if column.name.startswith("year_"):
                made[f"{column.name}_ahead"] = made[column.name] - _years(frame, "arrived_at")
        elif column.kind in ("date", "instant") and (column is not event or entity.register):
            made[column.name] = _years(frame, column.name)
    if event is not None:
        happened = _micros(frame[event.name] if event.kind == "instant" else _midnights(frame[event.name], time_zone))
        made["age_minutes"] = (_micros(frame["arrived_at"]) - happened) / MINUTE
    if point_is_known is not None:
        made["point_is_known"] = point_is_known
    if {"created_at", "closed_at"} <= entity.columns_by_name.keys():
        closed = _micros(frame["closed_at"]) if "closed_at" in frame else _nothing(frame)
        made["hours_to_close"] = (closed - _micros(frame["created_at"])) / (60 * MINUTE)
    if {"planned_length_m", "renewed_length_m"} <= entity.columns_by_name.keys():
        made["renewed_of_plan_share"] = _share(made["renewed_length_m"], made["planned_length_m"])
    return pd.DataFrame(made | _texts(entity, frame))


def _texts(entity: Entity, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Length of the longest short text and of the longest note of each row, and whether a control character stands in one."""
    made = {fact: np.zeros(len(frame)) for fact in ("text_characters", "note_characters", "control_characters")}
    for column in entity.columns:
        if column.kind != "text" or column.personal or column.choices or column.name not in frame:
            continue
        texts = arrow(frame[column.name]).cast(pa.string())
        fact = "note_characters" if column.is_note else "text_characters"
        characters = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
        made[fact] = np.maximum(made[fact], characters)
        made["control_characters"] += _control_characters(texts)
    return made


def _control_characters(texts: pa.Array) -> np.ndarray:
    """1 where a text has one. All bytes are looked at at once, so that ordinary columns cost next to nothing."""
    letters = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    if not ((letters < 0x20) | (letters == 0x7F)).any():
        return np.zeros(len(texts))
    found = pc.fill_null(pc.match_substring_regex(texts, CONTROL_CHARACTERS), False)
    return found.to_numpy(zero_copy_only=False).astype(np.float64)


def _nothing(frame: pd.DataFrame) -> np.ndarray:
    return np.full(len(frame), np.nan)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN where there is no whole."""
    return part / np.where(whole > 0, whole, np.nan)


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(np.float64, na_value=np.nan) if name in frame else _nothing(frame)


def _years(frame: pd.DataFrame, name: str) -> np.ndarray:
    """The year of each day or instant (UTC) as a float, NaN where null."""
    return pc.year(arrow(frame[name])).to_numpy(zero_copy_only=False).astype(np.float64) if name in frame else _nothing(frame)


def _midnights(days: pd.Series, time_zone: str) -> pd.Series:
    return localise(arrow(days).cast(pa.timestamp("us")), time_zone)


def _micros(instants: pd.Series) -> np.ndarray:
    """Microseconds since 1970 as floats, NaN where null."""
    micros, null = to_micros(instants)
    return np.where(null, np.nan, micros.astype(np.float64))
