"""The dated register as the loading needs it: which measuring points are known, and from which day on."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.contracts.contract import Contract, SelfRegistering
from hearth.warehouse.batch_load import BatchLoad
from hearth.warehouse.connections import connect

REGISTER_TABLES = ("station", "building", "household", "measuring_point")


class KnownPoints:
    """First valid day of every registered point."""

    def __init__(self, first_days: dict[str, np.datetime64]) -> None:
        self._ids = pa.array(list(first_days), pa.string())
        self._days = np.array(list(first_days.values()), dtype="datetime64[D]")

    @classmethod
    def from_warehouse(cls) -> KnownPoints:
        with connect("loader") as connection:
            rows = connection.execute("select point_id, min(valid_from) from raw.measuring_point group by 1").fetchall()
        return cls({point: np.datetime64(day) for point, day in rows})

    def known(self, point_id: pd.Series, local_day: np.ndarray) -> np.ndarray:
        """True where the register knows the point on that local day (or on the day before it, for a null time)."""
        import pyarrow.compute as pc

        column = pa.array(point_id, pa.string(), from_pandas=True)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        at = pc.fill_null(pc.index_in(column, self._ids), -1).to_numpy(zero_copy_only=False)
        known = at >= 0
        if len(self._days):
            early = local_day < self._days[np.maximum(at, 0)]
            known &= ~(early & ~np.isnat(local_day))
        return known


def self_register(load: BatchLoad, contract: Contract, rows: pd.DataFrame) -> None:
    """Where no register exists, the readings name their points, households and units: add the new ones.

    `rows`: point_id, household_id, building_id, station_id, branch_id of accepted readings. Register rows
    are the same whichever interval brought them, so the order of loading cannot matter.
    """
    points = contract.points
    assert isinstance(points, SelfRegistering)
    rows = rows.drop_duplicates("point_id").dropna(subset=["point_id"])
    arrived = datetime.combine(points.valid_from, time(), ZoneInfo(contract.time_zone))
    for record in rows.to_dict("records"):
        common = {"valid_from": points.valid_from}
        facts = {
            "station": {
                "station_id": record["station_id"],
                "branch_id": record["branch_id"],
                "branch_name": record["branch_id"],
            },
            "building": {
                "building_id": record["building_id"],
                "station_id": record["station_id"],
                "community_id": record["building_id"],
            },
            "household": {
                "household_id": record["household_id"],
                "building_id": record["building_id"],
                "customer_kind": "resident",
            },
            "measuring_point": {
                "point_id": record["point_id"],
                "household_id": record["household_id"],
                "point_kind": points.point_kind,
                "room_type": points.room_type,
                "expected_interval_minutes": points.expected_interval_minutes,
                "resolution_degc": points.resolution_degc,
            },
        }
        for table in REGISTER_TABLES:
            _insert(load, table, {**facts[table], **common}, arrived)


def _insert(load: BatchLoad, table: str, facts: dict[str, object], arrived: datetime) -> None:
    values = {
        "feed": load.contract.feed,
        "batch_id": load.batch_id,
        "file_id": 0,
        "position": 0,
        "sub_position": 0,
        "arrived_at": arrived,
        "source_version": 0,
        **facts,
    }
    cast = {
        "batch_id": "bigint",
        "file_id": "bigint",
        "position": "bigint",
        "sub_position": "int",
        "source_version": "bigint",
        "arrived_at": "timestamptz",
        "valid_from": "date",
        "expected_interval_minutes": "int",
        "resolution_degc": "float8",
    }
    marks = ", ".join(f"${i}::{cast.get(name, 'text')}" for i, name in enumerate(values, 1))
    load.ask(
        f"with made as (insert into raw.{table} ({', '.join(values)}) values ({marks}) on conflict do nothing returning 1)"
        " select count(*) from made",
        *values.values(),
    )
