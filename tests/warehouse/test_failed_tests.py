"""A data test that fails leads to the rows, their batch and their file: in the message, in the alert, and in `hearth doctor`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.reports import alerts
from hearth.transform import dbt
from hearth.transform.publish import record_dbt
from tests.support.publishing import planned
from tests.support.world import Warehouse

TEST = "select segment_no, export_date, length_m from {{ ref('stg_pipe_segment') }} where segment_no = '%s'"


def test_a_failed_test_names_rows_batch_file_and_position(
    installed: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test of the installation's own that finds one pipe: its raw rows are named, and nothing that only waited on it."""
    ((segment, batch, file, position),) = installed.rows(
        "select segment_no, r.batch_id, source_name, position from raw.pipe_segment r join ledger.landing_file using (file_id)"
        " order by batch_id desc, segment_no limit 1"
    )
    project = tmp_path / "project"
    project.mkdir()
    for part in dbt.DBT_PROJECT.iterdir():
        if part.name not in ("tests", "target", "logs"):
            (project / part.name).symlink_to(part)
    (project / "tests").mkdir()
    for part in (dbt.DBT_PROJECT / "tests").iterdir():
        (project / "tests" / part.name).symlink_to(part)
    (project / "tests" / "no_such_pipe.sql").write_text(TEST % segment)
    monkeypatch.setattr(dbt, "DBT_PROJECT", project)
    plan = planned(installed)
    with pytest.raises(dbt.DbtFailed) as failed:
        dbt.run_dbt(["test", "--select", "no_such_pipe"])
    said = str(failed.value)
    assert "- test no_such_pipe: " in said and f"row segment_no {segment}, export_date 20" in said
    assert f"from raw.pipe_segment: feed pipe_register, batch {batch}, file {file}, position {position}" in said
    record_dbt(plan.build_id, "failed", said)
    assert f"file {file}, position {position}" in "\n".join(
        alerts.evidence(SimpleNamespace(dag_id="build_marts", task_id="transform", run_id="test"), failed.value)
    )
    assert f"file {file}, position {position}" in CliRunner().invoke(main, ["doctor"]).output


def test_every_natural_key_can_be_asked_for(installed: Warehouse) -> None:
    from hearth.contracts.entities import ENTITIES
    from hearth.transform import failed_tests

    with psycopg.connect(installed.url) as owner:
        for entity in (entity for entity in ENTITIES.values() if not entity.in_files):
            values = dict.fromkeys(entity.natural_key)
            assert owner.execute(failed_tests._query(entity), {**values, "limit": 1}).fetchall() == []
