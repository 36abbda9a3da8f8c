"""What the weather service foretells: each morning the mean, low and high of the three days ahead; every issue is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from city.calendar import Window, iso_days, local_s
from city.streams import Streams, affordable, pick_distinct
from city.weather import STATION_ID, Weather

LEADS = (1, 2, 3)
_ISSUED_HOUR, _SENT_AFTER_S = 6, 300
# A forecast is a little too mild when it gets very cold; its error grows with the days ahead.
_ERROR_SD_DEGC = {1: 0.9, 2: 1.5, 3: 2.2}
_SHARES = {"error_code": 2e-3, "out_of_range": 1.5e-3, "duplicate": 3e-3, "missing": 3e-3}


def forecast_rows(weather: Weather, streams: Streams, window: Window) -> pd.DataFrame:
    """One row an issue and day ahead: issued_s, day, lead, mean, low, high, arrival_s, reason, duplicate."""
    rng = streams.rng("forecast")
    by_day = weather.hourly.reshape(-1, 24)
    parts = []
    for lead in LEADS:
        target = np.arange(lead, len(by_day))
        error = rng.normal(0, _ERROR_SD_DEGC[lead], len(target))
        mean = np.round(by_day[target].mean(axis=1) * 0.985 + error, 1)
        issued = weather.first_day + target - lead
        parts.append(
            pd.DataFrame(
                {
                    "issued_s": local_s(0, _ISSUED_HOUR) + issued * 86_400,
                    "day": weather.first_day + target,
                    "lead": lead,
                    "mean": mean,
                    "low": np.round(mean - 3.6 - rng.uniform(0, 1, len(target)), 1),
                    "high": np.round(mean + 3.6 + rng.uniform(0, 1, len(target)), 1),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(arrival_s=frame["issued_s"] + _SENT_AFTER_S, reason="", duplicate=False)
    picks = pick_distinct(rng, np.arange(len(frame)), affordable(rng, _SHARES, len(frame)))
    for reason, wrong in (("error_code", -9999.0), ("out_of_range", 112.0)):
        frame.loc[picks[reason], "mean"] = wrong
        frame.loc[picks[reason], "reason"] = reason
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    frame = pd.concat([frame[~frame.index.isin(picks["missing"])], again])
    frame = frame[window.holds(frame["arrival_s"].to_numpy())]
    return frame.sort_values(["arrival_s", "lead"], kind="stable").reset_index(drop=True)


def forecast_items(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Items in the service's own words, times in UTC."""

    def moments(name: str) -> list[str]:
        return np.char.add(frame[name].to_numpy().astype("datetime64[s]").astype(str), "Z").tolist()

    days = iso_days(frame["day"].to_numpy()).tolist()
    rows = zip(
        moments("issued_s"), moments("arrival_s"), days, frame["mean"].tolist(), frame["low"].tolist(), frame["high"].tolist(),
        strict=True,
    )  # fmt: skip
    return [
        {"stationId": STATION_ID, "issueTime": i, "pubTime": p, "date": d, "tempMean": m, "tempMin": lo, "tempMax": hi}
        for i, p, d, m, lo, hi in rows
    ]
