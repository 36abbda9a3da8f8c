"""Days of claims: from a home's request to the day it is solved, and what was measured in the home on each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import local_day
from city.truth.observed import Observed
from city.truth.register import Register
from city.truth.reopened import last_solutions
from city.truth.rooms import household_days

_COLD = ("室温不达标", "不热")
_ASKED = ("投诉", "测温")
_RETURNED = "已退回"
_CAUSES = ("unknown", "user", "not_user")


def refund_days(observed: Observed, register: Register, lines: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a home and day of any of its claims, both end days counted; the place has no tariff, so no refund is known.

    Causes that were found vote: any that was not the user's outweighs those that were.
    """
    claims = pd.concat([_claims(feed, rows) for feed, rows in lines.items()], ignore_index=True)
    days = _days(observed, claims)
    days["worst"] = days.groupby(["household_id", "day"])["cause"].transform("max")
    days = days.drop(columns="cause").drop_duplicates(["household_id", "day"])
    households, day = days["household_id"].to_numpy().astype(str), days["day"].to_numpy()
    known = register.households.in_force(register.households.codes(households), day) >= 0
    mine = days[known & register.resident(households, day)]
    measured = household_days(observed, register)[["household_id", "day", "value", "margin"]]
    both = mine.merge(measured, on=["household_id", "day"], how="left").sort_values(["household_id", "day"])
    below = both["margin"] < 0
    return both.assign(
        cause=both["worst"].map(dict(enumerate(_CAUSES))),
        is_measured=both["value"].notna(),
        is_below_standard=below.astype(object).where(both["value"].notna(), ""),
    ).drop(columns=["margin", "worst"])


def refund_seasons(days: pd.DataFrame) -> pd.DataFrame:
    """One row a home and season: its days, those of the user's own cause, and of the others how many nobody measured."""
    own = days["cause"] == "user"
    marked = days.assign(
        claim_days=1,
        own_cause_days=own,
        refundable_days=~own,
        cause_unknown_days=days["cause"] == "unknown",
        unmeasured_days=~own & ~days["is_measured"].astype(bool),
    )
    counts = ["claim_days", "own_cause_days", "refundable_days", "cause_unknown_days", "unmeasured_days"]
    key = ["season", "household_id"]
    return marked[key + counts].astype(dict.fromkeys(counts, int)).groupby(key, as_index=False).sum()


def _claims(feed: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Cold claims of known homes; the city's lines say when a ticket was closed, not when it was solved nor whose fault it was."""
    again = last_solutions(rows)
    rows = rows.sort_values(["version", "arrival_s"], kind="stable").drop_duplicates("ticket_no", keep="last")
    rows = rows.set_index("ticket_no")
    rows.loc[again.index, ["solved_s", "closed_s"]] = again[["solved_s", "closed_s"]]
    cold = rows["category"].isin(_COLD) & rows["kind"].isin(_ASKED)
    rows = rows[cold & (rows["status"] != _RETURNED) & (rows["household_no"] != "")]
    tells = feed == "hotline_963963"
    over = rows["solved_s"].where((rows["solved_s"] >= 0) & tells, rows["closed_s"])
    cure = np.where(over >= 0, local_day(over.to_numpy()), np.iinfo(np.int64).max)
    found = np.where(rows["user_fault"].astype(bool), 1, np.where(over >= 0, 2, 0))
    cause = found if tells else np.zeros(len(rows), dtype=int)
    first = local_day(rows["stamped_s"].to_numpy())
    return pd.DataFrame({"household_id": rows["household_no"].to_numpy(), "first": first, "last": cure, "cause": cause})


def _days(observed: Observed, claims: pd.DataFrame) -> pd.DataFrame:
    """Season days of each claim; it is of the season it was made in, or of the next one if it was made outside of the seasons."""
    parts, since = [], np.iinfo(np.int64).min
    for season in observed.seasons:
        last = observed.last_day(season)
        mine = claims[(claims["first"] > since) & (claims["first"] <= last) & (claims["last"] >= season.first_day)]
        mine, since = mine.assign(first=mine["first"].clip(lower=season.first_day)), season.last_day
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
                    "cause": chosen["cause"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
