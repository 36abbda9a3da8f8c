"""What is measured: rooms and weather."""

from __future__ import annotations

from hearth.contracts.entity import Entity, date, flag, instant, integer, number, personal, text

ENTITIES = (
    Entity(
        "room_reading",
        "Room temperature reading",
        "室温测量",
        ("point_id", "read_at"),
        "read_at",
        (
            text("point_id", required=True),
            instant("read_at", required=True),
            number("temperature_degc", "degC", required=True),
            flag("is_replay", doc="the collector sent it again from its memory"),
            number("battery_v", "V"),
            number("height_m", "m"),
            text("place_in_room"),
            integer("windows_closed_minutes", "min"),
            text("instrument_no"),
            date("calibrated_on"),
            flag("is_signed"),
            text("visit_no"),
            personal("staff"),
            personal("resident_phone"),
            personal("remark"),
        ),
        in_files=True,
        tells_of_days=True,
    ),
    Entity(
        "outdoor_reading",
        "Outdoor temperature reading",
        "室外温度",
        ("weather_station_id", "observed_at"),
        "observed_at",
        (
            text("weather_station_id", required=True),
            instant("observed_at", required=True),
            number("temperature_degc", "degC", required=True),
            integer("period_minutes", "min", required=True, doc="the value stands for [observed_at, observed_at + period)"),
        ),
        tells_of_days=True,
    ),
)
