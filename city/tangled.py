"""Tickets that are hard to count, a handful a season: each story is one a company's figures went wrong by.

They have random streams and numbers of their own (from 9 on), and homes that no other ticket speaks of, so nothing else moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from city.calendar import SEASONS, SPAN, Season, day_number, local_day, local_s
from city.network import Network
from city.streams import Streams
from city.tickets import COMPLAINT, REOPENED, REPAIR, TEST, TICKET, TURNED_REPAIR, live

_HOTLINE, _CITY = "963963", "12345"
_MADE = ["edit", "returned", "again", "keeps_solved", "enterprise"]


@dataclass(frozen=True)
class Call:
    """One ticket of a story: hours after the story begins, whether its home is known, which earlier one it names."""

    line: str
    hours: float
    names: int = -1
    at_home: bool = True
    kind: str = COMPLAINT
    edit: int = 0
    returned: bool = False
    again: float = 0  # solved after 4 hours, opened again after 8, and solved again so many hours after the call, 0 never
    keeps_solved: bool = False
    enterprise: bool = False


_REPAIR_CALL, _RETURNED_CALL = Call(_HOTLINE, 0, kind=REPAIR), Call(_CITY, 0, returned=True)
_STORIES: dict[str, tuple[Call, ...]] = {
    "six that name the last one": (
        *(Call(_HOTLINE, 50 * n, n - 1) for n in range(5)),
        Call(_CITY, 250, 4, at_home=False),
    ),
    "a call after one that names": (Call(_HOTLINE, 0), Call(_CITY, 20, 0, at_home=False), Call(_HOTLINE, 40)),
    "a call before one that names": (Call(_HOTLINE, 0), Call(_HOTLINE, 30), Call(_CITY, 35, 0, at_home=False)),
    "two about one repair": (_REPAIR_CALL, Call(_CITY, 30, 0, at_home=False), Call(_HOTLINE, 60, 0)),
    "root that became a repair": (
        Call(_HOTLINE, 0, edit=TURNED_REPAIR),
        Call(_CITY, 30, 0, at_home=False),
        Call(_HOTLINE, 55, 0),
    ),
    "root that was handed back": (_RETURNED_CALL, Call(_HOTLINE, 30, 0), Call(_HOTLINE, 60, 0, at_home=False)),
    "handed back and no more": (Call(_CITY, 0, returned=True),),
    "solved twice, in time": (Call(_HOTLINE, 0, kind=REPAIR, edit=REOPENED, again=20),),
    "solved twice, too late": (Call(_HOTLINE, 0, kind=REPAIR, edit=REOPENED, again=60),),
    "solved twice, too late, under the first time": (Call(_HOTLINE, 0, kind=REPAIR, edit=REOPENED, again=60, keeps_solved=True),),
    "solved once and open again": (Call(_HOTLINE, 0, kind=REPAIR, edit=REOPENED),),
    "opened again by the city line": (Call(_CITY, 0, edit=REOPENED, again=50),),
    "names one of 59 days ago": (Call(_HOTLINE, 0), Call(_CITY, 59 * 24, 0, at_home=False)),
    "names one of 61 days ago": (Call(_HOTLINE, 0), Call(_CITY, 61 * 24, 0, at_home=False)),
}
_AN_ENTERPRISE = (Call(_HOTLINE, 0),)
_AN_UNNAMED_ENTERPRISE = (Call(_CITY, 0, at_home=False, enterprise=True),)
_ALTHOUGH_SUSPENDED = (Call(_HOTLINE, 0), Call(_HOTLINE, 72))
# Begun so many days before the season's first day (negative) or after it.
_EDGES: dict[str, tuple[int, tuple[Call, ...]]] = {
    "from the day before on": (-1, (Call(_HOTLINE, 8), Call(_HOTLINE, 26))),
    "a call of the summer": (-30, (Call(_HOTLINE, 0), Call(_CITY, 50 * 24, 0, at_home=False))),
    "a repair of the eve, done within the season": (-1, (Call(_HOTLINE, 6, kind=REPAIR, edit=REOPENED, again=60),)),
    "a repair of the eve that nobody did": (-1, (Call(_HOTLINE, 7, kind=REPAIR, edit=REOPENED),)),
    "cold before the first day and five days on": (-2, (Call(_HOTLINE, 0, kind=TEST, edit=REOPENED, again=130),)),
    "one of last winter": (-250, (Call(_HOTLINE, 0), Call(_CITY, 300 * 24, 0, at_home=False))),
}


def tangled_tickets(network: Network, others: pd.DataFrame, streams: Streams) -> pd.DataFrame:
    """Tickets as build_tickets gives them; `others` are those, whose homes are left alone."""
    rng = streams.rng("tickets", "tangled")
    free = np.setdiff1d(np.arange(network.size.residents), others["household"].to_numpy())
    paused = network.suspensions[np.isin(network.suspensions[:, 0], free)]
    homes = iter(rng.permutation(np.setdiff1d(free, paused[:, 0])).tolist())
    rows: list[tuple[object, ...]] = []
    for season in SEASONS:
        for home in np.setdiff1d(np.flatnonzero(network.household_enterprise), others["household"].to_numpy())[:1].tolist():
            rows += _rows(_AN_ENTERPRISE, local_s(season.first_day + 6, 9), home, "服务", len(rows))
        rows += _rows(_AN_UNNAMED_ENTERPRISE, local_s(season.first_day + 8, 9), -1, "服务", len(rows))
        for home, day in _paused_home(paused, season):
            rows += _rows(_ALTHOUGH_SUSPENDED, local_s(day, 8) + int(rng.integers(60, 3600)), home, "收费", len(rows))
        for number, (begins, calls) in enumerate(_begun(season)):
            created = local_s(begins, 8) + int(rng.integers(60, 3600))
            rows += _rows(calls, created, next(homes, -1), ("不热", "室温不达标")[number % 2], len(rows))
    frame = pd.DataFrame(rows, columns=[*TICKET, *_MADE])
    frame["stamped_s"] = frame["created_s"]
    frame = live(frame[[*TICKET, "stamped_s"]], streams.rng("tickets", "tangled", "life")).assign(**frame[_MADE])
    opened = (frame["edit"] == REOPENED).to_numpy()
    for name, hours in (("accepted_s", 1), ("on_site_s", 2), ("solved_s", 4), ("closed_s", 5), ("edited_s", 8)):
        frame.loc[opened, name] = frame.loc[opened, "created_s"] + hours * 3600
    frame["again_s"] = np.where(frame["again"] > 0, frame["created_s"] + frame["again"] * 3600, -1).astype(np.int64)
    return _numbered(frame.drop(columns="again"))


def _paused_home(paused: np.ndarray, season: Season) -> list[tuple[int, int]]:
    """The first home whose heating is suspended for a fortnight of the season, and a day within; none in a very small city."""
    first, last = np.maximum(paused[:, 1], season.first_day), np.minimum(paused[:, 2], season.last_day)
    long = np.flatnonzero(last - first >= 14)
    return [(int(paused[row, 0]), int(first[row]) + 5) for row in long[:1]]


def _begun(season: Season) -> list[tuple[int, tuple[Call, ...]]]:
    """First day of each story: a week apart from the tenth day on, or where the season's edge puts it."""
    inside = [(season.first_day + 10 + 7 * number, calls) for number, calls in enumerate(_STORIES.values())]
    edges = [(season.first_day + days, calls) for days, calls in _EDGES.values()]
    return inside + [(begins, calls) for begins, calls in edges if begins >= day_number(SPAN.start)]


def _rows(calls: tuple[Call, ...], created: int, home: int, category: str, before: int) -> list[tuple[object, ...]]:
    return [
        (
            call.line, call.kind, category, created + round(call.hours * 3600), home if call.at_home else -1,
            before + call.names if call.names >= 0 else -1, False, call.edit, call.returned, call.again,
            call.keeps_solved, call.enterprise,
        )
        for call in calls
    ]  # fmt: skip


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers of the day of creation, from 9 on, where no other ticket has its number."""
    stamp = np.char.replace(local_day(frame["created_s"].to_numpy()).astype("datetime64[D]").astype(str), "-", "")
    nth = frame.assign(stamp=stamp).groupby(["line", "stamp"]).cumcount().to_numpy() + 1
    frame["ticket_no"] = [f"{line}-{day}-9{n:03d}" for line, day, n in zip(frame["line"], stamp, nth, strict=True)]
    related = frame["related"].to_numpy()
    frame["related_no"] = np.where(related >= 0, frame["ticket_no"].to_numpy()[np.maximum(related, 0)], "")
    return frame
