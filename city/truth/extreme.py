"""Days below the design temperature: what they did to the rooms, the complaints and the supply, and how well they were foretold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import DESIGN_OUTDOOR_DEGC, Season
from city.truth.complaints import complaint_cases, of_residents
from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.rooms import below_design_days, outdoor_days

_BEFORE_DAYS = 7


def extreme_weather(observed: Observed, register: Register, rooms: pd.DataFrame, balance: pd.DataFrame) -> pd.DataFrame:
    """One row a season day below the design temperature."""
    if rooms.empty:
        return pd.DataFrame()
    outdoor, cold = outdoor_days(observed), below_design_days(observed)
    cases = complaint_cases(observed.tickets, observed.seasons)
    daily = cases[of_residents(cases, register)].groupby("day").size()
    company = rooms[(rooms["unit_kind"] == "company") & (rooms["point_kind"] == "all") & (rooms["period"] == "day")]
    company = company.set_index("day")
    systems = balance[balance["unit_kind"] == "system"]
    parts = []
    for season in observed.seasons:
        days = sorted(d for d in cold if season.first_day <= d <= observed.last_day(season))
        for day in days:
            row = _day(day, days, season, observed.last_day(season), company, daily)
            off = systems.loc[systems["day"] == day, "supply_off_curve_degc"]
            parts.append(
                {
                    **row,
                    "outdoor_degc": outdoor[day],
                    "below_degc": DESIGN_OUTDOOR_DEGC - outdoor[day],
                    "supply_off_curve_degc": off.mean(),
                }
                | _errors(observed.forecasts, day, outdoor[day])
            )
    return pd.DataFrame(parts)


def _day(day: int, days: list[int], season: Season, last: int, company: pd.DataFrame, daily: pd.Series) -> dict[str, object]:
    first, end = day, day
    while first - 1 in days:
        first -= 1
    while end + 1 in days:
        end += 1
    before = company[(company.index >= first - _BEFORE_DAYS) & (company.index < first)]
    usual = before["complying_household_days"].sum() / before["judged_household_days"].sum() if len(before) else np.nan
    share = company["complying_household_days"] / company["judged_household_days"]
    back = [d for d in range(end + 1, last + 1) if share.get(d, -1) >= usual]
    week = range(max(first - _BEFORE_DAYS, season.first_day), first)
    return {
        "season": season.code,
        "day": day,
        "spell_day": day - first + 1,
        "percent": 100 * share.get(day, np.nan),
        "percent_before": 100 * usual,
        "cases": int(daily.get(day, 0)),
        "cases_per_day_before": sum(int(daily.get(d, 0)) for d in week) / len(week) if len(week) else np.nan,
        "recovery_days": back[0] - end if back else None,
    }


def _errors(forecasts: pd.DataFrame, day: int, outdoor: float) -> dict[str, float]:
    """Foretold less observed, by days ahead."""
    mine = forecasts[forecasts["day"] == day].set_index("lead")["mean"] if len(forecasts) else pd.Series(dtype=float)
    return {f"forecast_error_{lead}_degc": mine.get(lead, np.nan) - outdoor for lead in (1, 2, 3)}
