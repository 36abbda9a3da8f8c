"""A refused row of a full export is no removed pipe: what became of it is unknown until an export says so."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.transform import dbt
from tests.support import extremes
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse

MODELS = "stg_refused_segment stg_pipe_segment int_pipe_segment_export int_pipe_segment_change pipe_register_change"
PIPE = ENTITIES["pipe_segment"]


def export(source: Source, nth: int, segments: dict[str | None, float]) -> None:
    start = DAY + timedelta(days=nth)
    common = dict.fromkeys(PIPE.columns_by_name) | {"arrived": start.isoformat()}
    source.items = [common | {"segment_no": segment, "length_m": length} for segment, length in segments.items()]
    contract = find_contract("pipes")
    take_in.clean_validate_load(
        contract, take_in.pull_and_land(contract, Interval(start, start + timedelta(days=1)), "test"), "test"
    )


def test_a_refused_row_of_the_register_is_unknown_and_not_removed(
    installed: Warehouse, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "pipes.yml").write_text(json.dumps(extremes.contract(PIPE, "pipes")))
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path / "feeds"))
    export(source, 0, {"1": 10, "2": 20, "3": 30, "4": 40})
    export(source, 1, {"1": 10, "2": -20, "4": 40})
    export(source, 2, {"1": 10, "2": 20, None: 40})
    export(source, 3, {"1": 10, "2": 20})
    dbt.run_dbt(["build", "--select", *MODELS.split(), "pipe_register_summary"])
    changes = installed.rows(
        "select segment_no, change_kind, length_change_m"
        " from candidate.pipe_register_change where feed = 'pipes' order by exported_at, segment_no"
    )
    assert changes == [
        ("2", "unknown", None),
        ("3", "removed", -30),
        ("2", "returned", 0),
        ("4", "unknown", None),
        ("4", "removed", -40),
    ]
    assert installed.rows(
        "select removed_segments, unknown_segments from candidate.pipe_register_summary"
        " where feed = 'pipes' and network_level = 'all' and breakdown = 'all' order by exported_at"
    ) == [(None, None), (1, 1), (0, 1), (1, 0)]
