"""The SQL sources: table definitions, their CSV files in a built city, and loading them into a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import psycopg
import pyarrow as pa
from pyarrow import csv

_MOMENT = "timestamp(0)"
TABLES: dict[str, dict[str, str]] = {
    "hotline.ticket_log": {
        "ticket_no": "text",
        "version": "int",
        "channel": "text",
        "kind": "text",
        "category": "text",
        "status": "text",
        "created_at": _MOMENT,
        "accepted_at": _MOMENT,
        "assigned_at": _MOMENT,
        "on_site_at": _MOMENT,
        "solved_at": _MOMENT,
        "closed_at": _MOMENT,
        "follow_up_at": _MOMENT,
        "updated_at": _MOMENT,
        "household_no": "text",
        "seat_no": "text",
        "satisfaction": "int",
        "user_fault": "bool",
        "related_no": "text",
        "caller_name": "text",
        "caller_phone": "text",
        "caller_address": "text",
        "content": "text",
    },
    "hotline.reception_log": {
        "visit_no": "text",
        "version": "int",
        "channel": "text",
        "kind": "text",
        "category": "text",
        "status": "text",
        "persons": "int",
        "received_at": _MOMENT,
        "accepted_at": _MOMENT,
        "assigned_at": _MOMENT,
        "solved_at": _MOMENT,
        "closed_at": _MOMENT,
        "updated_at": _MOMENT,
        "household_no": "text",
        "related_no": "text",
        "department": "text",
        "visitor_name": "text",
        "visitor_phone": "text",
        "content": "text",
    },
    "maintenance.work_order_log": {
        "order_no": "text",
        "version": "int",
        "kind": "text",
        "asset_kind": "text",
        "asset_id": "text",
        "station_id": "text",
        "branch_id": "text",
        "priority": "text",
        "status": "text",
        "reported_at": _MOMENT,
        "diagnosed_at": _MOMENT,
        "decided_at": _MOMENT,
        "on_site_at": _MOMENT,
        "started_at": _MOMENT,
        "restored_at": _MOMENT,
        "completed_at": _MOMENT,
        "updated_at": _MOMENT,
        "cause": "text",
        "households_without_heat": "int",
        "planned": "bool",
        "summary": "text",
        "crew_leader": "text",
    },
    "register.station_log": {
        "station_id": "text",
        "valid_from": "date",
        "station_name": "text",
        "branch_id": "text",
        "branch_name": "text",
        "plant_id": "text",
        "recorded_at": _MOMENT,
    },
    "register.community_log": {
        "community_id": "text",
        "valid_from": "date",
        "community_name": "text",
        "branch_id": "text",
        "recorded_at": _MOMENT,
    },
    "register.building_log": {
        "building_id": "text",
        "valid_from": "date",
        "community_id": "text",
        "station_id": "text",
        "system_id": "text",
        "network_position": "text",
        "year_built": "int",
        "recorded_at": _MOMENT,
    },
    "register.household_log": {
        "household_id": "text",
        "valid_from": "date",
        "building_id": "text",
        "customer_kind": "text",
        "flat_position": "text",
        "heated_area_m2": "float8",
        "valid_to": "date",
        "owner_name": "text",
        "owner_phone": "text",
        "recorded_at": _MOMENT,
    },
    "register.suspension_log": {
        "household_id": "text",
        "suspended_from": "date",
        "suspended_to": "date",
        "recorded_at": _MOMENT,
    },
    "register.point_log": {
        "point_id": "text",
        "valid_from": "date",
        "point_kind": "text",
        "household_id": "text",
        "room_type": "text",
        "expected_interval_minutes": "int",
        "resolution_degc": "float8",
        "valid_to": "date",
        "recorded_at": _MOMENT,
    },
}
ARRIVAL_COLUMN = {"hotline": "updated_at", "maintenance": "updated_at", "register": "recorded_at"}
_CHUNK = 1 << 20


def write_table(folder: Path, table: str, frame: pd.DataFrame) -> None:
    """Write a table's rows in the column order of its definition; nothing stands for null."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = pa.Table.from_pandas(frame[list(TABLES[table])], preserve_index=False)
    csv.write_csv(rows, folder / f"{table}.csv")


def load(city: Path, url: str) -> dict[str, int]:
    """Create the schemas in the database and fill every table by COPY; a second load replaces the first."""
    rows = {}
    with psycopg.connect(url) as connection:
        for schema in sorted({t.split(".")[0] for t in TABLES}):
            connection.execute(f"create schema if not exists {schema}")
        for table, columns in TABLES.items():
            definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table if not exists {table} ({definition})")
            connection.execute(f"truncate {table}")
            rows[table] = _copy(connection, table, city / "sql" / f"{table}.csv")
            schema, name = table.split(".")
            arrival = ARRIVAL_COLUMN[schema]
            connection.execute(f"create index if not exists {name}_{arrival} on {table} ({arrival})")
            connection.execute(f"analyze {table}")
    return rows


def _copy(connection: psycopg.Connection, table: str, path: Path) -> int:
    with connection.cursor() as cursor:
        with (
            cursor.copy(f"copy {table} ({', '.join(TABLES[table])}) from stdin with (format csv, header true)") as copy,
            path.open("rb") as source,
        ):
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
        return cursor.rowcount
