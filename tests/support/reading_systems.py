"""Readings of the heating systems and plants, and forecasts, as their server shows them, judged by the rules written down anew."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import pandas as pd

from tests.support.reading import City, _finish, _time_reason

_TEMPERATURES = ("t1s", "t1r", "t2s", "t2r")


def system_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("stations"):
        read, arrival = datetime.fromisoformat(item["ts"]), datetime.fromisoformat(item["recvTime"])
        reason = _time_reason(read, arrival)
        if any(item[name] == -39.9 for name in _TEMPERATURES):
            reason = "error_code"
        elif not reason and not _possible(item):
            reason = "out_of_range"
        values = {name: item[name] for name in sorted(item) if name not in ("ts", "recvTime")}
        rows.append({"arrival": arrival, "read": read, **values, "reason": reason})
    return _finish(rows, ["sysId", "read", "arrival"])


def source_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("sources"):
        read, arrival = datetime.fromisoformat(item["ts"]), datetime.fromisoformat(item["recvTime"])
        reason = _time_reason(read, arrival)
        if -39.9 in (item["tg"], item["th"]):
            reason = "error_code"
        elif not reason and abs(item["q"]) > 2_000_000:
            reason = "out_of_range"
        rows.append(
            {"arrival": arrival, "read": read, **{k: v for k, v in item.items() if k not in ("ts", "recvTime")}, "reason": reason}
        )
    return _finish(rows, ["srcId", "read", "arrival"])


def forecast_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("forecast"):
        read, arrival = (datetime.fromisoformat(item[k].replace("Z", "")) for k in ("issueTime", "pubTime"))
        reason = "error_code" if item["tempMean"] == -9999 else "" if abs(item["tempMean"]) <= 45 else "out_of_range"
        rows.append({"arrival": arrival, "read": read, "day": item["date"], "mean": item["tempMean"], "reason": reason})
    return _finish(rows, ["read", "day", "arrival"])


def calibration_rows(city: City) -> pd.DataFrame:
    rows = []
    for name, body, arrival in city.files("calibrations/"):
        for line in csv.DictReader(io.StringIO(body.decode("gb18030"))):
            try:
                date.fromisoformat(line["检定日期"])
                reason = "missing_value" if not line["修正值(℃)"] else "" if abs(float(line["修正值(℃)"])) <= 3 else "out_of_range"
            except ValueError:
                reason = "unreadable_time"
            rows.append({"arrival": arrival, "file": name, **line, "reason": reason})
    return _finish(rows, ["器具编号", "检定日期", "arrival"])


def _possible(item: dict) -> bool:
    return all(1 <= item[name] <= 90 for name in _TEMPERATURES) and 0 <= item["pw"] <= 100_000 and 0 <= item["vlv"] <= 100
