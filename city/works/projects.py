"""The works of the year beside the pipe programme: major repairs, renovation places, pump stations, boiler rooms merged.

At full scale in 2016: 95 major repairs for 127.2146 million CNY, 260 renovation places, 30 pump stations, 23 boiler rooms
(37 boilers of 155 t, 6,200 m of pipe, 750,000 m2, 6,095 households). Money is kept in units of 100 CNY so that sums are exact.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import Window, day_number, iso_days, local_s
from city.network import Network
from city.sheets import Shelf
from city.streams import Streams, affordable, pick_distinct
from city.works.table import workbook

REPAIR, PLACE, PUMP, MERGE = "大修", "管网改造点", "泵站新建", "小锅炉房并网"
# Year -> programme -> (projects, budget in units of 100 CNY), at full scale.
_PROGRAMME = {
    2015: {REPAIR: (70, 901_000), PLACE: (180, 610_000), PUMP: (12, 264_000), MERGE: (8, 180_000)},
    2016: {REPAIR: (95, 1_272_146), PLACE: (260, 905_000), PUMP: (30, 720_000), MERGE: (23, 540_000)},
}
# Boilers, their tonnes in tenths, decimetres of pipe, square metres, households.
_MERGED = {2015: (13, 540, 21_000, 240_000, 1_950), 2016: (37, 1_550, 62_000, 750_000, 6_095)}
_FINISHED_IN_TIME = 0.93
_SHARES = {
    "unreadable_value": 0.003,
    "missing_key": 0.002,
    "unreadable_time": 0.002,
    "unknown_code": 0.002,
    "out_of_range": 0.002,
    "time_after_arrival": 0.002,
    "conflicting_duplicate": 0.002,
    "duplicate": 0.004,
}
HEADER = (
    "项目编号", "项目名称", "供热年度", "工程类别", "分公司", "换热站", "统计日期", "计划开工", "计划完工", "实际完工", "形象进度",
    "预算(万元)", "已完成投资(万元)", "计划管长(m)", "完成管长(m)", "拆除锅炉(台)", "锅炉吨位(t)", "供热面积(m2)", "户数",
)  # fmt: skip


def works_log(network: Network, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of the half-monthly workbooks with labels."""
    frame = pd.concat([_reports(_projects(network, streams, year), year) for year in _PROGRAMME], ignore_index=True)
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    return _plant(frame, streams.rng("works", "defects"))


def _shares(rng: np.random.Generator, total: int, parts: int) -> np.ndarray:
    """Whole numbers that add up to the total."""
    weight = rng.lognormal(0, 0.5, parts)
    share = np.floor(total * weight / weight.sum()).astype(int)
    share[: total - share.sum()] += 1
    return share


def _projects(network: Network, streams: Streams, year: int) -> pd.DataFrame:
    size, parts = network.size, []
    for number, (programme, (count, budget)) in enumerate(_PROGRAMME[year].items()):
        rng = streams.rng("works", year, programme)
        projects = size.some(count, 3)
        start = day_number(date(year, 5, 6)) + rng.integers(0, 50, projects)
        planned_end = np.minimum(start + rng.integers(30, 120, projects), day_number(date(year, 10, 10)))
        late = rng.random(projects) > _FINISHED_IN_TIME
        end = planned_end + np.where(late, rng.integers(12, 40, projects), -rng.integers(0, 12, projects))
        frame = pd.DataFrame(
            {
                "programme": programme,
                "station": rng.integers(0, size.stations, projects),
                "start": start,
                "planned_end": planned_end,
                "end": np.maximum(end, start + 5),
                "budget": _shares(rng, max(round(budget * size.scale), projects), projects),
                "factor": rng.uniform(0.94, 1.06, projects),
            }
        )
        totals = _MERGED[year] if programme == MERGE else (0, 0, 0, 0, 0)
        for name, total in zip(("boilers", "tenths_t", "length_dm", "area", "households"), totals, strict=True):
            whole = total if size.scale == 1 else max(round(total * size.scale), projects if total else 0)
            frame[name] = _shares(rng, whole, projects)
        frame["project_id"] = [f"GC{year}-{number + 1}-{i + 1:03d}" for i in range(projects)]
        frame["name"] = [f"{year}年{programme}第{i + 1}号" for i in range(projects)]
        parts.append(frame)
    projects_of_year = pd.concat(parts, ignore_index=True)
    station = projects_of_year["station"].to_numpy()
    return projects_of_year.assign(
        station_id=network.station_ids[station], branch_id=network.branch_ids[network.station_branch[station]]
    )


def _reports(projects: pd.DataFrame, year: int) -> pd.DataFrame:
    """Every project on the first and the fifteenth of the months from May to November."""
    parts = []
    for month in range(5, 12):
        for day in (1, 15):
            number = day_number(date(year, month, day))
            share = ((number - projects["start"]) / (projects["end"] - projects["start"])).clip(0, 1)
            parts.append(projects.assign(day=number, share=share, arrival_s=local_s(number, 18)))
    frame = pd.concat(parts, ignore_index=True)
    done = frame["share"] >= 1
    return frame.assign(
        season=f"{year}-{(year + 1) % 100:02d}",
        done_dm=(frame["length_dm"] * frame["share"]).astype(int),
        spent=np.rint(frame["budget"] * frame["share"] * frame["factor"]).astype(int),
        completed=np.where(done, frame["end"], -1),
        stage=np.where(done, "完工", np.where(frame["share"] > 0, "施工中", "未开工")),
    )


def _plant(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows, one defect each; a length out of range only where there is a length."""
    frame = frame.assign(
        reason="", duplicate=False, id_text=frame["project_id"], day_text=iso_days(frame["day"].to_numpy()) if len(frame) else "",
        spent_text="", done_text="",
    )  # fmt: skip
    plan = affordable(rng, _SHARES, len(frame)) if len(frame) else {}
    laid = np.flatnonzero((frame["length_dm"] > 0).to_numpy())
    picks = pick_distinct(rng, laid, {"out_of_range": plan.pop("out_of_range", 0)})
    picks |= pick_distinct(rng, np.setdiff1d(np.arange(len(frame)), picks["out_of_range"]), plan)
    for kind in picks:
        if kind != "duplicate":
            frame.loc[picks[kind], "reason"] = kind
    if not plan:
        return frame
    frame.loc[picks["out_of_range"], "done_text"] = "8000001"
    frame.loc[picks["unreadable_value"], "spent_text"] = "暂无"
    frame.loc[picks["missing_key"], "id_text"] = ""
    frame.loc[picks["unreadable_time"], "day_text"] = "2016-02-30"
    frame.loc[picks["unknown_code"], "programme"] = "绿化"
    frame.loc[picks["time_after_arrival"], "day_text"] = iso_days(frame.loc[picks["time_after_arrival"], "day"].to_numpy() + 366)
    pair = frame.loc[picks["conflicting_duplicate"]]
    other = pair.assign(spent_text=[f"{(s + 777) / 100:.2f}" for s in pair["spent"]])
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    rows = pd.concat([frame, other, again], ignore_index=True)
    return rows.sort_values(["arrival_s", "project_id"], kind="stable").reset_index(drop=True)


def write_works(shelf: Shelf, rows: pd.DataFrame) -> None:
    """One workbook a report."""
    for arrival, mine in rows.groupby("arrival_s"):
        day = str(iso_days(np.array([int(mine["day"].iloc[0])]))[0]).replace("-", "")
        cells = [_cells(row) for row in mine.to_dict("records")]
        shelf.put(f"works/工程台账_{day}.xlsx", workbook("台账", HEADER, cells, frozenset({6, 7, 8, 9})), int(str(arrival)))


def _cells(row: dict[Any, Any]) -> list[Any]:
    def day(number: int) -> str | None:
        return str(iso_days(np.array([number]))[0]) if number >= 0 else None

    merged = row["length_dm"] > 0
    spent, done = row["spent"], row["done_dm"]
    return [
        row["id_text"], row["name"], row["season"], row["programme"], row["branch_id"], row["station_id"], row["day_text"],
        day(row["start"]), day(row["planned_end"]), day(row["completed"]), row["stage"],
        row["budget"] / 100, row["spent_text"] or spent / 100,
        row["length_dm"] / 10 if merged else None, (row["done_text"] or done / 10) if merged else None,
        row["boilers"] if merged else None, row["tenths_t"] / 10 if merged else None,
        row["area"] if merged else None, row["households"] if merged else None,
    ]  # fmt: skip
