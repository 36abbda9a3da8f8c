"""What a second vendor of room sensors delivers: two nights on which the clocks changed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

CONTRACT = Path(__file__).parents[1] / "second_vendor" / "vendor_rooms.yml"
HEADER = "Sensor;Flat;House;District;Local time;Temp F;Battery mV;Firmware"
AUTUMN, SPRING = datetime(2014, 11, 3, 6, tzinfo=UTC), datetime(2015, 3, 9, 6, tzinfo=UTC)
"""Delivery of the two files, each the morning after the clocks changed."""


def line(sensor: str, time: str, temperature: str) -> str:
    flat, house, district = {"S1": ("A1", "HOUSE-1", "N"), "S2": ("A2", "HOUSE-2", "S")}[sensor]
    return f"{sensor};{flat};{house};{district};{time};{temperature};3600;1.7"


def autumn_night() -> list[str]:
    """Two sensors, every 30 minutes from 00:30 to 02:30; 01:00 and 01:30 come twice, as the clock showed them."""
    times = ["12:30 AM", "01:00 AM", "01:30 AM", "01:00 AM", "01:30 AM", "02:00 AM", "02:30 AM"]
    return [line(s, f"11/02/2014 {t}", str(64 + n)) for n, t in enumerate(times) for s in ("S1", "S2")]


def spring_night() -> list[str]:
    """02:30 did not exist; an error code stands for a value once; 19 ordinary readings follow."""
    times = [("01:30 AM", "68.0"), ("02:30 AM", "68.2"), ("03:30 AM", "-999")]
    moments = [datetime(2015, 3, 8, 3) + n * timedelta(minutes=30) for n in range(20)]
    times += [(moment.strftime("%I:%M %p"), "64.4") for moment in moments if moment.strftime("%H:%M") != "03:30"]
    return [line("S1", f"03/08/2015 {time}", value) for time, value in times]


def deliver(folder: Path, name: str, lines: list[str], at: datetime) -> None:
    path = folder / name
    path.write_text("\ufeff" + "\r\n".join([HEADER, *lines]) + "\r\n", encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))
