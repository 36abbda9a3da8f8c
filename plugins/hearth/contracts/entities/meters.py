"""What the heat meters of homes and buildings count."""

from __future__ import annotations

from hearth.contracts.entity import Entity, instant, number, text

ENTITIES = (
    Entity(
        "heat_meter_reading",
        "Reading of the heat meter of a home or building",
        "热量表读数",
        ("meter_id", "read_at"),
        "read_at",
        (
            text("meter_id", required=True),
            text("building_id", required=True),
            text("household_id", doc="whose heat it counts; empty: the whole building's"),
            instant("read_at", required=True),
            number("heat_counter_gj", "GJ", doc="counts up; begins anew when the meter is changed"),
            number("volume_counter_m3", "m3", doc="counts up"),
            number("supply_counter_m3_degc", "m3 degC", doc="volume times supply temperature, counts up"),
            number("return_counter_m3_degc", "m3 degC", doc="volume times return temperature, counts up"),
            number("flow_m3_h", "m3/h"),
            number("supply_degc", "degC"),
            number("return_degc", "degC"),
        ),
        in_files=True,
        tells_of_days=True,
        wide=True,
    ),
)
