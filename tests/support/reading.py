"""Read a built city the hard way: from the files its servers show, with rules written down anew from the definitions.

Each reader returns canonical rows with the first reason for which a row must be rejected ('' when it is sound).
Nothing here knows what the city planted.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
_CODES = (-1010.0, -9999.0, 85.0, 127.9)
_KINDS = {"投诉": "complaint", "报修": "repair", "咨询": "consultation", "测温": "temperature_test"}
_CATEGORIES = {
    "室温不达标": "room_cold",
    "不热": "no_heat",
    "漏水": "leak",
    "收费": "billing",
    "服务": "service",
    "其他": "other",
}


class City:
    """Folder of a built city."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted = json.loads((folder / "planted.json").read_text())
        self.delivered = json.loads((folder / "files.json").read_text())
        points = pd.read_csv(folder / "sql" / "register.point_log.csv")
        self.first_day = points.groupby("point_id")["valid_from"].min().to_dict()

    def items(self, source: str) -> Iterator[dict[str, Any]]:
        for path in sorted((self.folder / "http" / source).glob("*.gz")):
            for line in gzip.decompress(path.read_bytes()).splitlines():
                yield json.loads(line)

    def known(self, point: object, moment: datetime) -> bool:
        return self.first_day.get(str(point), "9999") <= moment.date().isoformat()

    def files(self, folder: str) -> Iterator[tuple[str, bytes, datetime]]:
        for name, delivered in self.delivered.items():
            if name.startswith(folder):
                arrival = datetime(1970, 1, 1) + timedelta(seconds=delivered, hours=8)
                yield name, (self.folder / "files" / name).read_bytes(), arrival


def _time_reason(moment: datetime, arrival: datetime) -> str:
    if moment > arrival + timedelta(minutes=5):
        return "time_after_arrival"
    return "time_too_old" if moment < arrival - timedelta(days=400) else ""


def _finish(rows: list[dict[str, Any]], key: list[str]) -> pd.DataFrame:
    """Find duplicates (same key and content) and contradictions (same key, other content)."""
    frame = pd.DataFrame(rows)
    frame["duplicate"] = frame.duplicated(keep="first")
    kept = frame[~frame["duplicate"]]
    clash = kept.duplicated(key, keep=False) & (kept["reason"] == "")
    frame.loc[clash[clash].index, "reason"] = "conflicting_duplicate"
    return frame


def remote_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("remote"):
        arrival = datetime.fromisoformat(item["recvTime"])
        packed = item["packTime"].strip("0") != ""
        base = datetime.strptime(item["packTime"], "%Y%m%d%H%M%S") if packed else arrival
        assert packed == bool(item["hist"]) and 1 <= len(item["temps"]) <= 6
        for i, value in enumerate(item["temps"]):
            read = base - timedelta(minutes=i * item["interval"])
            reason = "missing_value" if value == 0 else "error_code" if float(value) in _CODES else _time_reason(read, arrival)
            reason = reason or ("" if 0 <= value <= 40 else "out_of_range")
            reason = reason or ("" if city.known(item["devId"], read) else "unknown_point")
            rows.append(
                {
                    "point": item["devId"],
                    "read": read,
                    "value": float(value),
                    "hist": item["hist"],
                    "arrival": arrival,
                    "volts": item["bat"],
                    "reason": reason,
                }
            )
    return _finish(rows, ["point", "read", "arrival"])


def _manual(city: City, point: object, read: datetime | None, text: object, arrival: datetime) -> tuple[float | None, str]:
    """Value and reason of a manual reading, reasons in their order of precedence."""
    wide = str(text).translate(_NARROW)
    try:
        value = float(wide) if wide else None
        unreadable = False
    except ValueError:
        value, unreadable = None, True
    if not point:
        return value, "missing_key"
    if read is None:
        return value, "unreadable_time"
    if unreadable:
        return value, "unreadable_value"
    if value is None:
        return value, "missing_value"
    reason = _time_reason(read, arrival) or ("" if 0 <= value <= 40 else "out_of_range")
    return value, reason or ("" if city.known(point, read) else "unknown_point")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def csv_round_rows(city: City) -> pd.DataFrame:
    rows = []
    for name, body, arrival in city.files("rounds/csv/"):
        for row in csv.DictReader(io.StringIO(body.decode("gbk"))):
            read = _moment(row["测温时间"].replace("/", "-"))
            value, reason = _manual(city, row["测点编号"], read, row["室温"], arrival)
            rows.append(
                {
                    "point": row["测点编号"],
                    "read": read,
                    "value": value,
                    "text": row["室温"],
                    "arrival": arrival,
                    "reason": reason,
                    "file": name,
                    **row,
                }
            )
    return _finish(rows, ["point", "read", "arrival"])


def xlsx_round_rows(city: City) -> pd.DataFrame:
    rows = []
    for name, body, arrival in city.files("rounds/xlsx/"):
        head, *lines = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name("测温记录").to_python()
        for line in lines:
            if not any(str(c).strip() for c in line):
                continue
            row = dict(zip(head, line, strict=True))
            day = row["测温日期"]
            parts = str(day).replace("/", "-").split("-")
            text = day.isoformat() if isinstance(day, date) else f"{parts[0]}-{int(parts[1]):02d}-{int(parts[2]):02d}"
            read = _moment(f"{text[:10]} {row['测温时间']}")
            value, reason = _manual(city, row["测点编号"], read, row["室温(℃)"], arrival)
            rows.append(
                {
                    "point": row["测点编号"],
                    "read": read,
                    "value": value,
                    "text": row["室温(℃)"],
                    "arrival": arrival,
                    "reason": reason,
                    "file": name,
                }
            )
    return _finish(rows, ["point", "read", "arrival"])


def visit_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("mobile"):
        arrival = datetime(1970, 1, 1) + timedelta(milliseconds=item["updateTime"], hours=8)
        read = _moment(item["measureTime"])
        read = read.replace(tzinfo=None) if read else None
        value, reason = _manual(city, item["pointCode"], read, item["roomTemp"], arrival)
        rows.append(
            {
                "point": item["pointCode"],
                "read": read,
                "value": value,
                "version": item["version"],
                "arrival": arrival,
                "reason": reason,
                "text": item["roomTemp"],
                "visit": item["visitNo"],
            }
        )
    return _finish(rows, ["point", "read", "arrival", "version"])


def weather_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("weather"):
        read, arrival = (datetime.fromisoformat(item[k].replace("Z", "")) + timedelta(hours=8) for k in ("obsTime", "pubTime"))
        reason = "error_code" if item["temp"] == -9999 else _time_reason(read, arrival)
        rows.append(
            {
                "read": read,
                "value": item["temp"],
                "arrival": arrival,
                "reason": reason or ("" if -45 <= item["temp"] <= 45 else "out_of_range"),
            }
        )
    return _finish(rows, ["read", "arrival"])


def ticket_rows(city: City, line: str) -> pd.DataFrame:
    rows = []
    for no, version, created, closed, kind, category, household, related, status, arrival, rest in _tickets(city, line):
        made, shut = _moment(created), _moment(closed) if closed else None
        known = kind in _KINDS and category in _CATEGORIES
        reason = _ticket_reason(no, made, shut, arrival, known=known)
        row = {"line": line, "ticket_no": no, "version": version, "created": made, "kind": _KINDS.get(kind)}
        row |= {"category": _CATEGORIES.get(category), "household": household or "", "related": related or ""}
        row |= {"returned": status == "已退回", "enterprise": "'callerType': '企业'" in rest}
        rows.append({**row, "arrival": arrival, "rest": rest, "reason": reason})
    return _finish(rows, ["ticket_no", "version", "arrival"])


def _ticket_reason(number: str, made: datetime | None, shut: datetime | None, arrival: datetime, *, known: bool) -> str:
    if not number:
        return "missing_key"
    if made is None:
        return "unreadable_time"
    if not known:
        return "unknown_code"
    return _time_reason(made, arrival) or ("closed_before_created" if shut and shut < made else "")


def _tickets(city: City, line: str) -> Iterator[tuple[Any, ...]]:
    """Number, version, created, closed, kind, category, household, related number, status, arrival, and all of it."""
    if line == "12345":
        keys = ("orderNo", "version", "createTime", "closeTime", "type", "category", "householdNo", "hotlineNo", "state")
        for item in city.items("city_line_12345"):
            yield (*(item[k] for k in keys), datetime.fromisoformat(item["updateTime"]), str(item))
    elif line == "12319":
        keys = ("工单编号", "版本", "受理时间", "办结时间", "类别", "问题", "用户编号", "关联963963单号", "状态")
        for _, body, arrival in city.files("12319/"):
            for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"))):
                yield (*(int(row[k]) if k == "版本" else row[k] for k in keys), arrival, str(row))
    else:
        keys = ("ticket_no", "version", "created_at", "closed_at", "kind", "category", "household_no", "related_no", "status")
        with (city.folder / "sql" / "hotline.ticket_log.csv").open(encoding="utf-8") as source:
            for row in csv.DictReader(source):
                values = (int(row[k]) if k == "version" else row[k] for k in keys)
                yield (*values, datetime.fromisoformat(row["updated_at"]), str(row))


def renewal_rows(city: City) -> pd.DataFrame:
    rows = []
    for name, body, arrival in city.files("renewal/"):
        _, _, *lines = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
        for line in lines:
            project, _, season, branch, station, level, work, planned, done, _, _, _, _, day, stage = line
            row = {"project": project, "season": season, "branch": branch, "station": station, "level": level}
            row |= {"work": work, "planned": planned or 0, "done": done, "day": day, "stage": stage, "file": name}
            reason = _renewal_reason(day, done, float(str(planned)) if planned else None, arrival)
            rows.append({**row, "arrival": arrival, "reason": reason})
    return _finish(rows, ["project", "day", "arrival"])


def _renewal_reason(day: object, done: object, planned: float | None, arrival: datetime) -> str:
    parts = str(day)[:10].replace("/", "-").split("-")
    moment = _moment("-".join(f"{int(p):02d}" for p in parts))
    if moment is None:
        return "unreadable_time"
    text = str(done).translate(_NARROW)
    if not text:
        return "missing_value"
    try:
        length = float(text)
    except ValueError:
        return "unreadable_value"
    late = _time_reason(moment, arrival)
    if late or not 0 <= length <= 100_000:
        return late or "out_of_range"
    return "renewal_exceeds_plan" if planned is not None and length > 3 * planned else ""


def pipe_rows(city: City) -> pd.DataFrame:
    rows = []
    for _, body, arrival in city.files("pipes/"):
        for row in csv.DictReader(io.StringIO(body.decode("utf-8"))):
            number = row.pop("行号")
            text = row["长度(m)"]
            try:
                reason = "missing_value" if not text else "" if 0 <= float(text) <= 100_000 else "out_of_range"
            except ValueError:
                reason = "unreadable_value"
            assert number.isdigit()
            rows.append({**row, "arrival": arrival, "reason": reason})
    return _finish(rows, ["管段编号", "arrival"])


def series_exclusions(readings: pd.DataFrame, coarse: set[str]) -> pd.Series:
    """True for staged readings of automatic points that a series rule excludes (stuck, jump, open window)."""
    excluded = pd.Series(False, index=readings.index)
    for point, mine in readings.sort_values(["point", "read"]).groupby("point"):
        hours = ((mine["read"] - datetime(2015, 1, 1)).dt.total_seconds() / 3600).to_list()
        values = mine["value"].to_list()
        marks = (
            _jumps(hours, values, 1.0 if point in coarse else 0.1)
            | _windows(hours, values)
            | (set() if point in coarse else _stuck(hours, values))
        )
        excluded.loc[mine.index[sorted(marks)]] = True
    return excluded


def _stuck(hours: list[float], values: list[float]) -> set[int]:
    marks, begin = set(), 0
    for i in range(1, len(values) + 1):
        if i == len(values) or round(values[i], 1) != round(values[begin], 1):
            if hours[i - 1] - hours[begin] >= 24 and i - begin >= 12:
                marks |= set(range(begin, i))
            begin = i
    return marks


def _jumps(hours: list[float], values: list[float], resolution: float) -> set[int]:
    """Faster than 10 degC an hour, of which two readings prove what goes beyond one step of the device."""

    def too_fast(later: int, earlier: int) -> bool:
        return (abs(values[later] - values[earlier]) - resolution) / (hours[later] - hours[earlier]) > 10

    marks = set()
    for i in range(1, len(values)):
        back = i >= 2 and too_fast(i - 1, i - 2) and not too_fast(i, i - 2)
        if too_fast(i, i - 1) and not back:
            marks.add(i)
    return marks


def _windows(hours: list[float], values: list[float]) -> set[int]:
    count = len(values)
    fell = []
    for i in range(count):
        j = i
        while j > 0 and hours[j - 1] >= hours[i] - 1 - 1e-9:
            j -= 1
        if max(values[j : i + 1]) - values[i] >= 2 - 1e-9:
            fell.append(i)
    marks = set()
    for drop in fell:
        for i in range(drop, count):
            if hours[i] > hours[drop] + 3 + 1e-9:
                break
            low = i
            while low > 0 and hours[low - 1] >= hours[i] - 3 - 1e-9:
                low -= 1
            high = i + 1
            while high < count and hours[high] <= hours[i] + 3 + 1e-9:
                high += 1
            before, after = max(values[low : i + 1]), values[i + 1 : high]
            if before - values[i] >= 2 - 1e-9 and after and max(after) >= before - 0.5 - 1e-9:
                marks.add(i)
    return marks


READERS: dict[str, Callable[[City], pd.DataFrame]] = {
    "remote_points": remote_rows,
    "fixed_rounds_csv": csv_round_rows,
    "fixed_rounds_xlsx": xlsx_round_rows,
    "mobile_visits": visit_rows,
    "weather": weather_rows,
    "hotline_963963": lambda city: ticket_rows(city, "963963"),
    "city_line_12345": lambda city: ticket_rows(city, "12345"),
    "city_line_12319": lambda city: ticket_rows(city, "12319"),
    "renewal_log": renewal_rows,
    "pipe_register": pipe_rows,
}
