"""What the truth starts from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from city.calendar import SEASONS, Season, Unasked, Window, day_number


@dataclass
class Observed:
    """Sound observations of one city.

    registers: tables as in the `register` schema (text columns, recorded_at decides between rows of one key).
    remote: arrays device (code into `devices`), read_s, tenths, hist, arrival_s, excluded.
    tests: point_id, read_s, tenths, version, arrival_s.
    tickets: line, ticket_no, version, arrival_s, kind, category, created_s, household_id and related_no ('' when none), returned,
    enterprise (the line says that one called).
    weather: observed_s, arrival_s, temp.
    renewal: project_id, season, branch_id, station_id ('' when none), work_type, planned_dm (0 = no plan), renewed_dm,
    day, arrival_s.
    systems: system_id, station_id, day, hours, means of the channels and energy_gj by heating system and day.
    sources: source_id, kind, from_plant, to_plant, read_s, supply, back, flow, state of plants and the lines between them.
    heat_meters: meter_id, building_id, household_id ('' of a building's own), read_s, heat (kWh), volume, supply_product,
    return_product, flow, supply, back.
    forecasts: day, lead, mean.
    """

    registers: dict[str, pd.DataFrame]
    devices: np.ndarray
    remote: dict[str, np.ndarray]
    tests: pd.DataFrame
    tickets: pd.DataFrame
    weather: pd.DataFrame
    renewal: pd.DataFrame
    window: Window
    systems: pd.DataFrame = field(default_factory=pd.DataFrame)
    sources: pd.DataFrame = field(default_factory=pd.DataFrame)
    heat_meters: pd.DataFrame = field(default_factory=pd.DataFrame)
    forecasts: pd.DataFrame = field(default_factory=pd.DataFrame)
    unasked: tuple[Unasked, ...] = ()  # of the lines
    seasons: tuple[Season, ...] = SEASONS
    judged: pd.DataFrame | None = None  # the judged point-days, once they are worked out

    def last_day(self, season: Season) -> int:
        """Last day of the season that lies before the end of the window."""
        return min(season.last_day, day_number(self.window.end) - 1)

    def known_days(self, season: Season) -> np.ndarray:
        """By day of the season, up to its last one: whether every line was asked what happened on it."""
        days = np.arange(season.first_day, self.last_day(season) + 1)
        return ~np.isin(days, [day for span in self.unasked for day in span.days])
