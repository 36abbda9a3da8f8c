"""What the network's instruments tell: the heating systems of the stations, the plants and the lines between them."""

from __future__ import annotations

from hearth.contracts.entity import Entity, flag, instant, number, text

ENTITIES = (
    Entity(
        "station_reading",
        "Reading of a heating system in a heat-exchange station",
        "换热站运行数据",
        ("system_id", "read_at"),
        "read_at",
        (
            text("system_id", required=True),
            text("station_id"),
            instant("read_at", required=True),
            number("primary_supply_degc", "degC"),
            number("primary_return_degc", "degC"),
            number("secondary_supply_degc", "degC"),
            number("secondary_return_degc", "degC"),
            number("primary_supply_mpa", "MPa"),
            number("primary_return_mpa", "MPa"),
            number("secondary_supply_mpa", "MPa"),
            number("secondary_return_mpa", "MPa"),
            number("flow_m3_h", "m3/h", doc="of the primary side"),
            number("heat_kw", "kW"),
            number("heat_counter_gj", "GJ", doc="counts up; begins anew when the meter is changed"),
            number("valve_percent", "percent", doc="opening of the primary control valve"),
            number("make_up_m3_h", "m3/h", doc="water fed into the secondary side"),
            flag("is_replay", doc="sent again from the station's memory"),
        ),
        in_files=True,
        tells_of_days=True,
        wide=True,
    ),
    Entity(
        "source_reading",
        "Reading of a heat plant or of a line between two of them",
        "热源与联络线运行数据",
        ("source_id", "read_at"),
        "read_at",
        (
            text("source_id", required=True),
            text("source_kind", required=True, choices=("plant", "tie")),
            instant("read_at", required=True),
            text("from_plant_id", doc="of a line: the plant from which its flow counts"),
            text("to_plant_id", doc="of a line: the plant to which it counts; water that runs back is negative"),
            number("supply_degc", "degC"),
            number("return_degc", "degC"),
            number("flow_m3_h", "m3/h"),
            number("heat_kw", "kW"),
            number("valve_percent", "percent"),
            text("state", choices=("running", "planned_outage", "outage")),
        ),
        tells_of_days=True,
        wide=True,
        in_files=True,
    ),
)
