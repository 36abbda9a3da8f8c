"""Instruments that have to go to the laboratory: those the city knows, each with the day its calibration ended."""

from __future__ import annotations

from tests.support.comparing import truth_rows
from tests.support.world import Warehouse, World


def test_instruments_due_are_those_of_the_city(world: World, published: Warehouse) -> None:
    found = dict(published.rows("select subject_id, evidence from marts.sensor_worklist where finding = 'calibration_due'"))
    due = {row["serial"]: row["ended_on"] for row in truth_rows(world, "instruments_due")}
    assert found == {serial: f"Its calibration ended on {day}." for serial, day in due.items()}
    assert len(found) > 3 and min(due.values()) == "2016-10-13", "one ended before the season began"
