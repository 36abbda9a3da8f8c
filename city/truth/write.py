"""Write the truth as small CSV files, dates as ISO text, numbers at full precision."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from city.calendar import iso_days
from city.truth.balance import heat_balance
from city.truth.complaints import complaint_cases, complaint_rate
from city.truth.extreme import extreme_weather
from city.truth.heat_meters import building_heat
from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.renewal import renewal_progress
from city.truth.rooms import judged_point_days, room_compliance
from city.truth.sources import source_exchange
from city.truth.weighted import weighted_rooms

_KEY = ["season", "day", "unit_kind", "unit_id"]


def write_truth(observed: Observed, folder: Path) -> dict[str, pd.DataFrame]:
    """Compute and write all answers; returns them by file stem."""
    folder.mkdir(parents=True, exist_ok=True)
    register = Register(observed.registers)
    judged = judged_point_days(observed, register)
    rooms, complaints = room_compliance(observed, register), complaint_rate(observed, register)
    renewal = renewal_progress(observed)
    balance = heat_balance(observed, register, judged)
    answers = {
        "room_compliance": rooms,
        "weighted_rooms": weighted_rooms(observed, register, judged),
        "complaint_rate": complaints,
        "renewal_progress": renewal,
        "season_kpi": season_kpi(observed, rooms, complaints, renewal),
        "source_exchange": source_exchange(observed, register),
        "heat_balance": balance,
        "building_heat": building_heat(observed, register),
        "extreme_weather": extreme_weather(observed, register, rooms, balance),
    }
    for name, frame in answers.items():
        write_answer(frame, folder / f"{name}.csv", "heating_date")
    write_answer(complaint_cases(observed.tickets, observed.seasons), folder / "complaint_cases.csv", "case_date")
    return answers


def write_answer(frame: pd.DataFrame, path: Path, date_name: str) -> None:
    """Write rows with an ISO date in place of the day number."""
    written = frame.copy()
    if "day" in written:
        place = list(written.columns).index("day")
        written.insert(place, date_name, iso_days(written.pop("day").to_numpy()))
    written.to_csv(path, index=False)


def season_kpi(observed: Observed, rooms: pd.DataFrame, complaints: pd.DataFrame, renewal: pd.DataFrame) -> pd.DataFrame:
    """The three headline figures to date, for each season day that has one."""
    parts = []
    if len(rooms):
        mine = rooms[(rooms["period"] == "to_date") & (rooms["point_kind"] == "all")]
        parts.append(_kpi(mine, "room_compliance_percent", "complying_household_days", "judged_household_days", 100))
    parts.append(_kpi(complaints, "complaints_per_10000_households", "cases", "served_households", 10_000))
    season_day = pd.Series(False, index=renewal.index)
    for season in observed.seasons:
        season_day |= (
            (renewal["season"] == season.code) & (renewal["day"] >= season.first_day) & (renewal["day"] <= season.last_day)
        )
    parts.append(_kpi(renewal[season_day], "renewal_progress_percent", "renewed_within_plan_m", "planned_length_m", 100))
    return pd.concat(parts, ignore_index=True)


def _kpi(frame: pd.DataFrame, name: str, numerator: str, denominator: str, factor: int) -> pd.DataFrame:
    below = frame[denominator].where(frame[denominator] > 0)
    return frame[_KEY].assign(
        kpi=name, value=factor * frame[numerator] / below, numerator=frame[numerator], denominator=frame[denominator]
    )
