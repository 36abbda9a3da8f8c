"""The director's reception day: people who come in person because the telephone did not help, and group petitions.

In the second season nobody needs to come, as the company of the report says of itself; one group petition still does.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import DAY_S, SEASONS, Window, local_s, local_text
from city.cases import Discontent
from city.network import Network
from city.people import names, phones
from city.streams import Streams, affordable, pick_distinct

WALK_IN, PETITION = "接待日来访", "集体上访"
_RECEPTION_WEEKDAY = 3  # Thursday
_WALK_INS = (42, 0)
_PETITIONS = (6, 1)
_LEAST_WALK_INS = 12
_SHARES = {"closed_before_created": 0.02, "unknown_code": 0.02, "duplicate": 0.02}


def reception_log(network: Network, cases: Discontent, hotline: pd.DataFrame, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of hotline.reception_log with labels: two versions a case, received and closed."""
    rng = streams.rng("reception")
    frame = _cases(network, cases, rng)
    first_call = hotline[hotline["household_no"] != ""].groupby("household_no")["ticket_no"].first()
    frame["related_no"] = frame["household_no"].map(first_call).where(frame["channel"] == WALK_IN)
    frame["name"], frame["phone"] = names(rng, len(frame)), phones(rng, len(frame))
    frame["accepted_s"] = frame["received_s"] + 600
    frame["assigned_s"] = frame["received_s"] + rng.integers(3600, 20 * 3600, len(frame))
    frame["solved_s"] = frame["assigned_s"] + rng.integers(DAY_S, 20 * DAY_S, len(frame))
    slow = rng.random(len(frame)) < 0.12
    frame["closed_s"] = frame["solved_s"] + rng.integers(DAY_S, 12 * DAY_S, len(frame)) + slow * 45 * DAY_S
    first = frame.assign(version=1, status="已受理", updated_s=frame["received_s"] + 900, assigned_s=-1, solved_s=-1, closed_s=-1)
    last = frame.assign(version=2, status="已办结", updated_s=frame["closed_s"] + 300)
    rows = pd.concat([first, last], ignore_index=True)
    rows = rows[window.holds(rows["updated_s"].to_numpy())].reset_index(drop=True)
    return _plant(rows, streams.rng("reception", "defects"))


def _cases(network: Network, cases: Discontent, rng: np.random.Generator) -> pd.DataFrame:
    """Walk-ins come from homes that complained, on the Thursday after; a petition speaks for a building."""
    parts = []
    for index, season in enumerate(SEASONS):
        complained = np.flatnonzero(cases.season == index)
        walk_ins = network.size.some(_WALK_INS[index], _LEAST_WALK_INS) if _WALK_INS[index] else 0
        chosen = np.sort(rng.permutation(complained)[: min(walk_ins, len(complained))])
        day = cases.day[chosen]
        day = day + 1 + (_RECEPTION_WEEKDAY - (day + 1 + 3)) % 7  # day 4 of the epoch was a Monday
        petitions = network.size.some(_PETITIONS[index])
        group_day = season.first_day + rng.integers(20, 120, petitions)
        households = network.household_ids[np.append(cases.household[chosen], rng.integers(0, network.size.residents, petitions))]
        parts.append(
            pd.DataFrame(
                {
                    "channel": np.repeat([WALK_IN, PETITION], [len(chosen), petitions]),
                    "day": np.append(day, group_day),
                    "household_no": np.where(np.arange(len(households)) < len(chosen), households, ""),
                    "persons": np.append(np.ones(len(chosen), dtype=int), rng.integers(5, 60, petitions)),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True).sort_values("day", kind="stable").reset_index(drop=True)
    frame["received_s"] = [local_s(d, 9) for d in frame["day"]] + rng.integers(0, 6 * 3600, len(frame))
    frame["kind"] = "投诉"
    frame["category"] = np.array(["室温不达标", "不热", "服务"])[rng.choice(3, len(frame), p=(0.6, 0.3, 0.1))]
    frame["visit_no"] = [f"JD-{i + 1:05d}" for i in range(len(frame))]
    return frame


def _plant(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows, one defect each."""
    rows["reason"], rows["duplicate"] = "", False
    plan = affordable(rng, _SHARES, len(rows))
    closing = np.flatnonzero((rows["version"] == 2).to_numpy())
    picks = pick_distinct(rng, closing, {"closed_before_created": plan.pop("closed_before_created")})
    picks |= pick_distinct(rng, np.flatnonzero((rows["version"] == 1).to_numpy()), plan)
    early = picks["closed_before_created"]
    rows.loc[early, "closed_s"] = rows.loc[early, "received_s"] - DAY_S
    rows.loc[early, "reason"] = "closed_before_created"
    rows.loc[picks["unknown_code"], ["kind", "reason"]] = ["表扬", "unknown_code"]
    rows = pd.concat([rows, rows.loc[picks["duplicate"]].assign(duplicate=True)], ignore_index=True)
    return rows.sort_values(["updated_s", "visit_no"], kind="stable").reset_index(drop=True)


def reception_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of hotline.reception_log."""

    def moment(column: str) -> list[str | None]:
        text = local_text(np.maximum(rows[column].to_numpy(), 0)).astype(object)
        text[rows[column].to_numpy() < 0] = None
        return text.tolist()

    return pd.DataFrame(
        {
            "visit_no": rows["visit_no"],
            "version": rows["version"],
            "channel": rows["channel"],
            "kind": rows["kind"],
            "category": rows["category"],
            "status": rows["status"],
            "persons": rows["persons"],
            **{f"{name}_at": moment(f"{name}_s") for name in ("received", "accepted", "assigned", "solved", "closed", "updated")},
            "household_no": rows["household_no"].replace("", None),
            "related_no": rows["related_no"].astype(object).where(rows["related_no"].notna(), None),
            "department": "信访办",
            "visitor_name": rows["name"],
            "visitor_phone": rows["phone"],
            "content": np.where(rows["channel"] == WALK_IN, "家里不热，当面反映", "楼内多户不热，集体反映"),
        }
    )
