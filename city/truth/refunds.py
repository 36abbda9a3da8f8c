"""Days of claims: from a home's request to the day it is solved, and what was measured in the home on each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import local_day
from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.rooms import household_days

_COLD = ("室温不达标", "不热")
_ASKED = ("投诉", "测温")
_RETURNED = "已退回"


def refund_days(observed: Observed, register: Register, lines: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a home and day of any of its claims, both end days counted; the place has no tariff, so no refund is known."""
    claims = pd.concat([_claims(feed, rows) for feed, rows in lines.items()], ignore_index=True)
    days = _days(observed, claims).drop_duplicates(["household_id", "day"])
    households, day = days["household_id"].to_numpy().astype(str), days["day"].to_numpy()
    known = register.households.in_force(register.households.codes(households), day) >= 0
    mine = days[known & register.resident(households, day)]
    measured = household_days(observed, register)[["household_id", "day", "value", "margin"]]
    both = mine.merge(measured, on=["household_id", "day"], how="left").sort_values(["household_id", "day"])
    below = both["margin"] < 0
    return both.assign(
        is_measured=both["value"].notna(), is_below_standard=below.astype(object).where(both["value"].notna(), "")
    ).drop(columns="margin")


def _claims(feed: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Cold claims of known homes; the city's lines do not say when a ticket was solved, only when it was closed."""
    rows = rows.sort_values(["version", "arrival_s"], kind="stable").drop_duplicates("ticket_no", keep="last")
    cold = rows["category"].isin(_COLD) & rows["kind"].isin(_ASKED)
    rows = rows[cold & (rows["status"] != _RETURNED) & (rows["household_no"] != "")]
    over = rows["solved_s"] if feed == "hotline_963963" else rows["closed_s"]
    cure = np.where(over >= 0, local_day(over.to_numpy()), np.iinfo(np.int64).max)
    return pd.DataFrame({"household_id": rows["household_no"], "first": local_day(rows["stamped_s"].to_numpy()), "last": cure})


def _days(observed: Observed, claims: pd.DataFrame) -> pd.DataFrame:
    """Season days of each claim; a claim ends with the season it was made in."""
    parts = []
    for season in observed.seasons:
        last = observed.last_day(season)
        mine = claims[(claims["first"] >= season.first_day) & (claims["first"] <= last)]
        length = (np.minimum(mine["last"], last) - mine["first"] + 1).to_numpy()
        row = np.repeat(np.arange(len(mine)), length)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
        chosen = mine.iloc[row]
        parts.append(
            pd.DataFrame(
                {
                    "season": season.code,
                    "day": chosen["first"].to_numpy() + offset,
                    "household_id": chosen["household_id"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
