"""Outdoor temperature of Changchun, hour by hour, with one cold spell below the design temperature in each season."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, DESIGN_OUTDOOR_DEGC, SEASONS, SPAN, Window, day_number, local_s
from city.streams import Streams, affordable, pick_distinct

STATION_ID = "54161"
PUBLISH_DELAY_S = 600
# No daily mean of the received hours comes closer to the design temperature than this (degC).
DESIGN_MARGIN_DEGC = 0.15
_SHARES = {
    "missing": 0.0024,
    "late": 0.0018,
    "out_of_range": 0.0007,
    "error_code": 0.0006,
    "time_after_arrival": 0.0002,
    "conflicting_duplicate": 0.0002,
    "duplicate": 0.0012,
}


class Weather:
    """The true hourly outdoor temperature over the span, starting at local midnight of the span's first day."""

    def __init__(self, streams: Streams) -> None:
        self.first_day = day_number(SPAN.start)
        self.days = day_number(SPAN.end) - self.first_day
        self.half_known_day = -1  # of which the service gives three night hours only: the first day after the first cold spell
        daily = self._daily(streams.rng("weather"))
        self.hourly = self._hourly(daily, streams.rng("weather", "hours"))

    def _daily(self, rng: np.random.Generator) -> np.ndarray:
        day = np.arange(self.days) + self.first_day
        of_year = (day - day_number(date(2015, 1, 1))) % 365.25
        climate = 5.2 - 19.6 * np.cos(2 * np.pi * (of_year - 17) / 365.25)
        noise = np.zeros(self.days)
        shocks = rng.normal(0, 2.3, self.days)
        for i in range(1, self.days):
            noise[i] = 0.72 * noise[i - 1] + shocks[i]
        daily = climate + noise
        for season in SEASONS:
            begin = day_number(date(season.end.year, 1, 8)) - self.first_day + int(rng.integers(0, 12))
            length = int(rng.integers(5, 8))
            daily[begin : begin + length] = -23.8 + rng.normal(0, 0.8, length)
            daily[begin - 1], daily[begin + length] = -19.0, -18.5
            if self.half_known_day < 0:
                self.half_known_day = begin + length
        return daily

    def _hourly(self, daily: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        hour = np.arange(self.days * 24)
        between = np.interp(hour, np.arange(self.days) * 24 + 12, daily)
        swing = 3.6 * np.cos(2 * np.pi * (hour % 24 - 14.5) / 24)
        hourly = between + swing + rng.normal(0, 0.35, len(hour))
        by_day = hourly.reshape(-1, 24)
        cold = daily < -20.5
        by_day[cold] += (daily[cold] - by_day[cold].mean(axis=1))[:, None]
        hourly = np.round(by_day.ravel(), 1)
        return hourly

    def season_hours(self, first_day: int, days: int) -> np.ndarray:
        """Hourly values of a run of local days."""
        begin = (first_day - self.first_day) * 24
        return self.hourly[begin : begin + days * 24]

    def felt(self, first_day: int, days: int) -> np.ndarray:
        """What a heavy building feels: the outdoor temperature smoothed with a time constant of a day."""
        warm_up = 5
        hours = self.season_hours(first_day - warm_up, days + warm_up)
        kernel = np.exp(-np.arange(96) / 24.0)
        smooth = np.convolve(hours, kernel / kernel.sum())[: len(hours)]
        return smooth[warm_up * 24 :]


def weather_items(weather: Weather, streams: Streams, window: Window) -> pd.DataFrame:
    """What the weather service publishes, one row an item: observed_s, arrival_s, temp, reason, duplicate."""
    rng = streams.rng("weather", "defects")
    hours = len(weather.hourly)
    observed = local_s(weather.first_day) + np.arange(hours) * 3600
    frame = pd.DataFrame({"observed_s": observed, "arrival_s": observed + PUBLISH_DELAY_S, "temp": weather.hourly})
    frame["reason"], frame["duplicate"] = "", False
    inside = np.flatnonzero(window.holds(frame["arrival_s"].to_numpy() + 86_400))
    picks = pick_distinct(rng, inside, affordable(rng, _SHARES, len(inside)))
    for reason, wrong in (("out_of_range", 112.0), ("error_code", -9999.0)):
        frame.loc[picks[reason], "temp"] = wrong
        frame.loc[picks[reason], "reason"] = reason
    frame.loc[picks["late"], "arrival_s"] += rng.integers(2, 30, len(picks["late"])) * 3600
    frame.loc[picks["conflicting_duplicate"], "reason"] = "conflicting_duplicate"
    hour = np.arange(hours)
    spoiled = np.concatenate(list(picks.values()))
    unknown = (hour // 24 == weather.half_known_day) & ~np.isin(hour % 24, (1, 2, 3)) & ~np.isin(hour, spoiled)
    picks["missing"] = np.union1d(picks["missing"], np.flatnonzero(unknown))
    frame = _settle_design_days(frame, picks["missing"], window)
    extra = [frame.loc[picks["duplicate"]].assign(duplicate=True)]
    second = frame.loc[picks["conflicting_duplicate"]]
    extra.append(second.assign(temp=(second["temp"] + 4.4).round(1)))
    future = frame.loc[picks["time_after_arrival"]]
    extra.append(future.assign(observed_s=future["observed_s"] + 2 * DAY_S, reason="time_after_arrival"))
    frame = pd.concat([frame[~frame.index.isin(picks["missing"])], *extra])
    frame = frame[window.holds(frame["arrival_s"].to_numpy())]
    return frame.sort_values("arrival_s", kind="stable").reset_index(drop=True)


def _settle_design_days(frame: pd.DataFrame, missing: np.ndarray, window: Window) -> pd.DataFrame:
    """Shift whole days whose mean of received hours would come too near to the design temperature."""
    temp = frame["temp"].to_numpy().copy()
    received = (frame["reason"] == "").to_numpy() & window.holds(frame["arrival_s"].to_numpy())
    received[missing] = False
    day = np.arange(len(frame)) // 24
    for _ in range(8):
        count = np.bincount(day[received])
        mean = np.bincount(day[received], weights=temp[received]) / np.maximum(count, 1)
        near = np.abs(mean - DESIGN_OUTDOOR_DEGC) < DESIGN_MARGIN_DEGC
        if not near.any():
            break
        shift = np.where(near, np.where(mean < DESIGN_OUTDOOR_DEGC, -0.2, 0.2), 0.0)
        temp = np.where(received, np.round(temp + shift[day], 1), temp)
    return frame.assign(temp=temp)


def weather_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Items of the weather service in its own words."""
    observed = np.char.add(frame["observed_s"].to_numpy().astype("datetime64[s]").astype(str), "Z")
    published = np.char.add(frame["arrival_s"].to_numpy().astype("datetime64[s]").astype(str), "Z")
    rows = zip(observed.tolist(), published.tolist(), frame["temp"].tolist(), strict=True)
    return [{"stationId": STATION_ID, "obsTime": o, "pubTime": p, "temp": t} for o, p, t in rows]
