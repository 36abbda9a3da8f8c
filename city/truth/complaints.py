"""Complaint rate: tickets -> cases -> cases per 10,000 served households."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S, SEASONS, Season, local_day
from city.truth.observed import Observed
from city.truth.register import UNIT_KINDS, Register

_SAME_CASE_S = 24 * 3600
_SAME_MATTER_S = 60 * DAY_S


def newest_tickets(tickets: pd.DataFrame) -> pd.DataFrame:
    """One row a ticket, the latest of its versions, in order of time; one without an hour after the others of its day."""
    latest = tickets.sort_values(["version", "arrival_s"], kind="stable").drop_duplicates(["line", "ticket_no"], keep="last")
    day = local_day(latest["created_s"].to_numpy())
    latest = latest.assign(day=day, hourless=day * DAY_S - OFFSET_S == latest["created_s"])
    return latest.sort_values(["day", "hourless", "created_s", "line", "ticket_no"], kind="stable").reset_index(drop=True)


def complaint_cases(tickets: pd.DataFrame, seasons: tuple[Season, ...] = SEASONS) -> pd.DataFrame:
    """One row a case: case_id, day (of its first ticket within a season), household_id, line, tickets, calls of the resident, and
    whether a line says that an enterprise called."""
    latest = newest_tickets(tickets)
    named = _named(latest)
    line = latest["line"].to_numpy()
    passed_on = (named >= 0) & (line[np.maximum(named, 0)] != line)
    mine = latest.assign(case=_cases(latest, named), call=~passed_on, home=latest["household_id"].replace("", None))[
        _counts(latest)
    ]
    mine["outside"] = ~np.any([(mine["day"] >= s.first_day) & (mine["day"] <= s.last_day) for s in seasons], axis=0)
    by_case = mine.groupby("case", sort=False)
    first = by_case.nth(0).set_index("case")
    day = mine.sort_values("outside", kind="stable").groupby("case")["day"].first()
    frame = pd.DataFrame(
        {
            "case_id": first["line"] + ":" + first["ticket_no"],
            "day": day.reindex(first.index),
            "household_id": by_case["home"].first().reindex(first.index).fillna(""),
            "line": first["line"],
            "tickets": by_case.size().reindex(first.index),
            "calls": by_case["call"].sum().reindex(first.index),
            "enterprise": by_case["enterprise"].any().reindex(first.index),
        }
    )
    return frame.reset_index(drop=True)


def _counts(latest: pd.DataFrame) -> pd.Series:
    """Complaints that were not handed back."""
    return (latest["kind"] == "complaint") & ~latest["returned"].astype(bool)


class _Sets:
    """Sets that only ever grow together."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, member: int) -> int:
        while self._above[member] != member:
            self._above[member] = self._above[self._above[member]]
            member = self._above[member]
        return member

    def join(self, one: int, other: int) -> None:
        self._above[self.of(one)] = self.of(other)


def _named(latest: pd.DataFrame) -> np.ndarray:
    """Place of the ticket that each ticket names, -1 where it names none of its time."""
    created, places = latest["created_s"].tolist(), dict[str, list[int]]()
    for place, number in enumerate(latest["ticket_no"]):
        places.setdefault(number, []).append(place)
    named = np.full(len(latest), -1)
    for place, number in enumerate(latest["related_no"]):
        near = [p for p in places.get(number, ()) if p != place and abs(created[p] - created[place]) <= _SAME_MATTER_S]
        named[place] = near[0] if near else -1
    return named


def _cases(latest: pd.DataFrame, named: np.ndarray) -> np.ndarray:
    """A number for each ticket: tickets of any kind that name one another, then calls that follow soon upon one another."""
    created, sets = latest["created_s"].tolist(), _Sets(len(latest))
    for place in np.flatnonzero(named >= 0).tolist():
        sets.join(place, int(named[place]))
    counted = np.flatnonzero(_counts(latest).to_numpy()).tolist()
    matters: dict[int, set[tuple[str, str]]] = {}
    for place, household, category in zip(counted, *(latest.loc[counted, c] for c in ("household_id", "category")), strict=True):
        matters.setdefault(sets.of(place), set()).update({(household, category)} if household else ())
    calls: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for place in counted:
        for matter in matters[sets.of(place)]:
            calls.setdefault(matter, []).append((created[place], place))
    for about in calls.values():
        for (before, one), (after, other) in pairwise(sorted(about)):
            if after - before <= _SAME_CASE_S:
                sets.join(one, other)
    return np.array([sets.of(place) for place in range(len(latest))], dtype=int)


def unnamed(cases: pd.DataFrame, register: Register) -> np.ndarray:
    """Cases of no customer that the register knows on their day."""
    codes = register.households.codes(cases["household_id"].to_numpy())
    return register.households.in_force(codes, cases["day"].to_numpy()) < 0


def of_residents(cases: pd.DataFrame, register: Register) -> np.ndarray:
    """Not of a known enterprise, nor of one that gave no number."""
    known = register.resident(cases["household_id"].to_numpy().astype(str), cases["day"].to_numpy())
    return known & ~(unnamed(cases, register) & cases["enterprise"].to_numpy(dtype=bool))


def complaint_rate(observed: Observed, register: Register) -> pd.DataFrame:
    """To-date cases and rate by season, day and unit, of the days on which every line was asked. Beside them both seasons over the
    same season days, as far as both are known."""
    daily = _by_day(observed, register)
    before = daily[["nth_season", "season_day", "unit_kind", "unit_id", "known", "cases", "homes"]]
    before = before.assign(nth_season=before["nth_season"] + 1)
    daily = daily.merge(before, "left", ["nth_season", "season_day", "unit_kind", "unit_id"], suffixes=("", "_before"))
    both = daily["known"] & daily["known_before"].eq(True)

    def to_date(name: str, among: pd.Series) -> pd.Series:
        """Sum of the season so far over some of its days; none before the first of them."""
        series = pd.DataFrame({"sum": daily[name].where(among, 0), "days": among}).astype(int)
        so_far = series.groupby([daily["nth_season"], daily["unit_kind"], daily["unit_id"]], sort=False).cumsum()
        return so_far["sum"].astype("Int64").where(so_far["days"] > 0)

    def rate(cases: str, homes: str, among: pd.Series, days: pd.Series) -> pd.Series:
        below = to_date(homes, among).astype(float) / days.astype(float)
        return 10_000 * to_date(cases, among).astype(float) / below.where(below > 0)

    daily = daily.assign(one=1)
    days_known, compared_days = to_date("one", daily["known"]), to_date("one", both)
    return daily[["season", "day", "unit_kind", "unit_id"]].assign(
        cases=to_date("cases", daily["known"]),
        enterprise_cases=to_date("enterprise_cases", daily["known"]),
        served_households=to_date("homes", daily["known"]).astype(float) / days_known.astype(float),
        per_10000_households=rate("cases", "homes", daily["known"], days_known),
        days_known=days_known.fillna(0),
        compared_days=compared_days.fillna(0),
        compared_per_10000_households=rate("cases", "homes", both, compared_days),
        previous_cases=to_date("cases_before", both),
        previous_per_10000_households=rate("cases_before", "homes_before", both, compared_days),
    )


def _by_day(observed: Observed, register: Register) -> pd.DataFrame:
    """Cases and homes of each day by itself, whether known or not."""
    cases = complaint_cases(observed.tickets, observed.seasons)
    day = cases["day"].to_numpy()
    homes = register.homes(cases["household_id"].to_numpy().astype(str), day)
    resident = of_residents(cases, register)
    parts = []
    for nth, season in enumerate(observed.seasons):
        known = observed.known_days(season)
        days = len(known)
        served = register.served_counts(season) if days else {}
        inside = (day >= season.first_day) & (day < season.first_day + days)
        paused = np.flatnonzero(inside & homes.resident & ~homes.served)
        paused = paused[~cases.loc[paused, ["household_id", "day"]].duplicated().to_numpy()]
        for unit_kind in UNIT_KINDS if days else ():
            ids = register.unit_ids(unit_kind)
            unit = np.zeros(len(cases), dtype=int) if unit_kind == "company" else getattr(homes, unit_kind)
            counts = []
            for mine in (inside & resident & (unit >= 0), inside & ~resident & (unit >= 0)):
                cell = unit[mine] * days + day[mine] - season.first_day
                counts.append(np.bincount(cell, minlength=len(ids) * days))
            also = np.zeros((len(ids), days), dtype=np.int64)  # a suspended home that complains is served on that day
            mine = paused[unit[paused] >= 0]
            np.add.at(also, (unit[mine], day[mine] - season.first_day), 1)
            row, column = (a.ravel() for a in np.indices((len(ids), days)))
            frame = {
                "nth_season": nth,
                "season": season.code,
                "day": column + season.first_day,
                "season_day": column + 1,
                "unit_kind": unit_kind,
                "unit_id": ids[row],
                "known": known[column],
                "cases": counts[0],
                "enterprise_cases": counts[1],
                "homes": (served[unit_kind][:, :days] + also).ravel(),
            }
            parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)
