"""Points that register themselves: what readings say of their points becomes rows of the register."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from hearth.contracts.contract import SelfRegistering
from hearth.loading.batch_load import BatchLoad


def self_register(load: BatchLoad) -> None:
    """Where no register exists, the readings name their points, households and units: add the new ones.

    Reads the load's side table `named` and writes what is new in raw, and in the ledger the day from which it changes the
    marts, in the batch's transaction and after its batch row. A register row is the same whichever interval
    brought it, so the order of loading cannot matter.
    """
    points = load.contract.points
    assert isinstance(points, SelfRegistering)
    arrived = datetime.combine(points.valid_from, time(), ZoneInfo(load.contract.time_zone))
    for table, facts in _named_facts(points).items():
        columns = {**_PROVENANCE, **facts}
        load.write(
            f"with made as (insert into raw.{table} (feed, batch_id, arrived_at, valid_from, {', '.join(columns)})"
            f" select distinct on ({next(iter(facts))}) $1::text, {load.batch_id}, $2::timestamptz, $3::date,"
            f" {', '.join(columns.values())} from named order by {', '.join(dict.fromkeys([next(iter(facts)), *_NAMED]))}"
            " on conflict do nothing returning 1) insert into ledger.batch_day (batch_id, entity, event_date, rows)"
            f" select {load.batch_id}, '{table}', $3::date, count(*) from made having count(*) > 0",
            load.contract.feed,
            arrived,
            points.valid_from,
        )


_NAMED = ("point_id", "household_id", "building_id", "station_id", "branch_id")
_PROVENANCE = {"file_id": "0", "position": "0", "sub_position": "0", "source_version": "0"}


def _named_facts(points: SelfRegistering) -> dict[str, dict[str, str]]:
    """Register table -> column -> SQL over `named`, the table's own id first."""
    return {
        "station": {"station_id": "station_id", "branch_id": "branch_id", "branch_name": "branch_id"},
        "building": {"building_id": "building_id", "station_id": "station_id", "community_id": "building_id"},
        "household": {"household_id": "household_id", "building_id": "building_id", "customer_kind": "'resident'"},
        "measuring_point": {
            "point_id": "point_id",
            "household_id": "household_id",
            "point_kind": _literal(points.point_kind),
            "room_type": _literal(points.room_type),
            "expected_interval_minutes": _literal(points.expected_interval_minutes),
            "resolution_degc": _literal(points.resolution_degc),
        },
    }


def _literal(value: str | float | None) -> str:
    """A value of the contract in SQL."""
    if value is None:
        return "null"
    return str(value) if isinstance(value, (int, float)) else "'" + value.replace("'", "''") + "'"
