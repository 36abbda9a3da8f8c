"""Which engine reduces readings, what Spark's job is told and not told, and what is said when it cannot."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.lake.catalogue import ReadingFile
from hearth.lake.errors import EngineFailed
from hearth.landing.file_store import NotNamed
from hearth.transform.engines import on_spark, spark_process
from hearth.transform.engines.choice import engine_of_readings
from hearth.transform.engines.engine import Work
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.engines.on_spark import Spark

WORK = Work("point_day", "select 1", ENTITIES["room_reading"], (ReadingFile("room_reading/f/1-1.parquet", "", 5_000_000),))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job in Spark's place: `job.write_text(...)` says what it does."""
    monkeypatch.setenv("HEARTH_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HEARTH_SPARK_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("HEARTH_SPARK_PYTHON", sys.executable)
    monkeypatch.setattr(spark_process, "refuse_without_java", lambda: None)
    monkeypatch.setattr(spark_process, "JOB", tmp_path / "job.py")
    return tmp_path / "job.py"


@pytest.mark.parametrize("named", ["", "duckdb"])
def test_duckdb_unless_spark_is_named(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_READINGS_ENGINE", named)
    assert isinstance(engine_of_readings(), DuckDb)


@pytest.mark.parametrize("named", ["spark://master:7077", "spark://one:7077,two:7077", "local[2]", "local[*]"])
def test_spark_by_its_masters_address(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_READINGS_ENGINE", named)
    engine = engine_of_readings()
    assert isinstance(engine, Spark) and engine.master == named


@pytest.mark.parametrize("named", ["spark", "spark://master", "yarn", "local[2]; rm"])
def test_another_name_is_refused_in_a_sentence(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_READINGS_ENGINE", named)
    with pytest.raises(EngineFailed, match=r"expected duckdb .* spark://<host>:<port>"):
        engine_of_readings()


def test_what_is_not_installed_is_told_with_what_to_do(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SPARK_PYTHON", str(tmp_path / "none"))
    with pytest.raises(EngineFailed, match=r"python local/environment.py spark"):
        list(Spark("local[2]").run([WORK]))
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineFailed, match="apt-get install openjdk-17-jre-headless"):
        spark_process.refuse_without_java()


def test_workers_elsewhere_need_a_place_that_all_see(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_SPARK_SCRATCH")
    with pytest.raises(NotNamed, match="HEARTH_SPARK_SCRATCH is not set"):
        list(Spark("spark://master:7077").run([WORK]))


def test_a_job_that_fails_says_why_and_leaves_nothing_behind(job: Path, tmp_path: Path) -> None:
    job.write_text("print('looking'); print('failed: no worker'); raise SystemExit(1)")
    with pytest.raises(EngineFailed, match=r"the job at spark://m:7077 .* of point_day .* exit code 1: no worker\. .*=duckdb"):
        list(Spark("spark://m:7077").run([WORK]))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_job_that_wrote_where_nobody_else_looks_is_told(job: Path) -> None:
    job.write_text("print('made: point_day')")
    with pytest.raises(EngineFailed, match="point_day, and this machine sees no file there: HEARTH_SPARK_SCRATCH"):
        list(Spark("spark://m:7077").run([WORK]))


def test_the_job_knows_its_work_and_no_login(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_WAREHOUSE_URL_TRANSFORMER", "postgresql://secret")
    monkeypatch.setenv("HEARTH_SPARK_SECRET", "of the cluster")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the object store")
    monkeypatch.setenv("HEARTH_READINGS_MEMORY", "3GB")
    told = tmp_path / "told.json"
    job.write_text(
        "import json, os, sys\n"
        f"json.dump([json.load(open(sys.argv[1])), dict(os.environ), sys.argv], open({str(told)!r}, 'w'))\nraise SystemExit(1)"
    )
    given = {"limit_period": pa.table({"a": [1]})}
    with pytest.raises(EngineFailed):
        list(Spark("spark://m:7077").run([Work("point_day", "select 1", WORK.entity, WORK.files, given, 5_000_000)]))
    job_told, environment, arguments = json.loads(told.read_text())
    (work,) = job_told["works"]
    assert (job_told["master"], job_told["memory"]) == ("spark://m:7077", "3g")
    assert work["files"] == [{"gone": [], "addresses": [f"file://{tmp_path}/lake/room_reading/f/1-1.parquet"]}]
    assert (work["readings"], work["tasks"]) == (5_000_000, 8)
    assert work["given"]["limit_period"].startswith(f"file://{tmp_path}/scratch/run-")
    assert "`read_at` timestamp" in work["schema"] and "`temperature_degc` double" in work["schema"]
    assert [name for name in environment if name.startswith(("HEARTH_", "AIRFLOW"))] == []
    assert [environment[name] for name in ("_SPARK_AUTH_SECRET", "AWS_ACCESS_KEY_ID")] == ["of the cluster", "of the object store"]
    assert "of the cluster" not in str(arguments) + str(job_told)


def test_addresses_and_memory_are_written_as_spark_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_spark.spark_address("s3://lake/room_reading/a.parquet") == "s3a://lake/room_reading/a.parquet"
    assert on_spark.spark_address("/lake/a.parquet") == "file:///lake/a.parquet"
    monkeypatch.delenv("HEARTH_READINGS_MEMORY", raising=False)
    assert (on_spark.memory(is_local=True), on_spark.memory(is_local=False)) == ("2g", None)
    monkeypatch.setenv("HEARTH_READINGS_MEMORY", "512 MiB")
    assert on_spark.memory(is_local=False) == "512m"
    monkeypatch.setenv("HEARTH_READINGS_MEMORY", "half")
    with pytest.raises(EngineFailed, match="such as 2GB"):
        on_spark.memory(is_local=False)
