"""What is foretold: the weather of the days ahead."""

from __future__ import annotations

from hearth.contracts.entity import Entity, date, instant, number, text

ENTITIES = (
    Entity(
        "outdoor_forecast",
        "Outdoor temperature forecast, every issue",
        "室外温度预报",
        ("weather_station_id", "issued_at", "forecast_date"),
        "issued_at",
        (
            text("weather_station_id", required=True),
            instant("issued_at", required=True),
            date("forecast_date", required=True),
            number("mean_degc", "degC", required=True),
            number("low_degc", "degC"),
            number("high_degc", "degC"),
        ),
    ),
)
