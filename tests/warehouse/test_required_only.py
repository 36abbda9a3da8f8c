"""A contract maps what its source has: with the required columns alone everything else is null, and passes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from tests.support import extremes
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

INTERVAL = Interval(DAY, DAY + timedelta(days=2))


@pytest.fixture
def feeds(installed: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts of the installation, and one more for each entity, with its required columns alone."""
    contracts = []
    for name, entity in ENTITIES.items():
        contract = extremes.contract(entity, f"least_{name}")
        required = {column.name for column in entity.columns if column.required}
        contract["columns"] = {column: mapping for column, mapping in contract["columns"].items() if column in required}
        contracts.append(contract)
    monkeypatch.setenv("HEARTH_FEEDS", str(extremes.beside_the_installations(tmp_path / "feeds", contracts)))


def test_what_is_not_mapped_is_null_and_passes_from_the_pull_to_raw(installed: Warehouse, source: Source, feeds: None) -> None:
    for entity in extremes.in_order():
        contract = find_contract(f"least_{entity.name}")
        ordinary = extremes.required_only(entity)
        source.items = [ordinary, ordinary, ordinary | {entity.natural_key[0]: None}]
        counts = take_in.clean_validate_load(contract, take_in.pull_and_land(contract, INTERVAL, "test"), "test")
        refused = installed.rows("select reasons from quarantine.row where feed = %s", contract.feed)
        assert (list(counts.values()), refused) == ([3, 1, 1, 1], [(["missing_key"],)]), entity.name
        unmapped = [c.stored_name for c in entity.columns if c.name not in contract.columns and c.name != "created_time_known"]
        (row,) = installed.accepted(entity.name, contract.feed)
        assert [name for name in contract.columns if row[name] is None] == [], entity.name
        assert {row[name] for name in unmapped} <= {None}, entity.name
