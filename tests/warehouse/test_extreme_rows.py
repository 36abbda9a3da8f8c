"""One bad row stops itself and nothing else: what the intake accepts at its very limits is built and published, whatever it is."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import clean
from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import BIT
from hearth.dated.limits import Limits
from hearth.intake import take_in
from hearth.validation.checked import checked_frame
from hearth.validation.suites import Suite
from tests.support import extremes
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

INTERVAL = Interval(DAY, DAY + timedelta(days=2))


@pytest.fixture
def feeds(installed: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts of the installation, and one more for each entity."""
    named = (*ENTITIES.items(), ("only_segment", ENTITIES["pipe_segment"]))
    contracts = [extremes.contract(entity, f"extreme_{name}") for name, entity in named]
    monkeypatch.setenv("HEARTH_FEEDS", str(extremes.beside_the_installations(tmp_path / "feeds", contracts)))


def load(source: Source, name: str, rows: list[extremes.Row]) -> dict[str, int]:
    contract = find_contract(f"extreme_{name}")
    source.items = rows
    return take_in.clean_validate_load(contract, take_in.pull_and_land(contract, INTERVAL, "test"), "test")


def test_rows_at_the_limits_of_the_intake_are_built_and_published(installed: Warehouse, source: Source, feeds: None) -> None:
    for entity in extremes.in_order():
        counts = load(source, entity.name, list(extremes.accepted(entity)))
        refused = installed.rows("select reasons, record from quarantine.row where feed = %s limit 1", f"extreme_{entity.name}")
        assert (counts["rows_quarantined"], refused) == (0, []), entity.name
    segment = dict.fromkeys(ENTITIES["pipe_segment"].columns_by_name) | {"segment_no": "1", "length_m": 5.27}
    load(source, "only_segment", [segment | {"arrived": extremes.ARRIVED.isoformat()}])
    before = installed.rows("select max(publication_id) from ledger.publication")
    assert installed.build(tested=True) is not None
    assert installed.rows("select max(publication_id) from ledger.publication") > before
    assert installed.rows(
        "select distinct length_percent from marts.pipe_register_summary where feed = 'extreme_only_segment'"
    ) == [(100.0,)]


def judged(entity: Entity, contract: dict[str, Any], rows: list[extremes.Row]) -> list[int]:
    """The reasons of each row as bits, as the intake finds them."""
    made = Contract.model_validate(contract)
    body = json.dumps({"code": 0, "data": {"items": rows, "next": None, "total": len(rows)}}).encode()
    file = LandedFile(1, "page 1", hashlib.sha256(body).hexdigest(), None, "json", "none")
    (records,) = read_records(made, file, io.BytesIO(body))
    cleaned = clean(made, records, Pseudonyms(known_names=lambda *_: set()), DoubledHour())
    known = np.ones(len(cleaned), bool) if "point_id" in entity.columns_by_name else None
    checked = checked_frame(entity, cleaned, known, made.time_zone)
    found: list[int] = (Suite(entity.name).validate(checked, extremes.LIMITS) | cleaned.bits).tolist()
    return found


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=list(ENTITIES))
def test_every_number_day_and_text_has_limits_and_is_refused_beyond_them(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PSEUDONYM_KEY", "of the tests" * 4)
    contract, beyond = extremes.contract(entity, "extreme"), list(extremes.beyond(entity))
    reasons = judged(entity, contract, beyond)
    assert [row for row, bits in zip(beyond, reasons, strict=True) if not bits & BIT["out_of_range"]] == []
    required = {c.name for c in entity.columns if c.required}
    least = contract | {"columns": {name: mapping for name, mapping in contract["columns"].items() if name in required}}
    assert judged(entity, least, list(extremes.accepted(entity))[:1]) == [0], "a contract maps what it has"


def test_a_row_of_a_day_before_all_limits_is_refused_and_stops_nothing() -> None:
    """The limits hold from 1900 on; a register row of the year 1 is judged by the first of them."""
    days = np.array(["0001-01-01", "1899-12-31", "2016-01-01"], "datetime64[D]")
    ((rows, limits),) = Limits.from_seeds().periods(days)
    assert rows.tolist() == [0, 1, 2] and limits["date_min_year"] == 1900
