"""Heat of metered buildings by season: walked meter by meter and standing by standing, as the definition says it in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from city.calendar import Season, local_day
from city.truth.observed import Observed
from city.truth.register import Register

_GJ_PER_KWH = 0.0036
_MOST_KW = {"building": 10_000.0, "households": 100.0}
_HOTTEST_DEGC = 90.0
_RANKED_FROM = 0.8


@dataclass
class _Meter:
    """What one meter comes to in one season."""

    days: int = 0
    gj: float = 0.0
    m3: float = 0.0
    supply: float = 0.0
    back: float = 0.0
    anew: int = 0
    refused: int = 0
    flows: list[tuple[float, float, float]] = field(default_factory=list)


def building_heat(observed: Observed, register: Register) -> pd.DataFrame:
    """One row a season and building whose meters told anything."""
    rows = observed.heat_meters
    if rows.empty:
        return pd.DataFrame()
    rows = rows.assign(day=local_day(rows["read_s"].to_numpy()))
    by_season: dict[str, dict[tuple[str, str, str], _Meter]] = defaultdict(dict)
    for (meter, building, household), mine in rows.groupby(["meter_id", "building_id", "household_id"], sort=True):
        kind = "households" if household else "building"
        for code, told in _walk(mine, _MOST_KW[kind], observed).items():
            by_season[code][(str(meter), str(building), str(household))] = told
    parts = [_of_season(by_season[season.code], season, observed, register) for season in observed.seasons]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _standings(mine: pd.DataFrame) -> list[tuple[int, int, float, float, float, float]]:
    """(day, second, GJ, volume, products) where each day ends."""
    columns = ["day", "read_s", "heat", "volume", "supply_product", "return_product"]
    found: dict[int, tuple[int, tuple[int, int, float, float, float, float]]] = {}
    for day, second, *counters in mine.sort_values("read_s")[columns].to_numpy().tolist():
        shown = sum(not np.isnan(counter) for counter in counters)
        if not np.isnan(counters[0]) and shown >= found.get(int(day), (0,))[0]:
            heat, volume, supply, back = counters
            found[int(day)] = shown, (int(day), int(second), heat * _GJ_PER_KWH, volume, supply, back)
    return [standing for _, (_, standing) in sorted(found.items())]


def _walk(mine: pd.DataFrame, most_kw: float, observed: Observed) -> dict[str, _Meter]:
    found: dict[str, _Meter] = defaultdict(_Meter)
    standings = _standings(mine)

    def can_count(earlier: tuple, later: tuple) -> bool:
        return bool(0 <= round(later[2] - earlier[2], 9) <= (later[1] - earlier[1]) * most_kw / 1e6)

    last = None
    for place, here in enumerate(standings):
        if last is not None and not can_count(last, here) and place + 1 < len(standings) and can_count(last, standings[place + 1]):
            continue
        if last is not None:
            _share(found, last, here, can_count(last, here), most_kw, observed)
        last = here
    for season in observed.seasons:
        inside = mine[(mine["day"] >= season.first_day) & (mine["day"] <= observed.last_day(season))]
        flowing = inside[(inside["flow"] > 0) & inside["supply"].notna() & inside["back"].notna()]
        for _, day in flowing.groupby("day"):
            if season.code in found:
                found[season.code].flows.append(
                    (day["flow"].mean(), (day["flow"] * day["supply"]).mean(), (day["flow"] * day["back"]).mean())
                )
    return found


def _share(found: dict[str, _Meter], last: tuple, here: tuple, counted: bool, most_kw: float, observed: Observed) -> None:
    """Give a step to the heating days it lies on."""
    days = {s.code: range(max(last[0] + 1, s.first_day), min(here[0], observed.last_day(s)) + 1) for s in observed.seasons}
    heating_days = sum(len(those) for those in days.values())
    most = (here[1] - last[1]) * most_kw / 1e6
    anew = not counted and here[2] <= most and last[2] - here[2] > most
    used = [b - a for a, b in zip(last[2:], here[2:], strict=True)] if counted else list(here[2:])
    for code, those in days.items():
        if not those:
            continue
        mine, part = found[code], len(those) / heating_days
        mine.anew += anew
        mine.refused += not (counted or anew)
        if not (counted or anew):
            continue
        mine.days += len(those)
        mine.gj += used[0] * part
        _, m3, supply, back = used
        if m3 > 0 and 0 <= supply <= m3 * _HOTTEST_DEGC and 0 <= back <= m3 * _HOTTEST_DEGC:
            mine.m3, mine.supply, mine.back = mine.m3 + m3 * part, mine.supply + supply * part, mine.back + back * part


def _of_season(meters: dict[tuple[str, str, str], _Meter], season: Season, observed: Observed, register: Register) -> pd.DataFrame:
    last = observed.last_day(season)
    days = last - season.first_day + 1
    by_building: dict[str, list[tuple[str, _Meter]]] = defaultdict(list)
    for (_, building, household), told in meters.items():
        by_building[building].append((household, told))
    rows: list[dict[str, object]] = []
    for building, those in sorted(by_building.items()):
        own = [told for household, told in those if not household]
        is_own = any(told.days for told in own)
        mine = own if is_own else [told for household, told in those if household]
        if not mine:
            continue
        homes = None if is_own else [household for household, told in those if household and told.days]
        area = _area(register, building, homes, last)
        rows.append({"season": season.code, "building_id": building, "told_by": "building" if is_own else "households"})
        rows[-1] |= _figures(mine, area, days) | _place(register, building, last)
    frame = pd.DataFrame(rows)
    for rank, value in (("heat_rank", "heat_w_m2"), ("return_rank", "return_degc")):
        ranked = frame[value].where(frame["told_share"] >= _RANKED_FROM) if len(frame) else None
        if ranked is not None:
            frame[rank] = ranked.rank(method="min", ascending=False).astype("Int64")
    return frame


def _figures(mine: list[_Meter], area: float, days: int) -> dict[str, object]:
    told = [meter for meter in mine if meter.days]
    gj, m3 = sum(meter.gj for meter in told), sum(meter.m3 for meter in mine)
    flows = [flow for meter in mine for flow in meter.flows]
    flow = sum(one[0] for one in flows)
    by_counter = m3 > 0
    if by_counter:
        supply, back = sum(meter.supply for meter in mine) / m3, sum(meter.back for meter in mine) / m3
    else:
        supply, back = (sum(one[place] for one in flows) / flow if flow else np.nan for place in (1, 2))
    return {
        "meters": len(mine),
        "told_share": sum(meter.days for meter in mine) / (len(mine) * days),
        "area_m2": area,
        "heat_gj": gj if told else np.nan,
        "heat_gj_m2": gj / area if told else np.nan,
        "heat_w_m2": sum(meter.gj / meter.days for meter in told) * 1e9 / 86_400 / area if told else np.nan,
        "supply_degc": supply,
        "return_degc": back,
        "temperatures_by": "counter" if by_counter else "flow" if flow else "",
        "new_beginnings": sum(meter.anew for meter in mine),
        "steps_not_counted": sum(meter.refused for meter in mine),
    }


def _area(register: Register, building: str, homes: list[str] | None, day: int) -> float:
    """m2 of these homes, or of all homes and enterprises that the register has in the building on the day."""
    households = register.households
    row = households.in_force(np.arange(len(households.ids)), np.full(len(households.ids), day))
    rows = households.rows.iloc[row[row >= 0]]
    chosen = rows[rows["household_id"].isin(homes)] if homes is not None else rows[rows["building_id"] == building]
    area = float(chosen["heated_area_m2"].astype(float).sum())
    return area if area > 0 else np.nan


def _place(register: Register, building: str, day: int) -> dict[str, str]:
    row = register.buildings.in_force(register.buildings.codes(np.array([building])), np.array([day]))[0]
    if row < 0:
        return {"community_id": "", "station_id": "", "branch_id": ""}
    found = register.buildings.rows.iloc[row]
    station = register.stations.in_force(register.stations.codes(np.array([found["station_id"]])), np.array([day]))[0]
    branch = register.stations.rows["branch_id"].iat[station] if station >= 0 else ""
    return {"community_id": found["community_id"], "station_id": found["station_id"], "branch_id": branch}
