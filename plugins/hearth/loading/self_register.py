"""Points that register themselves: what readings say of their points becomes rows of the register."""

from __future__ import annotations

import json
from datetime import datetime, time
from zoneinfo import ZoneInfo

from hearth.contracts.unfolding import SelfRegistering
from hearth.loading.batch_load import BatchLoad
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


def self_register(load: BatchLoad) -> None:
    """Where no register exists, the readings name their points, households and units: add the new ones.

    Reads the load's side table `named` and writes what is new in raw, and in the ledger the day from which it changes the
    marts, in the batch's transaction and after its batch row. A register row is the same whichever interval
    brought it, so the order of loading cannot matter.
    """
    points = load.contract.points
    assert isinstance(points, SelfRegistering)
    arrived = datetime.combine(points.valid_from, time(), ZoneInfo(load.contract.time_zone))
    each = json.dumps([{"point_id": name, **point.model_dump(mode="json")} for name, point in sorted(points.each.items())])
    for table in ("station", "building", "household", "measuring_point"):
        made = load.run(
            SQL[f"register_{table}"],
            arrived_at=arrived,
            valid_from=points.valid_from,
            point_kind=points.point_kind,
            room_type=points.room_type,
            expected_interval_minutes=points.expected_interval_minutes,
            resolution_degc=points.resolution_degc,
            each=each,
        )
        if made:
            load.write(
                "insert into ledger.batch_day (batch_id, entity, event_date, rows)"
                " values (%(batch_id)s::bigint, %(table)s::text, %(valid_from)s::date, %(made)s::bigint)",
                table=table, valid_from=points.valid_from, made=made,
            )  # fmt: skip
