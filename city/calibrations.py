"""The calibration laboratory: thermometers of the measuring staff before each season, and sensors taken down for a check.

A file a week while the laboratory works. An instrument whose validity ends in the season is to be brought back.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import SEASONS, Window, day_number, iso_days, local_s
from city.points import Points
from city.sheets import Shelf
from city.streams import Streams, affordable, pick_distinct

_HEADER = {
    "serial": "器具编号",
    "kind": "器具类型",
    "calibrated": "检定日期",
    "offset": "修正值(℃)",
    "valid_until": "有效期至",
    "laboratory": "检定单位",
}
_INSTRUMENTS = 400
_EARLY_DAYS = 7
_SHARES = {"out_of_range": 0.008, "missing_value": 0.004, "unreadable_time": 0.004, "duplicate": 0.006}


def calibration_rows(sensors: Points, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows with arrival_s, reason and duplicate, in order of delivery."""
    rng = streams.rng("calibrations")
    parts = []
    for season in SEASONS:
        first = day_number(date(season.start.year, 8, 3))
        instruments = np.char.add("I-", np.char.zfill(np.arange(1, _INSTRUMENTS).astype(str), 4))
        checked = rng.permutation(sensors.ids)[: max(3, len(sensors) // 10)]
        serial = np.concatenate([instruments, checked])
        day = first + rng.integers(0, 70, len(serial))
        # One in twelve is calibrated for half a year only: its validity ends within the season.
        valid_until = day + np.where(rng.random(len(serial)) < 1 / 12, 182, 365)
        # One was found poor and may be used for some weeks only: it ended before the season began.
        valid_until[len(instruments)] = day_number(season.start) - _EARLY_DAYS
        parts.append(
            pd.DataFrame(
                {
                    "serial": serial,
                    "kind": np.repeat(["测温仪", "测温传感器"], [len(instruments), len(checked)]),
                    "calibrated": day,
                    "offset": np.round(np.clip(rng.normal(0, 0.35, len(serial)), -2.7, 2.7), 2),
                    "valid_until": valid_until,
                    "laboratory": "市计量检定所",
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame["arrival_s"] = [local_s(int(day) - int(day) % 7 + 9, 17) for day in frame["calibrated"]]
    frame = frame.assign(reason="", duplicate=False)
    return _spoiled(frame, rng, window)


def _spoiled(frame: pd.DataFrame, rng: np.random.Generator, window: Window) -> pd.DataFrame:
    ordinary = np.flatnonzero(frame["valid_until"] - frame["calibrated"] > 100)
    picks = pick_distinct(rng, ordinary, affordable(rng, _SHARES, len(frame)))
    frame["offset_text"] = [f"{value:.2f}" for value in frame["offset"]]
    frame["day_text"] = iso_days(frame["calibrated"].to_numpy())
    wrong = {
        "out_of_range": ("offset_text", "6.40"),
        "missing_value": ("offset_text", ""),
        "unreadable_time": ("day_text", "2015-02-30"),
    }
    for reason, (column, text) in wrong.items():
        frame.loc[picks[reason], column] = text
        frame.loc[picks[reason], "reason"] = reason
    frame = pd.concat([frame, frame.loc[picks["duplicate"]].assign(duplicate=True)])
    frame = frame[window.holds(frame["arrival_s"].to_numpy())]
    return frame.sort_values("arrival_s", kind="stable").reset_index(drop=True)


def due_instruments(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Instruments whose last sound calibration ended before the window's last day, at most 180 days before, with its end."""
    sound = frame[(frame["reason"] == "") & ~frame["duplicate"]]
    last = sound.sort_values("calibrated").drop_duplicates("serial", keep="last")
    day = day_number(window.end) - 1
    due = last[(last["valid_until"] < day) & (last["valid_until"] >= day - 180)]
    return due[["serial", "valid_until"]].rename(columns={"valid_until": "day"}).sort_values("serial")


def write_calibrations(shelf: Shelf, frame: pd.DataFrame) -> None:
    """GB18030 text, one file a delivery."""
    for arrival in np.unique(frame["arrival_s"].to_numpy()).tolist():
        rows = frame[frame["arrival_s"] == arrival]
        shown = rows.assign(
            calibrated=rows["day_text"], offset=rows["offset_text"], valid_until=iso_days(rows["valid_until"].to_numpy())
        )
        text = shown[list(_HEADER)].rename(columns=_HEADER).to_csv(index=False)
        day = iso_days(np.array([(arrival + 8 * 3600) // 86_400]))[0].replace("-", "")
        shelf.put(f"calibrations/JD_{day}.csv", text.encode("gb18030"), arrival)
