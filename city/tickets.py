"""Tickets of the three lines (963963, 12345, 12319): one row a ticket first, then one row a version.

A case of discontent becomes one or more tickets: repeat callers, the same case on two or three lines (with and without
a cross reference), tickets without a household number. Beside them stand consultations, repair requests and temperature
tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S, SPAN, Window, day_number, local_day, local_s
from city.cases import Discontent
from city.network import Network
from city.streams import Streams

LINES = ("963963", "12345", "12319")
COMPLAINT, REPAIR, CONSULTATION, TEST = "投诉", "报修", "咨询", "测温"
KIND_NAMES = {COMPLAINT: "complaint", REPAIR: "repair", CONSULTATION: "consultation", TEST: "temperature_test"}
CATEGORY_NAMES = {
    "室温不达标": "room_cold",
    "不热": "no_heat",
    "漏水": "leak",
    "收费": "billing",
    "服务": "service",
    "其他": "other",
}
WAITING, ACCEPTED, CLOSED, RETURNED = "待受理", "已受理", "已办结", "已退回"
_COLD = ("室温不达标", "不热")
_OTHER_CATEGORIES = {REPAIR: ("漏水", "不热", "其他"), CONSULTATION: ("收费", "服务", "其他"), TEST: ("室温不达标",)}
TICKET = ("line", "kind", "category", "created_s", "household", "related", "alone")
# What happens to a ticket after closing.
TURNED_CONSULTATION, RATED, TURNED_REPAIR, REOPENED = 1, 2, 3, 4


def build_tickets(network: Network, cases: Discontent, streams: Streams, window: Window) -> pd.DataFrame:
    """All tickets, one row each; `related` is the row of the ticket referred to or -1, `alone` a case of one ticket."""
    rng = streams.rng("tickets")
    rows: list[tuple[Any, ...]] = []
    for day, household in zip(cases.day.tolist(), cases.household.tolist(), strict=True):
        _tickets_of_case(rows, rng, day, household, window)
    _other_tickets(rows, network, streams.rng("tickets", "others"))
    frame = pd.DataFrame(rows, columns=list(TICKET))
    late = (frame["line"] == "12319") & _late(frame["created_s"].to_numpy())
    frame["created_s"] -= 2 * 3600 * late
    frame = _midnight_stamps(frame, rng)
    return _numbered(live(frame, rng))


def _tickets_of_case(rows: list[tuple[Any, ...]], rng: np.random.Generator, day: int, household: int, window: Window) -> None:
    """Tickets of one case. All calls of a case lie within 20 hours, or (a long chain) 20 hours from call to call.

    Near the edges of the window a case is one ticket, so that no part of it can be cut off.
    """
    created = local_s(day, 7) + int(rng.integers(1, 15 * 3600))
    line = LINES[int(rng.choice(3, p=(0.7, 0.2, 0.1)))]
    category = str(rng.choice(("室温不达标", "不热", "服务", "收费"), p=(0.56, 0.32, 0.07, 0.05)))
    root, luck = len(rows), rng.random(4)
    nameless = line != "963963" and luck[0] < 0.35
    safe = window.start_s + 6 * DAY_S < created < window.end_s - 6 * DAY_S
    home = -1 if nameless else household
    extra: list[tuple[Any, ...]] = []
    if not safe:
        luck[1:] = 1.0
    if not nameless and luck[1] < 0.04:
        hours = (19.7, 39.5, 59.1)
        extra += [("963963", COMPLAINT, category, created + round(h * 3600), household, -1) for h in hours]
    elif not nameless and luck[1] < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            again = LINES[int(rng.choice(3, p=(0.75, 0.15, 0.1)))]
            extra.append((again, COMPLAINT, category, created + int(rng.integers(1200, 20 * 3600)), household, -1))
    if not nameless and luck[2] < 0.03:
        other = _COLD[1] if category == _COLD[0] else _COLD[0]
        extra.append(("963963", COMPLAINT, other, created + int(rng.integers(3600, 9 * 3600)), household, -1))
    if line == "963963" and luck[3] < 0.2:
        extra += _cross_references(rng, root, len(extra), category, created, household, three=luck[3] < 0.05)
    alone = not extra
    rows.append((line, COMPLAINT, category, created, home, -1, alone))
    rows.extend((*e, False) for e in extra)


def _cross_references(
    rng: np.random.Generator, root: int, before: int, category: str, created: int, household: int, *, three: bool
) -> list[tuple[Any, ...]]:
    """The same case on the city's lines, naming the hotline's ticket; with three, one does so by a second call."""
    known = household if rng.random() < 0.4 else -1
    later = created + int(rng.integers(3600, 48 * 3600))
    if not three:
        line = "12345" if rng.random() < 0.7 else "12319"
        return [(line, COMPLAINT, category, later, known, root)]
    second_call = ("963963", COMPLAINT, category, created + int(rng.integers(1200, 6 * 3600)), household, root)
    return [
        second_call,
        ("12345", COMPLAINT, category, later, known, root),
        ("12319", COMPLAINT, category, later + int(rng.integers(600, 20 * 3600)), -1, root + 1 + before),
    ]


def _other_tickets(rows: list[tuple[Any, ...]], network: Network, rng: np.random.Generator) -> None:
    """Everything that is no complaint: ten a day at full scale in summer, a hundred in winter."""
    days = np.arange(day_number(SPAN.start) + 1, day_number(SPAN.end))
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    expected = np.where((month >= 10) | (month <= 3), 100, 10) * network.size.scale
    day = np.repeat(days, rng.poisson(expected))
    count = len(day)
    kinds = rng.choice(3, count, p=(0.35, 0.5, 0.15)).tolist()
    pick = rng.integers(0, 6, count).tolist()
    lines = rng.choice(3, count, p=(0.85, 0.1, 0.05)).tolist()
    household = rng.integers(0, network.size.residents, count).tolist()
    created = (day * DAY_S - OFFSET_S + 7 * 3600 + rng.integers(1, 15 * 3600, count)).tolist()
    for kind_no, category_no, line, home, moment in zip(kinds, pick, lines, household, created, strict=True):
        kind = (REPAIR, CONSULTATION, TEST)[kind_no]
        categories = _OTHER_CATEGORIES[kind]
        rows.append((LINES[line], kind, categories[category_no % len(categories)], moment, home, -1, True))


def _midnight_stamps(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """On the city's lines some tickets are stamped midnight: some time that day."""
    lone = np.flatnonzero(((frame["line"] != "963963") & frame["alone"]).to_numpy())
    chosen = rng.permutation(lone)[: max(2, len(lone) // 20)] if len(lone) else lone
    midnight = local_day(frame["created_s"].to_numpy()) * DAY_S - OFFSET_S
    frame["stamped_s"] = frame["created_s"].to_numpy()
    frame.loc[chosen, "stamped_s"] = midnight[chosen]
    return frame


def live(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """From waiting to closed: accepted, on site, solved, closed; who was at fault; how satisfied."""
    count = len(frame)
    created = frame["created_s"].to_numpy()
    frame["accepted_s"] = created + rng.integers(300, 5400, count)
    frame["on_site_s"] = frame["accepted_s"] + rng.integers(1800, 4 * 3600, count)
    frame["solved_s"] = frame["on_site_s"] + rng.integers(1800, 20 * 3600, count)
    frame["closed_s"] = _before_eleven(frame["solved_s"].to_numpy() + rng.integers(600, 16 * 3600, count))
    frame["accepted_s"] = np.where(_late(frame["accepted_s"].to_numpy()), created + 120, frame["accepted_s"])
    frame["user_fault"] = (rng.random(count) < 0.3) & (frame["kind"] != CONSULTATION)
    frame["satisfaction"] = np.where(rng.random(count) < 0.5, rng.choice(5, count, p=(0.04, 0.06, 0.15, 0.35, 0.4)) + 1, 0)
    frame["is_phone"] = rng.random(count) < 0.7
    # After closing the kind becomes consultation (only of cases of one ticket) or the satisfaction is added.
    edit = np.where(rng.random(count) < 0.1, RATED, 0)
    edit[(rng.random(count) < 0.05) & frame["alone"].to_numpy() & (frame["kind"] == COMPLAINT).to_numpy()] = TURNED_CONSULTATION
    frame["edit"] = edit
    frame["edited_s"] = _before_eleven(frame["closed_s"].to_numpy() + rng.integers(3600, 5 * DAY_S, count))
    frame["enterprise"] = False  # what the caller says of himself, where the line asks
    frame["again_s"] = -1  # a ticket that is opened again is closed again at this moment, or never
    frame["keeps_solved"] = False  # and its source keeps the time of the first solution
    frame["returned"] = (frame["line"] == "12345").to_numpy() & (rng.random(count) < 0.06) & (edit == 0)
    return frame


def _late(moment: np.ndarray) -> np.ndarray:
    """True after half past ten in the evening, when the day's file of 12319 is already being made."""
    return (moment + OFFSET_S) % DAY_S > 22.4 * 3600


def _before_eleven(moment: np.ndarray) -> np.ndarray:
    return np.where(_late(moment), moment + 11 * 3600, moment)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Ticket numbers by line and day, and the numbers they refer to."""
    day = local_day(frame["created_s"].to_numpy())
    order = np.lexsort((np.arange(len(frame)), frame["created_s"].to_numpy()))
    place = np.empty(len(frame), dtype=int)
    keys = pd.DataFrame({"line": frame["line"].to_numpy()[order], "day": day[order]})
    place[order] = keys.groupby(["line", "day"]).cumcount().to_numpy() + 1
    stamp = np.char.replace(np.asarray(day, dtype="datetime64[D]").astype(str), "-", "")
    digits = np.where(frame["line"] == "963963", 5, 4)
    frame["ticket_no"] = [f"{n}-{s}-{p:0{w}d}" for n, s, p, w in zip(frame["line"], stamp, place, digits, strict=True)]
    related = frame["related"].to_numpy()
    frame["related_no"] = np.where(related >= 0, frame["ticket_no"].to_numpy()[np.maximum(related, 0)], "")
    return frame


def ticket_versions(tickets: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row for every state a ticket went through, with `updated_s` and what was known then."""
    stages = []
    for version, status, since in (
        (1, WAITING, "created_s"),
        (2, ACCEPTED, "accepted_s"),
        (3, CLOSED, "closed_s"),
        (4, CLOSED, "edited_s"),
        (5, CLOSED, "again_s"),
    ):
        rows = tickets if version < 4 else tickets[tickets["edit"] > 0 if version == 4 else tickets["again_s"] >= 0]
        rows = rows.assign(version=version, status=status, updated_s=rows[since] + (version > 1) * rng.integers(1, 280, len(rows)))
        if version < 4:
            rows["satisfaction"] = 0 if version < 3 else np.where(rows["edit"] == RATED, 0, rows["satisfaction"])
        if version < 3:
            rows[["on_site_s", "solved_s", "closed_s"]] = -1
            rows["user_fault"] = False
        if version < 2:
            rows["accepted_s"] = -1
        if version == 3:
            back = rows["returned"].to_numpy()
            rows.loc[back, "status"] = RETURNED
            rows.loc[back, ["on_site_s", "solved_s", "closed_s"]] = -1
        if version == 4:
            rows.loc[rows["edit"] == TURNED_CONSULTATION, "kind"] = CONSULTATION
            rows.loc[rows["edit"] == TURNED_REPAIR, "kind"] = REPAIR
            rows.loc[(rows["edit"] == RATED) & (rows["satisfaction"] == 0), "satisfaction"] = 4
            opened = (rows["edit"] == REOPENED).to_numpy()
            rows.loc[opened, "status"], rows.loc[opened, "closed_s"] = ACCEPTED, -1
        if version == 5:
            rows["closed_s"] = rows["again_s"]
            rows["solved_s"] = rows["solved_s"].where(rows["keeps_solved"], rows["again_s"] - 1800)
        stages.append(rows)
    frame = pd.concat(stages, ignore_index=True)
    return frame.sort_values(["updated_s", "ticket_no", "version"], kind="stable").reset_index(drop=True)
