"""Files of the SFTP sources, with their makers' habits: GBK, BOM, full-width digits, dates as text, merged headers."""

from __future__ import annotations

import csv
import io
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xlsxwriter

from city.calendar import day_date, day_number, iso_days, local_datetime, local_day, local_s, local_text
from city.network import Network
from city.registers import branch_names, community_names, station_names

_MADE = datetime(2015, 1, 1)
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_ROUND_HEADER = (
    "测温日期",
    "测温时间",
    "分公司",
    "换热站",
    "小区",
    "测点编号",
    "房间",
    "室温(℃)",
    "测点高度(m)",
    "仪器编号",
    "检定日期",
    "关窗时长(min)",
    "测温员",
    "用户签字",
)
_CSV_HEADER = ("测点编号", "测温时间", "室温", "测点高度", "仪器编号", "检定日期", "关窗时长", "测温员", "签字")
_RENEWAL_GROUPS = (
    ("项目", ("项目编号", "项目名称", "供热年度", "分公司", "换热站", "管网级别", "工程类别")),
    ("长度(m)", ("计划", "完成")),
    ("资金(万元)", ("预算", "完成")),
    ("工期", ("计划开始", "计划结束")),
    ("状态", ("统计日期", "形象进度")),
)
_SECOND_PART_S = 25 * 60
_PIPE_HEADER = {
    "row_no": "行号",
    "segment_no": "管段编号",
    "level": "管网级别",
    "dn": "公称直径",
    "material": "材质",
    "insulation": "保温",
    "laying": "敷设方式",
    "length_text": "长度(m)",
    "year": "敷设年份",
    "owner": "权属",
    "start_node": "起点",
    "end_node": "终点",
    "status": "状态",
}
_PROJECT_COLUMNS = ("project_id", "project_name", "season", "branch_id", "station_id", "level", "work_type")
_TRAILING_BLANK_ROWS = 12


class Shelf:
    """The folder the SFTP server shows; remembers when each file was delivered."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.delivered: dict[str, int] = {}

    def put(self, name: str, body: bytes, delivered_s: int) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        os.utime(path, (delivered_s, delivered_s))
        self.delivered[name] = int(delivered_s)


def _stamp(day: date) -> str:
    return day.strftime("%Y%m%d")


def _csv(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _workbook() -> tuple[io.BytesIO, xlsxwriter.Workbook]:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False})
    book.set_properties({"created": _MADE})
    return body, book


def write_rounds(shelf: Shelf, frame: pd.DataFrame, network: Network, rooms_of_points: np.ndarray) -> None:
    """One file a day and format; a file sent again gets the suffix 重发."""
    frame = frame.assign(room=np.array(["客厅", "卧室", "厨房"])[rooms_of_points[frame["point"].to_numpy()]])
    for key, rows in frame.groupby(["is_xlsx", "arrival_s", "again"], sort=True):
        is_xlsx, arrival, again = cast(tuple[bool, int, bool], key)
        day = day_date(int(local_day(np.array([arrival]))[0]) - int(again))
        suffix = "_重发" if again else ""
        if is_xlsx:
            shelf.put(f"rounds/xlsx/定点测温_{_stamp(day)}{suffix}.xlsx", _rounds_xlsx(rows, network), arrival)
        else:
            shelf.put(f"rounds/csv/DDCW_{_stamp(day)}{suffix}.csv", _rounds_csv(rows).encode("gbk"), arrival)


def _broken_date(row_time: str, broken: str) -> str:
    return row_time[:5] + broken if broken else row_time


def _rounds_csv(rows: pd.DataFrame) -> str:
    moment = np.char.replace(local_text(rows["read_s"].to_numpy()), "-", "/").tolist()
    calibrated = iso_days(rows["calibrated"].to_numpy()).tolist()
    lines = zip(
        rows["point_text"],
        moment,
        rows["time_text"],
        rows["value_text"],
        rows["height"].tolist(),
        rows["instrument"],
        calibrated,
        rows["closed_min"].tolist(),
        rows["staff"],
        rows["signed"].tolist(),
        strict=True,
    )
    return _csv(
        _CSV_HEADER,
        [
            (p, _broken_date(m[:10], b.replace("-", "/")) + m[10:16], v, h, i, c, w, s, "是" if y else "否")
            for p, m, b, v, h, i, c, w, s, y in lines
        ],
    )


def _rounds_xlsx(rows: pd.DataFrame, network: Network) -> bytes:
    body, book = _workbook()
    sheet = book.add_worksheet("测温记录")
    as_date = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, _ROUND_HEADER)
    branches, stations = branch_names(network.size.branches).tolist(), station_names(network.size.stations).tolist()
    communities = community_names(len(network.community_branch)).tolist()
    moments = local_text(rows["read_s"].to_numpy()).tolist()
    calibrated = iso_days(rows["calibrated"].to_numpy()).tolist()
    lines = zip(
        rows["point"].tolist(),
        moments,
        rows["time_text"],
        rows["branch"].tolist(),
        rows["station"].tolist(),
        rows["community"].tolist(),
        rows["point_text"],
        rows["room"],
        rows["value_text"],
        rows["height"].tolist(),
        rows["instrument"],
        calibrated,
        rows["closed_min"].tolist(),
        rows["staff"],
        rows["signed"].tolist(),
        strict=True,
    )
    for number, (n, moment, broken, branch, station, community, point, room, value, *rest) in enumerate(lines, 1):
        habit = n + int(moment[14:16])
        _write_day(sheet, number, 0, moment[:10], broken, habit % 4, as_date)
        sheet.write_row(number, 1, (moment[11:16], branches[branch], stations[station], communities[community], point, room))
        _write_value(sheet, number, 7, value, habit % 9)
        height, instrument, checked, closed, staff, signed = rest
        sheet.write_number(number, 8, height)
        sheet.write_number(number, 11, closed)
        for column, text in ((9, instrument), (10, checked), (12, staff), (13, "是" if signed else "否")):
            sheet.write_string(number, column, text)
    for blank in range(len(rows) + 1, len(rows) + 1 + _TRAILING_BLANK_ROWS):
        for column in (0, 1, 7):
            sheet.write_blank(blank, column, None, as_date)
    book.close()
    return body.getvalue()


def _write_day(sheet: Any, row: int, column: int, day: str, broken: str, style: int, as_date: Any) -> None:
    """A day as an Excel date, as `2016-01-12`, or as `2016/1/12`."""
    if broken:
        sheet.write_string(row, column, day[:5] + broken)
    elif style < 2 and day > "1970-01-02":
        sheet.write_datetime(row, column, datetime.fromisoformat(day), as_date)
    elif style == 2:
        sheet.write_string(row, column, day)
    else:
        sheet.write_string(row, column, f"{day[:4]}/{int(day[5:7])}/{int(day[8:])}")


def _write_value(sheet: Any, row: int, column: int, value: str, style: int) -> None:
    """A temperature as a number, as text, or as text in full-width digits."""
    try:
        number = float(value)
    except ValueError:
        if value:
            sheet.write_string(row, column, value)
        return
    if style == 0:
        sheet.write_string(row, column, value.translate(_WIDE))
    elif style == 1:
        sheet.write_string(row, column, value)
    else:
        sheet.write_number(row, column, number)


def write_renewal(shelf: Shelf, frame: pd.DataFrame) -> None:
    """The weekly workbook with its merged header of two lines."""
    for key, rows in frame.groupby(["arrival_s", "again"], sort=True):
        arrival, again = cast(tuple[int, bool], key)
        day = day_date(int(rows["day"].min()))
        shelf.put(f"renewal/管网改造进度_{_stamp(day)}{'_重发' if again else ''}.xlsx", _renewal_xlsx(rows), arrival)


def _renewal_xlsx(rows: pd.DataFrame) -> bytes:
    body, book = _workbook()
    sheet = book.add_worksheet("进度")
    bold, as_date = book.add_format({"bold": True, "align": "center"}), book.add_format({"num_format": "yyyy-mm-dd"})
    column = 0
    for group, names in _RENEWAL_GROUPS:
        sheet.merge_range(0, column, 0, column + len(names) - 1, group, bold)
        sheet.write_row(1, column, names, bold)
        column += len(names)
    for number, row in enumerate(rows.to_dict("records"), 2):
        sheet.write_row(number, 0, [row[name] for name in _PROJECT_COLUMNS])
        if row["planned_dm"]:
            sheet.write_number(number, 7, row["planned_dm"] / 10)
            sheet.write_number(number, 9, row["budget"])
        _write_value(sheet, number, 8, row["renewed_text"], 0 if row["planned_dm"] % 11 == 0 else 5)
        sheet.write_number(number, 10, row["spent"])
        days = (day_date(row["start"]).isoformat(), day_date(row["end"]).isoformat(), row["day_text"])
        for place, text in enumerate(days, 11):
            broken = text[5:] if text.endswith("-02-30") else ""
            _write_day(sheet, number, place, text, broken, row["planned_dm"] % 3, as_date)
        sheet.write_string(number, 14, row["stage"])
    book.close()
    return body.getvalue()


def write_pipes(shelf: Shelf, exports: list[tuple[date, pd.DataFrame]]) -> None:
    """Each export in two files, for the register is kept by two offices: the primary network, and a while later the secondary."""
    for day, frame in exports:
        for part, level in enumerate(("一次网", "二次网")):
            mine = frame.loc[frame["level"] == level, list(_PIPE_HEADER)]
            text = mine.rename(columns=_PIPE_HEADER).to_csv(index=False)
            delivered_s = local_s(day_number(day), 12) + part * _SECOND_PART_S
            shelf.put(f"pipes/pipe_register_{_stamp(day)}_{part + 1}.csv", text.encode(), delivered_s)


def write_12319(shelf: Shelf, rows: pd.DataFrame, arrival_s: np.ndarray) -> None:
    """UTF-8 with a byte-order mark, one file for each day on which something changed."""
    for arrival in np.unique(arrival_s).tolist():
        text = rows[arrival_s == arrival].to_csv(index=False)
        shelf.put(f"12319/12319_{_stamp(local_datetime(arrival).date())}.csv", text.encode("utf-8-sig"), arrival)
