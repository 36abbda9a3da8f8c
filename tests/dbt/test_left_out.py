"""A reading that lacks a channel gives way to one of the same time that has it, in whatever order the two came."""

from __future__ import annotations

from datetime import timedelta


def test_of_two_sendings_of_a_reading_the_whole_one_is_picked(company):
    live, later = company.at("2016-01-12", "10:00"), timedelta(days=1)
    coded = {"secondary_supply_degc": None, "left_out": "secondary_supply_degc:error_code", "flow_m3_h": 80}
    whole = {"secondary_supply_degc": 50, "flow_m3_h": 81}
    company.empty()
    company.load("station_reading", [
        {"system_id": "MENDED", "read_at": live, **coded},
        {"system_id": "MENDED", "read_at": live, **whole, "is_replay": True, "arrived_at": live + later},
        {"system_id": "SPOILT", "read_at": live, **whole},
        {"system_id": "SPOILT", "read_at": live, **coded, "arrived_at": live + later},
        {"system_id": "CORRECTED", "read_at": live, **whole},
        {"system_id": "CORRECTED", "read_at": live, **coded, "source_version": 2},
    ])  # fmt: skip
    plant = {"source_id": "P", "source_kind": "plant", "read_at": live, "supply_degc": 90}
    company.load("source_reading", [
        {**plant, "return_degc": 50, "flow_m3_h": 10},
        {**plant, "flow_m3_h": 10, "left_out": "return_degc:error_code", "arrived_at": live + later},
    ])  # fmt: skip
    company.dbt("build", "--select", "resource_type:seed", full=True)
    company.dbt("run", "--select", "stg_station_reading", "stg_place", full=True)
    picked = company.rows("select system_id, secondary_supply_degc, left_out from staging.stg_station_reading order by 1")
    cell = coded["left_out"]
    assert picked == [("CORRECTED", None, cell), ("MENDED", 50, None), ("SPOILT", 50, None)], "a later version goes before all"
    company.reduce()
    assert company.rows("select readings, carried_m3_h_degc::float, carried_readings from reduced.source_hour") == [(1, 400.0, 1)]
