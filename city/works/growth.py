"""New communities on their way to the network, reported every month, and the yearly table of heat capacity."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import SEASONS, Window, day_number, iso_days, local_s
from city.network import Network
from city.sheets import Shelf
from city.streams import Streams
from city.works.defects import label, with_pairs
from city.works.table import workbook

STAGES = ("未签合同", "已签合同", "支线完成", "站房就绪", "已供热")
_MISSING = ("开发商未签供热合同", "庭院支线未施工", "换热站设备未到货", "未通过打压验收", "")
_COMMUNITIES = 58
_UNTOLD = 0.05  # share of the communities whose day of connection nobody writes down
_STUCK = 0.25  # share of the communities that stop on the way for a year or longer
_HEAT_INDEX = 45.0  # W per m2 at the design temperature
_SHARES = {
    "unreadable_value": 0.004,
    "missing_key": 0.003,
    "unreadable_time": 0.002,
    "unknown_code": 0.003,
    "out_of_range": 0.002,
    "time_after_arrival": 0.002,
    "conflicting_duplicate": 0.002,
    "duplicate": 0.004,
}
COMMUNITY_HEADER = (
    "小区编号", "小区名称", "分公司", "拟接入换热站", "统计日期", "交付日期", "建筑面积(m2)",
    "户数", "应供热年度", "接入进度", "供热日期", "存在问题",
)  # fmt: skip
CAPACITY_HEADER = (
    "类别", "编号", "编制日期", "供热能力(MW)", "入网面积(万m2)", "设计热指标(W/m2)",
    "第一年新增(万m2)", "第二年新增(万m2)", "第三年新增(万m2)",
)  # fmt: skip


def community_log(network: Network, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of the monthly workbooks with labels."""
    rng = streams.rng("communities", "new")
    count = network.size.some(_COMMUNITIES, 8)
    handed = day_number(date(2014, 6, 1)) + rng.integers(0, 900, count)
    step = rng.integers(25, 90, (count, 4))
    step[:, 2] += np.where(rng.random(count) < _STUCK, rng.integers(300, 700, count), 0)
    reached = handed[:, None] - 60 + np.cumsum(step, axis=1)
    station = rng.integers(0, network.size.stations, count)
    area = np.rint(rng.lognormal(10.6, 0.5, count))
    told = _tells_its_date(reached[:, 3], streams.rng("communities", "dates"))
    days = [day_number(date(y, m, 5)) for y in (2015, 2016, 2017) for m in range(1, 13)]
    parts = []
    for day in days:
        stage = (reached <= day).sum(axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "community_id": [f"NEW-{i + 1:03d}" for i in range(count)],
                    "name": [f"新城{i + 1}号院" for i in range(count)],
                    "station_id": network.station_ids[station],
                    "branch_id": network.branch_ids[network.station_branch[station]],
                    "day": day,
                    "handed": handed,
                    "area": area,
                    "households": np.rint(area / 95).astype(int),
                    "first_season": [_season_of(d) for d in handed.tolist()],
                    "stage": stage,
                    "connected": np.where((stage == 4) & told, reached[:, 3], -1),
                    "arrival_s": local_s(day, 18),
                }
            )[handed - 120 <= day]
        )
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    frame["number_text"], frame["code_text"] = "", [STAGES[s] for s in frame["stage"]]
    return _plant(frame, "community_id", "households", streams.rng("communities", "defects"))


def _tells_its_date(connected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """False for the few whose reports never say since when they have heat, one that got it within the second season among them."""
    told = rng.random(len(connected)) >= _UNTOLD
    told[np.flatnonzero((connected > SEASONS[1].first_day) & (connected < SEASONS[1].last_day - 60))[:1]] = False
    return told


def _season_of(day: int) -> str:
    """The first season that begins after a hand-over."""
    handed = date.fromordinal(day + date(1970, 1, 1).toordinal())
    year = handed.year if (handed.month, handed.day) < (10, 20) else handed.year + 1
    return f"{year}-{(year + 1) % 100:02d}"


def capacity_log(network: Network, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of the yearly tables with labels: three plants and every station; some run short within three years.

    The stations' table of the second year is issued a week before the plants'.
    """
    rng = streams.rng("capacity")
    area = np.bincount(network.household_station(0), network.household_area, network.size.stations)
    plants = pd.Series(area).groupby(network.station_plant).sum()
    parts = []
    for year, stations_issued in ((2015, date(2015, 9, 1)), (2016, date(2016, 8, 25))):
        for kind, ids, areas, day in (
            ("热源", plants.index.tolist(), plants.tolist(), day_number(date(year, 9, 1))),
            ("换热站", network.station_ids.tolist(), area.tolist(), day_number(stations_issued)),
        ):
            contracted = np.rint(np.array(areas) * (1.0 if year == 2015 else 1.03))
            growth = np.rint(contracted[:, None] * rng.uniform(0.0, 0.07, (len(ids), 3)))
            demand_mw = contracted * _HEAT_INDEX / 1e6
            frame = pd.DataFrame({"kind": kind, "unit_id": ids, "day": day, "contracted": contracted})
            frame["capacity_kw"] = np.rint(demand_mw * rng.uniform(0.99, 1.25, len(ids)) * 1000).astype(int)
            frame[["growth_1", "growth_2", "growth_3"]] = growth
            frame["arrival_s"] = local_s(day, 18)
            parts.append(frame)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    frame["number_text"], frame["code_text"] = "", frame["kind"]
    return _plant(frame, "unit_id", "contracted", streams.rng("capacity", "defects"))


def _plant(frame: pd.DataFrame, key: str, number: str, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows, one defect each; `number` is the figure a contradiction differs in."""
    frame, picks = label(frame.assign(key_text=frame[key]), rng, _SHARES)
    frame.loc[picks["unreadable_value"], "number_text"] = "待定"
    frame.loc[picks["out_of_range"], "number_text"] = "-1"
    frame.loc[picks["missing_key"], "key_text"] = ""
    frame.loc[picks["unknown_code"], "code_text"] = "其它"
    other = frame.loc[picks["conflicting_duplicate"]].copy()
    other[number] = other[number] + 7
    return with_pairs(frame, other, picks["duplicate"], ["arrival_s", key])


def _number(text: str, otherwise: float) -> float | str:
    return otherwise if not text else -1.0 if text == "-1" else text


def _day(number: int) -> str | None:
    return str(iso_days(np.array([number]))[0]) if number >= 0 else None


def write_communities(shelf: Shelf, rows: pd.DataFrame) -> None:
    """One workbook a month."""
    for arrival, mine in rows.groupby("arrival_s"):
        cells = [
            [
                r["key_text"], r["name"], r["branch_id"], r["station_id"], r["day_text"], _day(r["handed"]),
                _number(r["number_text"], r["area"]), r["households"], r["first_season"], r["code_text"], _day(r["connected"]),
                _MISSING[r["stage"]],
            ]
            for r in mine.to_dict("records")
        ]  # fmt: skip
        name = f"communities/新建小区_{_stamp(mine)}.xlsx"
        shelf.put(name, workbook("接入", COMMUNITY_HEADER, cells, frozenset({4, 5, 10})), int(str(arrival)))


def write_capacity(shelf: Shelf, rows: pd.DataFrame) -> None:
    """One workbook a year; areas in units of 10,000 m2."""
    for arrival, mine in rows.groupby("arrival_s"):
        cells = [
            [
                r["code_text"], r["key_text"], r["day_text"], r["capacity_kw"] / 1000,
                _number(r["number_text"], r["contracted"] / 1e4), _HEAT_INDEX,
                r["growth_1"] / 1e4, r["growth_2"] / 1e4, r["growth_3"] / 1e4,
            ]
            for r in mine.to_dict("records")
        ]  # fmt: skip
        shelf.put(
            f"capacity/供热能力_{_stamp(mine)}.xlsx", workbook("能力", CAPACITY_HEADER, cells, frozenset({2})), int(str(arrival))
        )


def _stamp(rows: pd.DataFrame) -> str:
    return str(iso_days(np.array([int(rows["day"].min())]))[0]).replace("-", "")
