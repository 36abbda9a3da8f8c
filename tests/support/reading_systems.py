"""Readings of the heating systems and plants, and forecasts, as their server shows them, judged by the rules written down anew."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import pandas as pd

from tests.support.reading import City, _finish, _time_reason

_TEMPERATURES = {
    "t1s": "primary_supply_degc", "t1r": "primary_return_degc", "t2s": "secondary_supply_degc", "t2r": "secondary_return_degc",
}  # fmt: skip


def system_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("stations"):
        read, arrival = datetime.fromisoformat(item["ts"]), datetime.fromisoformat(item["recvTime"])
        values = {name: item[name] for name in sorted(item) if name not in ("ts", "recvTime")}
        bad = ",".join(_bad(item))
        rows.append({"arrival": arrival, "read": read, **values, "bad": bad, "reason": _time_reason(read, arrival)})
    return _finish(rows, ["sysId", "read", "arrival"])


def source_rows(city: City) -> pd.DataFrame:
    rows = []
    for item in city.items("sources"):
        read, arrival = datetime.fromisoformat(item["ts"]), datetime.fromisoformat(item["recvTime"])
        values = {k: v for k, v in item.items() if k not in ("ts", "recvTime")}
        cells = ["supply_degc:error_code"] * (item["tg"] == -39.9) + ["return_degc:error_code"] * (item["th"] == -39.9)
        bad = ",".join(cells + ["heat_kw:out_of_range"] * (abs(item["q"]) > 2_000_000))
        rows.append({"arrival": arrival, "read": read, **values, "bad": bad, "reason": _time_reason(read, arrival)})
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


def heat_meter_rows(city: City) -> pd.DataFrame:
    rows = []
    for name, body, arrival in city.files("heat_meters/"):
        for line in csv.DictReader(io.StringIO(body.decode("utf-8-sig"))):
            cells = ["heat_counter_gj:error_code"] * (line["累计热量(kWh)"] == "99999999")
            bad = ",".join(cells + ["supply_degc:out_of_range"] * (not 1 <= float(line["供水温度(℃)"]) <= 90))
            try:
                datetime.fromisoformat(line["抄表时间"])
                reason = "" if line["楼栋"] else "missing_value"
            except ValueError:
                reason = "unreadable_time"
            rows.append({"arrival": arrival, "file": name, **line, "bad": bad, "reason": reason})
    return _finish(rows, ["表号", "抄表时间", "arrival"])


def _bad(item: dict) -> list[str]:
    """Channels that cannot be used; of its other channels the row stands."""
    cells = [f"{name}:error_code" for sent, name in _TEMPERATURES.items() if item[sent] == -39.9]
    cells += [f"{name}:out_of_range" for sent, name in _TEMPERATURES.items() if item[sent] != -39.9 and not 1 <= item[sent] <= 90]
    assert 0 <= item["vlv"] <= 100
    return cells + ["heat_kw:out_of_range"] * (not 0 <= item["pw"] <= 100_000)
