"""Visits to cold homes in the first winter, the measure of the summer, and the proof in the second winter.

Staff of the company visit the coldest homes of each cold building, the single cold homes, and others that complained. At
full scale 480 visits; 27 buildings and 136 single homes have a measure in the summer of 2016. Some homes are visited after
the season's end, when nobody can measure any more, and some have a second measure that nobody gets round to.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, SEASONS, STANDARD_DEGC, Window, day_number, iso_days, local_s, local_text
from city.cases import Discontent
from city.manual import avoid_limits, tenths_text
from city.people import names, phones
from city.rooms import Rooms
from city.streams import Streams, affordable, pick_distinct

COLD, WARM, ABSENT = "确认不热", "室温达标", "入户未遇"
_HOMES_A_BUILDING = 8
_OTHERS, _AGAIN, _LATE = 140, 12, 24
_SECOND_MEASURE = "更换入户阀门"
_VISITS = (day_number(date(2016, 1, 5)), day_number(date(2016, 2, 25)))
_DUE = day_number(date(2016, 9, 30))
_RETURN = (day_number(date(2016, 11, 10)), day_number(date(2016, 12, 31)))
_MEASURE = {"外网": "调整平衡阀并改造支线", "楼内系统": "更换立管", "户内设施": "清洗或更换散热器"}
_SHARES = {
    "unreadable_value": 0.008,
    "out_of_range": 0.006,
    "unknown_code": 0.006,
    "time_after_arrival": 0.006,
    "missing_key": 0.004,
    "conflicting_duplicate": 0.004,
    "duplicate": 0.01,
}


def household_visits(rooms: Rooms, cases: Discontent, streams: Streams, window: Window) -> pd.DataFrame:
    """Versions of the visits with labels: found, mended, measured again."""
    rng = streams.rng("visits")
    frame = _found(rooms, _whom(rooms, cases, rng), rng)
    mend = frame["cause"].isin(list(_MEASURE)) & (rng.random(len(frame)) < 0.96)
    done = day_number(date(2016, 6, 1)) + rng.integers(0, 118, len(frame))
    back = mend & (rng.random(len(frame)) < 0.92)
    after_day = rng.integers(*_RETURN, len(frame))
    after = _temperature(rooms, 1, frame["household"].to_numpy(), after_day, frame["hour"].to_numpy(), rng)
    first = frame.assign(version=1, arrival_s=frame["visited_s"] + 3600, done=-1, after_s=-1, after_text="")
    second = first[mend].assign(version=2, done=done[mend])
    second["arrival_s"] = [local_s(d, 17) for d in second["done"]]
    third = first[back].assign(version=3, done=done[back], after_text=tenths_text(after[back]))
    third["after_s"] = [local_s(d) for d in after_day[back]] + third["hour"] * 3600
    third["arrival_s"] = third["after_s"] + 1800
    rows = pd.concat([first, second, third], ignore_index=True)
    rows = rows[window.holds(rows["arrival_s"].to_numpy())].reset_index(drop=True)
    more = _more(first, cases, rooms, streams)
    more = more[window.holds(more["arrival_s"].to_numpy())]
    rows = pd.concat([_plant(rows, streams.rng("visits", "defects")), more.assign(reason="", duplicate=False)], ignore_index=True)
    return rows.sort_values(["arrival_s", "household_id", "version"], kind="stable").reset_index(drop=True)


def _more(first: pd.DataFrame, cases: Discontent, rooms: Rooms, streams: Streams) -> pd.DataFrame:
    """Visits with numbers of their own, from 9 on: a second measure that stays open, and homes seen after the season's end.

    They are left sound. Nothing was measured: the second visit is a talk about the works, and after the season no room is heated.
    """
    rng, size = streams.rng("visits", "more"), rooms.network.size
    mended = first[first["cause"].isin(list(_MEASURE))]
    again = mended.iloc[np.sort(rng.permutation(len(mended))[: size.some(_AGAIN, 2)])]
    again = again.assign(visited_s=again["visited_s"] + 9 * DAY_S, measure=_SECOND_MEASURE)
    known = np.concatenate(
        [first["household"].to_numpy(), np.flatnonzero(np.isin(rooms.network.household_building, rooms.cold_buildings))]
    )
    asked = np.setdiff1d(cases.household[(cases.season == 0) & (cases.household < size.residents)], known)
    late = pd.DataFrame({"household": np.sort(rng.permutation(asked)[: size.some(_LATE, 3)])})
    day = SEASONS[0].last_day + 3 + rng.integers(0, 40, len(late))
    late = late.assign(cause="户内设施", measure=_MEASURE["户内设施"], hour=10, visited_s=[local_s(d, 10) for d in day])
    late["household_id"] = rooms.network.household_ids[late["household"].to_numpy()]
    more = pd.concat([again, late], ignore_index=True)
    more["staff"], more["phone"] = names(rng, len(more)), phones(rng, len(more))
    return more.assign(
        finding=COLD,
        before_text="",
        after_text="",
        after_s=-1,
        done=-1,
        version=1,
        visit_no=[f"ZF-9{i + 1:04d}" for i in range(len(more))],
        arrival_s=more["visited_s"] + 3600,
    )


def _whom(rooms: Rooms, cases: Discontent, rng: np.random.Generator) -> pd.DataFrame:
    """Homes to visit, why they are cold, and the day."""
    network = rooms.network
    residents = np.arange(network.size.residents)
    building = network.household_building[residents]
    parts = []
    for cold in np.sort(rooms.cold_buildings).tolist():
        homes = residents[(building == cold) & (network.household_from[residents] < _VISITS[0])]
        coldest = homes[np.argsort(rooms.base[0][homes], kind="stable")][:_HOMES_A_BUILDING]
        parts.append((coldest, "外网" if network.building_position[cold] == 2 else "楼内系统"))
    inside = np.isin(building, rooms.cold_buildings)
    singles = np.array([h for h in rooms.cold_homes.tolist() if not inside[h]], dtype=int)
    parts.append((singles, "户内设施"))
    frame = pd.DataFrame(
        {"household": np.concatenate([p for p, _ in parts]), "why": np.repeat([w for _, w in parts], [len(p) for p, _ in parts])}
    )
    frame["day"] = rng.integers(*_VISITS, len(frame))
    complained = np.flatnonzero((cases.season == 0) & (cases.household < network.size.residents))
    others = pd.DataFrame({"household": cases.household[complained], "why": "临时故障", "day": cases.day[complained] + 1})
    others = others[others["day"] <= SEASONS[0].last_day]  # who called on the last evening was not visited any more
    others = others[~others["household"].isin(frame["household"]) & ~inside[others["household"]]].drop_duplicates("household")
    others = others.iloc[np.sort(rng.permutation(len(others))[: network.size.some(_OTHERS, 8)])]
    return pd.concat([frame, others], ignore_index=True).drop_duplicates("household", ignore_index=True)


def _temperature(
    rooms: Rooms, season: int, home: np.ndarray, day: np.ndarray, hour: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Tenths of a degree, never on a limit."""
    value = rooms.at(season, home, (day - rooms.grids[season].first_day) * 24 + hour) + rng.normal(0, 0.1, len(home))
    return avoid_limits(np.rint(value * 10).astype(int))


def _found(rooms: Rooms, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What the visitor found; without access nothing was measured."""
    frame["hour"] = rng.integers(9, 20, len(frame))
    frame["visited_s"] = [local_s(d) for d in frame["day"]] + frame["hour"] * 3600
    tenths = _temperature(rooms, 0, frame["household"].to_numpy(), frame["day"].to_numpy(), frame["hour"].to_numpy(), rng)
    absent = rng.random(len(frame)) < 0.03
    cold = ~absent & (tenths < STANDARD_DEGC["living_room"] * 10)
    frame["finding"] = np.where(absent, ABSENT, np.where(cold, COLD, WARM))
    frame["cause"] = np.where(cold, frame["why"], "")
    frame["measure"] = frame["cause"].map(_MEASURE).fillna("")
    frame["before_text"] = np.where(absent, "", tenths_text(tenths))
    frame["household_id"] = rooms.network.household_ids[frame["household"].to_numpy()]
    frame = frame.sort_values("visited_s", kind="stable").reset_index(drop=True)
    frame["visit_no"] = [f"ZF-{i + 1:05d}" for i in range(len(frame))]
    frame["staff"], frame["phone"] = names(rng, len(frame)), phones(rng, len(frame))
    return frame


def _plant(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil first versions, one defect each."""
    rows["reason"], rows["duplicate"] = "", False
    first = np.flatnonzero(((rows["version"] == 1) & (rows["before_text"] != "")).to_numpy())
    picks = pick_distinct(rng, first, affordable(rng, _SHARES, len(rows)))
    for kind in picks:
        if kind != "duplicate":
            rows.loc[picks[kind], "reason"] = kind
    rows.loc[picks["unreadable_value"], "before_text"] = "--"
    rows.loc[picks["out_of_range"], "before_text"] = "394.0"
    rows.loc[picks["unknown_code"], "finding"] = "其它"
    rows.loc[picks["time_after_arrival"], "visited_s"] += 2 * DAY_S
    rows.loc[picks["missing_key"], "visit_no"] = ""
    pair = rows.loc[picks["conflicting_duplicate"]]
    other = pair.assign(before_text=[f"{float(t) - 1.3:.1f}" for t in pair["before_text"]])
    again = rows.loc[picks["duplicate"]].assign(duplicate=True)
    return pd.concat([rows, other, again], ignore_index=True)


def household_visit_items(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Items of the visit app."""

    def moment(column: str) -> list[str | None]:
        text = np.char.add(local_text(np.maximum(rows[column].to_numpy(), 0), "T"), "+08:00")
        return [t if s >= 0 else None for t, s in zip(text.tolist(), rows[column].tolist(), strict=True)]

    days = iso_days(np.maximum(rows["done"].to_numpy(), 0)).tolist()
    columns: dict[str, list[Any]] = {
        "visitNo": rows["visit_no"].tolist(),
        "version": rows["version"].tolist(),
        "updateTime": (rows["arrival_s"] * 1000).tolist(),
        "householdNo": rows["household_id"].tolist(),
        "visitTime": moment("visited_s"),
        "finding": rows["finding"].tolist(),
        "cause": [c or None for c in rows["cause"]],
        "measure": [m or None for m in rows["measure"]],
        "measureDue": [iso_days(np.array([_DUE]))[0].item() if m else None for m in rows["measure"]],
        "measureDone": [d if n >= 0 else None for d, n in zip(days, rows["done"].tolist(), strict=True)],
        "tempBefore": [t or None for t in rows["before_text"]],
        "afterTime": moment("after_s"),
        "tempAfter": [t or None for t in rows["after_text"]],
        "staffName": rows["staff"].tolist(),
        "residentPhone": rows["phone"].tolist(),
        "remark": [None] * len(rows),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
