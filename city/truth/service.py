"""Timeliness of service: the newest version of each ticket, its limits, counted by day and for the season to date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S, Season, local_s
from city.tickets import CATEGORY_NAMES, KIND_NAMES, RETURNED
from city.truth.complaints import complaint_cases, unnamed
from city.truth.observed import Observed
from city.truth.reclassified import reclassified
from city.truth.register import Register
from city.truth.reopened import last_solutions

# Limits as they stand in the place's dated rows: repairs 24 h, tickets of 12345 24 h, cases of the letters office 60 days.
_REPAIR_S, _CITY_LINE_S, _PETITION_S = 24 * 3600, 24 * 3600, 60 * DAY_S
_SATISFIED = 4
_IN_PERSON = ("walk_in", "group_petition")
_MIDNIGHT = 57_600  # 16:00 UTC
_SHOWN = {
    "hotline_963963": ("accepted_s", "assigned_s", "on_site_s", "solved_s", "closed_s", "follow_up_s", "satisfaction"),
    "city_line_12345": ("accepted_s", "closed_s", "satisfaction"),
    "city_line_12319": ("closed_s",),
}
_MOMENTS = ("accepted_s", "on_site_s", "solved_s", "closed_s", "follow_up_s")
SUMS = (
    "tickets", "returned", "complaints", "repair_requests", "repairs_carried_over", "consultations", "temperature_tests",
    "reclassified_from_complaint", "reclassified_to_complaint",
    "first_answers", "first_answer_s", "arrivals", "on_site_s_sum", "solved", "solved_s_sum", "closed", "reopenings",
    "repairs_judged", "repairs_in_time", "petitions_due", "petitions_closed_in_time",
    "city_line_closed", "city_line_closed_in_time", "breaches", "complaint_cases", "repeat_cases", "forwarded_tickets",
    "unnamed_cases", "unnamed_enterprise_cases",
    "followed_up", "rated", "satisfied", "satisfaction_sum", "walk_ins", "group_petitions", "petition_people",
)  # fmt: skip


def service_timeliness(
    observed: Observed, register: Register, lines: dict[str, pd.DataFrame], reception: pd.DataFrame
) -> pd.DataFrame:
    """Counts by season, day, period, unit, line and category, wherever something was counted to date."""
    tickets = all_tickets(lines, reception)
    end_s = observed.window.end_s
    counted = _counts(tickets, end_s)
    cases = complaint_cases(observed.tickets, observed.seasons)
    first = tickets.drop_duplicates(["line", "ticket_no"]).set_index(["line", "ticket_no"])["category"]
    name = [tuple(case.split(":", 1)) for case in cases["case_id"]]
    nameless = unnamed(cases, register)
    counted_cases = pd.DataFrame(0, index=cases.index, columns=list(SUMS)).assign(
        day=cases["day"],
        household_id=cases["household_id"],
        line=cases["line"],
        category=first.reindex(name).to_numpy(),
        complaint_cases=1,
        repeat_cases=(cases["calls"] > 1).astype(int),
        forwarded_tickets=cases["tickets"] - cases["calls"],
        unnamed_cases=nameless.astype(int),
        unnamed_enterprise_cases=(nameless & cases["enterprise"].to_numpy(dtype=bool)).astype(int),
    )
    changes = reclassified(lines)
    changes = changes[(changes["from_kind"] == "complaint") | (changes["to_kind"] == "complaint")]
    counted_changes = pd.DataFrame(0, index=changes.index, columns=list(SUMS)).assign(
        **changes[["day", "household_id", "line", "category"]],
        reclassified_from_complaint=(changes["from_kind"] == "complaint").astype(int),
        reclassified_to_complaint=(changes["to_kind"] == "complaint").astype(int),
    )
    # In a few days nothing may be reclassified, and an empty column has no type of its own.
    carried = [_carried_over(tickets, season) for season in observed.seasons]
    rows = pd.concat([counted, counted_cases, counted_changes, *carried], ignore_index=True).astype({"day": np.int64})
    homes = register.homes(rows["household_id"].to_numpy().astype(str), rows["day"].to_numpy())
    rows["branch"] = np.where(homes.branch >= 0, register.branch_ids[homes.branch], "")
    parts = [_season(rows, season, observed.last_day(season)) for season in observed.seasons]
    return pd.concat(parts, ignore_index=True)


def _carried_over(tickets: pd.DataFrame, season: Season) -> pd.DataFrame:
    """Repairs asked for before the season and not done when it began, on its first day."""
    begin = local_s(season.first_day)
    done = tickets["solved_s"].where(tickets["solved_s"] >= 0, tickets["closed_s"])
    waits = (tickets["created_s"] < begin) & ((done < 0) | (done >= begin))
    mine = tickets[waits & (tickets["kind"] == "repair") & (tickets["apart"] == "")]
    counts = pd.DataFrame(0, index=mine.index, columns=list(SUMS))
    return counts.assign(repairs_carried_over=1, day=season.first_day, **mine[["household_id", "line", "category"]])


def all_tickets(lines: dict[str, pd.DataFrame], reception: pd.DataFrame) -> pd.DataFrame:
    """Tickets of the lines and of the reception days as their newest versions tell them."""
    return pd.concat([_line(feed, rows) for feed, rows in lines.items()] + [_reception(reception)], ignore_index=True)


def _newest(rows: pd.DataFrame, number: str) -> pd.DataFrame:
    return rows.sort_values(["version", "updated_s"], kind="stable").drop_duplicates(number, keep="last")


def _line(feed: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Tickets of one line with what its source shows of them; -1 where it shows nothing."""
    again = last_solutions(rows)
    rows = _newest(rows, "ticket_no").set_index("ticket_no", drop=False)
    rows.loc[again.index, ["solved_s", "closed_s"]] = again[["solved_s", "closed_s"]]
    rows["reopenings"] = again["reopenings"].reindex(rows.index).fillna(0).astype(int)
    shown = _SHOWN[feed]
    made = rows.assign(**{name: -1 for name in _MOMENTS if name not in shown})
    return pd.DataFrame(
        {
            **{name: made[name] for name in ("line", "ticket_no", *_MOMENTS)},
            "kind": rows["kind"].map(KIND_NAMES),
            "category": rows["category"].map(CATEGORY_NAMES),
            "created_s": rows["stamped_s"],
            "satisfaction": rows["satisfaction"] if "satisfaction" in shown else 0,
            "apart": np.where(rows["status"] == RETURNED, "returned", ""),
            "persons": 0,
            "reopenings": rows["reopenings"],
            "household_id": rows["household_no"],
        }
    )


def _reception(rows: pd.DataFrame) -> pd.DataFrame:
    rows = _newest(rows, "visit_no")
    return pd.DataFrame(
        {
            "line": "reception",
            "ticket_no": rows["visit_no"],
            "kind": rows["kind"].map(KIND_NAMES),
            "category": rows["category"].map(CATEGORY_NAMES),
            "created_s": rows["received_s"],
            "accepted_s": rows["accepted_s"],
            "on_site_s": -1,
            "solved_s": rows["solved_s"],
            "closed_s": rows["closed_s"],
            "follow_up_s": -1,
            "satisfaction": 0,
            "apart": rows["channel"].map({"接待日来访": "walk_in", "集体上访": "group_petition"}),
            "persons": rows["persons"],
            "reopenings": 0,
            "household_id": rows["household_no"],
        }
    )


def _limits(t: pd.DataFrame, end_s: int) -> dict[str, pd.Series]:
    """Limits kept and broken; what is still open within its limit at the end is neither."""
    ordinary = t["apart"] == ""
    hour = t["created_s"] % DAY_S != _MIDNIGHT
    handled = t["solved_s"].where(t["solved_s"] >= 0, t["closed_s"])
    repair = ordinary & (t["kind"] == "repair") & hour
    repair_over = (handled >= 0) | (t["created_s"] + _REPAIR_S < end_s)
    repair_good = (handled >= 0) & (handled <= t["created_s"] + _REPAIR_S)
    city = ordinary & (t["line"] == "12345") & hour
    closed = t["closed_s"] >= 0
    city_good = t["closed_s"] <= t["created_s"] + _CITY_LINE_S
    city_open_late = city & ~closed & (t["created_s"] + _CITY_LINE_S < end_s)
    due = t["apart"].isin(_IN_PERSON) & (t["created_s"] + _PETITION_S < end_s)
    petition_good = closed & (t["closed_s"] <= t["created_s"] + _PETITION_S)
    petition_late = t["apart"].isin(_IN_PERSON) & ~petition_good & (closed | due)
    late = [repair & repair_over & ~repair_good, city & closed & ~city_good, city_open_late, petition_late]
    return {
        "repairs_judged": repair & repair_over,
        "repairs_in_time": repair & repair_good,
        "petitions_due": due,
        "petitions_closed_in_time": due & petition_good,
        "city_line_closed": city & closed,
        "city_line_closed_in_time": city & closed & city_good,
        "breaches": pd.Series(np.sum([part.to_numpy() for part in late], axis=0), index=t.index),
    }


def _counts(t: pd.DataFrame, end_s: int) -> pd.DataFrame:
    """What each ticket adds to the sums."""
    ordinary = t["apart"] == ""
    hour = t["created_s"] % DAY_S != _MIDNIGHT
    answered, arrived = ordinary & hour & (t["accepted_s"] >= 0), ordinary & hour & (t["on_site_s"] >= 0)
    solved = ordinary & hour & (t["solved_s"] >= 0)
    rated = ordinary & (t["satisfaction"] > 0)
    made: dict[str, pd.Series] = {
        "tickets": ordinary,
        "returned": t["apart"] == "returned",
        "complaints": ordinary & (t["kind"] == "complaint"),
        "repair_requests": ordinary & (t["kind"] == "repair"),
        "consultations": ordinary & (t["kind"] == "consultation"),
        "temperature_tests": ordinary & (t["kind"] == "temperature_test"),
        "first_answers": answered,
        "first_answer_s": (t["accepted_s"] - t["created_s"]) * answered,
        "arrivals": arrived,
        "on_site_s_sum": (t["on_site_s"] - t["created_s"]) * arrived,
        "solved": solved,
        "solved_s_sum": (t["solved_s"] - t["created_s"]) * solved,
        "closed": ordinary & (t["closed_s"] >= 0),
        "reopenings": t["reopenings"] * ordinary,
        **_limits(t, end_s),
        "followed_up": ordinary & (t["closed_s"] >= 0) & (t["follow_up_s"] >= 0),
        "rated": rated,
        "satisfied": rated & (t["satisfaction"] >= _SATISFIED),
        "satisfaction_sum": t["satisfaction"] * rated,
        "walk_ins": t["apart"] == "walk_in",
        "group_petitions": t["apart"] == "group_petition",
        "petition_people": t["persons"] * (t["apart"] == "group_petition"),
    }
    frame = pd.DataFrame({name: made.get(name, pd.Series(0, index=t.index)).astype(np.int64) for name in SUMS})
    return frame.assign(
        day=(t["created_s"] + OFFSET_S) // DAY_S, household_id=t["household_id"], line=t["line"], category=t["category"]
    )


def _season(rows: pd.DataFrame, season: Season, last: int) -> pd.DataFrame:
    """Sums of each series on each season day, and their running totals."""
    days = last - season.first_day + 1
    rows = rows[(rows["day"] >= season.first_day) & (rows["day"] <= last)]
    company = rows.assign(unit_kind="company", unit_id="company")
    branch = rows[rows["branch"] != ""].assign(unit_kind="branch", unit_id=rows["branch"])
    every = pd.concat([company, branch], ignore_index=True)
    cut = [every.assign(line="all", category="all"), every.assign(category="all"), every.assign(line="all")]
    parts = []
    for key, mine in pd.concat(cut, ignore_index=True).groupby(["unit_kind", "unit_id", "line", "category"]):
        place = mine["day"].to_numpy() - season.first_day
        daily = {n: np.bincount(place, mine[n].to_numpy(), days).astype(np.int64) for n in SUMS}
        for period, figures in (("day", daily), ("to_date", {n: np.cumsum(v) for n, v in daily.items()})):
            frame = pd.DataFrame(figures)
            frame.insert(0, "period", period)
            frame.insert(0, "day", np.arange(days) + season.first_day)
            frame.insert(0, "season", season.code)
            unit_kind, unit_id, line, category = (str(part) for part in key)
            parts.append(frame.assign(unit_kind=unit_kind, unit_id=unit_id, line=line, category=category))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
