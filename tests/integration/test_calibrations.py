"""Instruments that have to go to the laboratory: as many as the city knows."""

from __future__ import annotations

import json

from world import Warehouse, World


def test_instruments_due_are_those_of_the_city(world: World, published: Warehouse) -> None:
    planted = json.loads((world.instance.city / "planted.json").read_text(encoding="utf-8"))["feeds"]["calibrations"]
    found = published.rows("select count(*) from marts.sensor_worklist where finding = 'calibration_due'")
    assert found == [(planted["other"]["instruments_due_on_the_last_day"],)] and found[0][0] > 3
