"""What reductions make of readings written down by hand (dbt_project/reductions/_unit_tests.yml), on DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hearth.transform.asked import ALL, Asked
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.texts import FOLDER
from tests.support.reduction_cases import BY_NAME, CASES, CHANGED, told, work_of


def test_every_reduction_has_a_case_and_a_text():
    assert {case["reduction"] for case in CASES} == set(BY_NAME)
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(BY_NAME)


@pytest.mark.parametrize("asked", [ALL, CHANGED], ids=["all", "changed"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_readings_written_down_by_hand(case: dict[str, Any], asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path))
    (rows,) = (reader.read_all() for reader in DuckDb().run([work_of(case, DuckDb.words, asked)]))
    assert told(rows.to_pylist(), case) == told(case["expect"], case)
