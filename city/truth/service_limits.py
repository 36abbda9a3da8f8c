"""How each time limit of the place was kept, under its own name: by day and for the season to date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S
from city.truth.observed import Observed
from city.truth.register import Register

_MIDNIGHT = 57_600  # 16:00 UTC
_FIGURES = ("tickets", "in_time", "late", "still_open", "not_judged")


def service_limits(observed: Observed, register: Register, tickets: pd.DataFrame) -> pd.DataFrame:
    """Counts by season, day, period, unit and limit, from a unit's first ticket of the season under that limit on."""
    day = (tickets["created_s"] + OFFSET_S) // DAY_S
    homes = register.homes(tickets["household_id"].to_numpy().astype(str), day.to_numpy())
    branch = np.where(homes.branch >= 0, register.branch_ids[homes.branch], "")
    found = pd.concat([_judged(tickets, *rule, observed.window.end_s) for rule in _rules(tickets)], ignore_index=True)
    found = found.assign(day=day.to_numpy()[found["row"]], branch=branch[found["row"]])
    company = found.assign(unit_kind="company", unit_id="company")
    own = found[found["branch"] != ""].assign(unit_kind="branch", unit_id=found["branch"])
    every = pd.concat([company, own], ignore_index=True)
    parts = []
    for season in observed.seasons:
        days = np.arange(season.first_day, observed.last_day(season) + 1)
        mine = every[every["day"].isin(days)]
        for key, rows in mine.groupby(["unit_kind", "unit_id", "limit_code"]):
            unit_kind, unit_id, code = (str(part) for part in key)
            counts = rows.groupby(["day", "outcome"]).size().unstack(fill_value=0).reindex(days, fill_value=0)
            counts = counts.reindex(columns=list(_FIGURES[1:]), fill_value=0)
            counts.insert(0, "tickets", counts.sum(axis=1))
            for period, figures in (("day", counts), ("to_date", counts.cumsum())):
                named = figures.rename_axis("day").reset_index()
                parts.append(named.assign(season=season.code, period=period, unit_kind=unit_kind, unit_id=unit_id, limit_code=code))
    return pd.concat(parts, ignore_index=True)


def _rules(t: pd.DataFrame) -> list[tuple[str, pd.Series, int, pd.Series, bool]]:
    """Name, for whom, seconds, when it was reached (-1 not at all), and whether the hour of creation has to be known."""
    ordinary = t["apart"] == ""
    handled = t["solved_s"].where(t["solved_s"] >= 0, t["closed_s"])
    return [
        ("repair_handled", ordinary & (t["kind"] == "repair"), DAY_S, handled, True),
        ("city_line_closed", ordinary & (t["line"] == "12345"), DAY_S, t["closed_s"], True),
        ("petition_closed", t["line"] == "reception", 60 * DAY_S, t["closed_s"], False),
    ]


def _judged(
    t: pd.DataFrame, code: str, whose: pd.Series, seconds: int, reached: pd.Series, by_hour: bool, end_s: int
) -> pd.DataFrame:
    rows = np.flatnonzero(whose.to_numpy())
    created, reached_s = t["created_s"].to_numpy()[rows], reached.to_numpy()[rows]
    deadline = created + seconds
    unknown = (by_hour & (created % DAY_S == _MIDNIGHT)) | ((reached_s >= 0) & (reached_s < created))
    outcome = np.select(
        [unknown, (reached_s >= 0) & (reached_s <= deadline), (reached_s > deadline) | (deadline < end_s)],
        ["not_judged", "in_time", "late"],
        "still_open",
    )
    return pd.DataFrame({"row": rows, "limit_code": code, "outcome": outcome})
