"""A backup brought back is the installation to the bit; a damaged one, or a place that is not empty, is refused before anything."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.lake.files import Lake
from hearth.landing.store import LandingStore
from local.postgres import Server
from tests.support.company import Company
from tests.support.hours import Hours, sweep
from tests.support.whole import files_of, text_of
from tests.support.world import Warehouse, stores


def hearth(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.servers
@pytest.mark.parametrize("kind_of_store", ["folder", "bucket"])
def test_a_backup_brought_back_is_equal_to_the_bit(
    installed: Warehouse, postgres: Server, bucket: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = postgres.create_database("airflow_metadata")
    with psycopg.connect(metadata) as airflow:
        airflow.execute("create table dag_run (run_id text primary key); insert into dag_run values ('scheduled__1')")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", metadata.replace("postgresql://", "postgresql+psycopg2://"))
    company = Company(installed.administrator)
    hours = Hours(company)
    for hour in range(2):
        hours.load(hour, hour + 1)
    assert hours.merge().days == 1
    sweep()  # their readings are in a merged file alone
    company.connection.close()
    kept = tmp_path / "backup"
    made = hearth("backup", "--to", kept)
    assert made.exit_code == 0 and made.output.endswith("MB, whole\n"), made.output
    assert "not empty" in hearth("backup", "--to", kept).output
    assert (
        "has " in hearth("backup", "restore", kept).output
        and "restore into an empty one" in hearth("backup", "restore", kept).output
    )

    before = text_of(installed.url), text_of(metadata), files_of(LandingStore()), files_of(Lake())
    assert before[3]
    names = {"installed": "brought_back", "airflow_metadata": "airflow_back"}
    with monkeypatch.context() as elsewhere:
        for name in [name for name in os.environ if name.startswith(("HEARTH_WAREHOUSE_URL_", "AIRFLOW__DATABASE__"))]:
            for old, new in names.items():
                elsewhere.setenv(name, os.environ[name].replace(f"/{old}", f"/{new}"))
        elsewhere.setenv("HEARTH_WAREHOUSE_URL_ENGINEER", os.environ["HEARTH_WAREHOUSE_URL_LOADER"].replace("_loader", "_engineer"))
        for name, place in stores(tmp_path, "back", bucket and f"{bucket}/back").items():
            elsewhere.setenv(name, place)
        urls = [postgres.create_database(name) for name in names.values()]
        back = hearth("backup", "restore", kept)
        assert back.exit_code == 0, back.output
        there = files_of(LandingStore()), files_of(Lake())
        assert (text_of(urls[0]), text_of(urls[1]), *there) == before
        assert hours.read() == hours.rows
        assert "applied" in hearth("migrate").output or "up to date" in hearth("migrate").output
    for name in (*names.values(), "airflow_metadata"):
        postgres.drop_database(name)


def test_a_damaged_or_unfinished_backup_is_refused(installed: Warehouse, tmp_path: Path) -> None:
    kept = tmp_path / "backup"
    assert hearth("backup", "--to", kept).exit_code == 0
    dump = kept / "warehouse.dump"
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    next((kept / "landing").rglob("*.csv")).unlink()
    checked = hearth("backup", "check", kept)
    assert checked.exit_code == 1 and "warehouse.dump was changed" in checked.output and ".csv is missing" in checked.output
    assert "the backup is damaged, nothing was restored" in hearth("backup", "restore", kept).output
    (kept / "MANIFEST.json").unlink()
    assert "not finished" in hearth("backup", "check", kept).output
    lost = next(Path(os.environ["HEARTH_LANDING"]).rglob("*.ndjson.gz"))
    lost.unlink()
    unfinished = hearth("backup", "--to", tmp_path / "second")
    assert unfinished.exit_code == 1 and f"{lost.name}" in unfinished.output and "not complete" in unfinished.output
