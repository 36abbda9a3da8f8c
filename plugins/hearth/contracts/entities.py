"""The canonical entities: what every feed of a kind ends as, described once.

The raw tables, the Arrow schema of the bulk load, the checks of a contract and the
documentation are all made from these declarations. Units stand in the names;
`_at` is a UTC instant, `_date` a local calendar day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "instant", "date", "number", "integer", "flag"]

POSTGRES_TYPE: dict[Kind, str] = {
    "text": "text",
    "instant": "timestamptz",
    "date": "date",
    "number": "double precision",
    "integer": "integer",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `unit` is the unit values are stored in (None: not a quantity). `personal` marks a resident's
    or an employee's data: the value goes to the restricted schema, raw keeps `<name>_hash`.
    """

    name: str
    kind: Kind
    required: bool = False
    unit: str | None = None
    choices: tuple[str, ...] = ()
    personal: bool = False
    doc: str = ""

    @property
    def stored_name(self) -> str:
        return f"{self.name}_hash" if self.personal else self.name


@dataclass(frozen=True)
class Entity:
    """A canonical thing and how its rows are told apart.

    `event_column` gives the day a row changes in the marts; `register` rows change everything from
    that day on. `full_export`: every delivery is the whole state, the newest one is current.
    """

    name: str
    title: str
    title_zh: str
    natural_key: tuple[str, ...]
    event_column: str
    columns: tuple[Column, ...]
    register: bool = False
    full_export: bool = False
    partitioned: bool = False
    columns_by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_by_name", {c.name: c for c in self.columns})

    @property
    def raw_key(self) -> tuple[str, ...]:
        """Key of raw.<entity>: the feed, the natural key and the arrival or version."""
        return ("feed", *self.natural_key, "arrived_at", "source_version")

    @property
    def content_columns(self) -> tuple[str, ...]:
        """Stored columns whose equality makes two rows of one key the same row."""
        return tuple(c.stored_name for c in self.columns)


def _text(name: str, **kw: Any) -> Column:
    return Column(name, "text", **kw)


def _instant(name: str, **kw: Any) -> Column:
    return Column(name, "instant", **kw)


def _date(name: str, **kw: Any) -> Column:
    return Column(name, "date", **kw)


def _number(name: str, unit: str | None, **kw: Any) -> Column:
    return Column(name, "number", unit=unit, **kw)


def _integer(name: str, unit: str | None = None, **kw: Any) -> Column:
    return Column(name, "integer", unit=unit, **kw)


def _flag(name: str, **kw: Any) -> Column:
    return Column(name, "flag", **kw)


def _personal(name: str) -> Column:
    return Column(name, "text", personal=True)


_ENTITIES = (
    Entity(
        "room_reading",
        "Room temperature reading",
        "室温测量",
        ("point_id", "read_at"),
        "read_at",
        (
            _text("point_id", required=True),
            _instant("read_at", required=True),
            _number("temperature_degc", "degC", required=True),
            _flag("is_replay", doc="the collector sent it again from its memory"),
            _number("battery_v", "V"),
            _number("height_m", "m"),
            _text("place_in_room"),
            _integer("windows_closed_minutes", "min"),
            _text("instrument_no"),
            _date("calibrated_on"),
            _flag("is_signed"),
            _text("visit_no"),
            _personal("staff"),
            _personal("resident_phone"),
            _personal("remark"),
        ),
        partitioned=True,
    ),
    Entity(
        "outdoor_reading",
        "Outdoor temperature reading",
        "室外温度",
        ("weather_station_id", "observed_at"),
        "observed_at",
        (
            _text("weather_station_id", required=True),
            _instant("observed_at", required=True),
            _number("temperature_degc", "degC", required=True),
            _integer("period_minutes", "min", required=True, doc="the value stands for [observed_at, observed_at + period)"),
        ),
    ),
    Entity(
        "service_ticket",
        "Service ticket",
        "服务工单",
        ("ticket_no",),
        "created_at",
        (
            _text("line", required=True, doc="963963, 12345, 12319 or another line's name"),
            _text("ticket_no", required=True),
            _text("kind", required=True, choices=("complaint", "repair", "consultation", "temperature_test")),
            _text("category", choices=("room_cold", "no_heat", "leak", "billing", "service", "other")),
            _text("status", choices=("waiting", "accepted", "closed", "returned")),
            _text("channel"),
            _instant("created_at", required=True),
            _instant("accepted_at"),
            _instant("on_site_at"),
            _instant("solved_at"),
            _instant("closed_at"),
            _flag("created_time_known", doc="false: midnight stands for some time that day"),
            _text("household_id"),
            _text("branch_id", doc="only where the source itself names the district"),
            _text("related_ticket_no"),
            _integer("satisfaction", choices=("1", "2", "3", "4", "5")),
            _flag("is_user_fault"),
            _text("department"),
            _personal("caller_name"),
            _personal("caller_phone"),
            _personal("caller_address"),
            _personal("content"),
        ),
    ),
    Entity(
        "maintenance_order",
        "Maintenance order",
        "检修工单",
        ("order_no",),
        "reported_at",
        (
            _text("order_no", required=True),
            _text("kind", required=True, choices=("overhaul", "fault", "emergency", "major_repair")),
            _text("asset_kind"),
            _text("asset_id"),
            _text("station_id"),
            _text("branch_id"),
            _text("priority"),
            _text("status"),
            _instant("reported_at", required=True),
            _instant("started_at"),
            _instant("completed_at"),
            _flag("is_planned"),
            _text("work_summary"),
            _personal("crew"),
        ),
    ),
    Entity(
        "renewal_progress",
        "Pipe-renewal progress",
        "管网改造进度",
        ("project_id", "progress_date"),
        "progress_date",
        (
            _text("project_id", required=True),
            _text("project_name"),
            _text("season", required=True, doc="the heating season the programme serves, e.g. 2016-17"),
            _text("branch_id"),
            _text("station_id"),
            _text("network_level", choices=("primary", "secondary")),
            _text("work_type", required=True, choices=("renewal", "new_build", "merging")),
            _date("progress_date", required=True),
            _number("planned_length_m", "m", doc="trench length; null: no plan"),
            _number("renewed_length_m", "m", required=True, doc="trench length done so far"),
            _number("budget_cny", "CNY"),
            _number("spent_cny", "CNY"),
            _date("planned_start_date"),
            _date("planned_end_date"),
            _text("stage"),
        ),
    ),
    Entity(
        "pipe_segment",
        "Pipe segment of the register",
        "管段台账",
        ("segment_no",),
        "arrived_at",
        (
            _text("segment_no", required=True),
            _text("network_level", choices=("primary", "secondary")),
            _integer("dn_mm", "mm"),
            _text("material"),
            _text("insulation"),
            _text("laying_way"),
            _number("length_m", "m", required=True, doc="trench length"),
            _integer("year_laid"),
            _text("owner"),
            _text("start_node"),
            _text("end_node"),
            _text("status"),
        ),
        full_export=True,
    ),
    Entity(
        "station",
        "Heat-exchange station",
        "换热站",
        ("station_id", "valid_from"),
        "valid_from",
        (
            _text("station_id", required=True),
            _date("valid_from", required=True),
            _text("station_name"),
            _text("branch_id", required=True),
            _text("branch_name"),
            _text("plant_id"),
        ),
        register=True,
    ),
    Entity(
        "community",
        "Community",
        "小区",
        ("community_id", "valid_from"),
        "valid_from",
        (
            _text("community_id", required=True),
            _date("valid_from", required=True),
            _text("community_name"),
            _text("branch_id"),
        ),
        register=True,
    ),
    Entity(
        "building",
        "Building",
        "楼栋",
        ("building_id", "valid_from"),
        "valid_from",
        (
            _text("building_id", required=True),
            _date("valid_from", required=True),
            _text("community_id"),
            _text("station_id"),
            _text("system_id"),
            _text("network_position", choices=("near", "middle", "far")),
            _integer("year_built"),
        ),
        register=True,
    ),
    Entity(
        "household",
        "Household or enterprise served",
        "热用户",
        ("household_id", "valid_from"),
        "valid_from",
        (
            _text("household_id", required=True),
            _date("valid_from", required=True),
            _text("building_id"),
            _text("customer_kind", required=True, choices=("resident", "enterprise")),
            _text("flat_position", choices=("top", "middle", "bottom", "corner")),
            _number("heated_area_m2", "m2"),
            _date("valid_to", doc="last served day, inclusive"),
            _personal("owner_name"),
            _personal("owner_phone"),
        ),
        register=True,
    ),
    Entity(
        "household_suspension",
        "Suspension of heating",
        "报停",
        ("household_id", "suspended_from"),
        "suspended_from",
        (
            _text("household_id", required=True),
            _date("suspended_from", required=True),
            _date("suspended_to", doc="last suspended day, inclusive"),
        ),
        register=True,
    ),
    Entity(
        "measuring_point",
        "Temperature measuring point",
        "测温点",
        ("point_id", "valid_from"),
        "valid_from",
        (
            _text("point_id", required=True),
            _date("valid_from", required=True),
            _text("point_kind", required=True, choices=("fixed", "mobile", "remote")),
            _text("household_id"),
            _text("room_type"),
            _integer("expected_interval_minutes", "min"),
            _number("resolution_degc", "degC"),
            _date("valid_to", doc="last valid day, inclusive"),
        ),
        register=True,
    ),
)

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ENTITIES}

PROVENANCE: tuple[tuple[str, str], ...] = (
    ("feed", "text not null"),
    ("batch_id", "bigint not null"),
    ("file_id", "bigint not null"),
    ("position", "bigint not null"),
    ("sub_position", "integer not null"),
    ("arrived_at", "timestamptz not null"),
    ("source_version", "bigint not null"),
)
"""Columns in front of every raw table: where a row came from. (name, PostgreSQL type)"""
