"""Reserves for extreme cold, counted every day of the season: fuel and power at the plants, crews and parts at the branches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import SEASONS, Window, iso_days, local_s
from city.network import Network
from city.sheets import Shelf
from city.streams import Streams
from city.weather import Weather
from city.works.defects import label, with_pairs
from city.works.incidents import crews_alone
from city.works.table import workbook

FUEL, POWER, CREW, VEHICLE, PARTS = "燃料", "备用电源", "抢修班组", "抢修车辆", "备品备件"
_UNIT = {FUEL: "t", POWER: "kW", CREW: "班", VEHICLE: "台", PARTS: "套"}
# What the plan asks for at a plant or a branch of the full-scale company, and the usual stock as a multiple of it.
_AT_PLANT = {FUEL: (9_000, 1.5), POWER: (2_400, 1.2)}
_AT_BRANCH = {CREW: (6, 1.25), VEHICLE: (4, 1.3), PARTS: (120, 1.4)}
_BURNED_PER_COLD_DAY = 0.12
_SHARES = {
    "unreadable_value": 0.003,
    "missing_value": 0.002,
    "out_of_range": 0.002,
    "missing_key": 0.002,
    "unreadable_time": 0.001,
    "unknown_code": 0.002,
    "time_after_arrival": 0.002,
    "conflicting_duplicate": 0.002,
    "duplicate": 0.004,
}
HEADER = ("日期", "单位", "储备项目", "现有数量", "应备数量", "计量单位")


def reserve_log(network: Network, weather: Weather, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of the daily workbooks with labels; in a cold spell the fuel shrinks, on holidays crews are short."""
    rng = streams.rng("reserves")
    days = np.concatenate([np.arange(s.first_day, s.last_day + 1) for s in SEASONS])
    outdoor = np.array([weather.season_hours(int(d), 1).mean() for d in days])
    sites = [(plant, item, *numbers) for plant in sorted(set(network.station_plant)) for item, numbers in _AT_PLANT.items()]
    sites += [(branch, item, *numbers) for branch in network.branch_ids for item, numbers in _AT_BRANCH.items()]
    burned = np.convolve(np.maximum(-outdoor - 18, 0) > 0, np.ones(4))[: len(days)] * _BURNED_PER_COLD_DAY
    parts = []
    for site, item, required, usual in sites:
        level = usual - burned if item == FUEL else np.full(len(days), usual)
        level = level + rng.normal(0, 0.03, len(days)) - 0.4 * (rng.random(len(days)) < (0.03 if item == CREW else 0.004))
        stock = np.rint(np.maximum(level, 0.1) * required).astype(int)
        parts.append(pd.DataFrame({"day": days, "site": site, "item": item, "quantity": stock, "required": required}))
    frame = pd.concat(parts, ignore_index=True).sort_values(["day", "site", "item"], kind="stable")
    frame["arrival_s"] = [local_s(d, 20) for d in frame["day"]]
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    return _crews_alone(_plant(frame, streams.rng("reserves", "defects")), network, streams)


def _crews_alone(rows: pd.DataFrame, network: Network, streams: Streams) -> pd.DataFrame:
    """On one day a branch reports its crews, who are enough, and leaves out its vehicles and parts."""
    day, branch = crews_alone(network, streams)
    mine = (rows["day"] == day) & (rows["site"] == network.branch_ids[branch])
    crew = mine & (rows["item"] == CREW) & (rows["reason"] == "")
    rows.loc[crew, "quantity"] = rows.loc[crew, "required"] + 1
    rows.loc[crew, "quantity_text"] = rows.loc[crew, "quantity"].astype(str)
    return rows[~mine | (rows["item"] == CREW)].reset_index(drop=True)


def _plant(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows, one defect each."""
    texts = {"site_text": frame["site"], "item_text": frame["item"], "quantity_text": frame["quantity"].astype(str)}
    frame, picks = label(frame.assign(**texts), rng, _SHARES)
    frame.loc[picks["unreadable_value"], "quantity_text"] = "若干"
    frame.loc[picks["missing_value"], "quantity_text"] = ""
    frame.loc[picks["out_of_range"], "quantity_text"] = "-5"
    frame.loc[picks["missing_key"], "site_text"] = ""
    frame.loc[picks["unknown_code"], "item_text"] = "饮用水"
    pair = frame.loc[picks["conflicting_duplicate"]]
    other = pair.assign(quantity_text=(pair["quantity"] + 3).astype(str))
    return with_pairs(frame, other, picks["duplicate"], ["arrival_s", "site", "item"])


def write_reserves(shelf: Shelf, rows: pd.DataFrame) -> None:
    """One workbook a day."""
    for arrival, mine in rows.groupby("arrival_s"):
        day = str(iso_days(np.array([int(mine["day"].iloc[0])]))[0]).replace("-", "")
        columns = zip(
            mine["day_text"], mine["site_text"], mine["item_text"], mine["quantity_text"], mine["required"].tolist(), strict=True
        )
        cells = [[d, s, i, _number(q), r, _UNIT.get(i, "")] for d, s, i, q, r in columns]
        shelf.put(f"reserves/应急储备_{day}.xlsx", workbook("储备", HEADER, cells, frozenset({0})), int(str(arrival)))


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
