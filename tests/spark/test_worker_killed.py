"""A worker that dies in the middle of a reduction: the job ends whole. Its files lie in a shared folder, not in an object store."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hearth.lake.errors import EngineFailed
from hearth.transform.engines import on_spark, spark_process
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.engines.on_spark import Spark
from local.bench import beside_spark
from local.spark_cluster import Cluster
from tests.support.engines_agree import differences

pytestmark = pytest.mark.servers
POINTS = 15_000


class Log:
    """What the step's log says; somebody may wait for a line of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.when: tuple[re.Pattern[str], object] | None = None

    def info(self, template: str, line: str) -> None:
        self.lines.append(template % line)
        if self.when and self.when[0].search(line):
            (_, act), self.when = self.when, None
            act()  # type: ignore[operator]

    def having(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    kept = Log()
    monkeypatch.setattr(spark_process, "log", kept)
    return kept


@pytest.fixture(scope="module")
def _cluster(spark_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with closing(Cluster(spark_python, tmp_path_factory.mktemp("cluster"), workers=2)) as made:
        yield made


@pytest.fixture
def cluster(_cluster: Cluster, lake: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("HEARTH_SPARK_SECRET", _cluster.secret)
    return _cluster


def test_whoever_does_not_know_the_secret_is_not_let_in(cluster: Cluster, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SPARK_SECRET", "another")
    spark = Spark(cluster.url)
    with pytest.raises(EngineFailed, match=rf"{cluster.url} does not answer, or does not know our secret"):
        list(spark.run([beside_spark.work(spark.words, (), beside_spark.settings(1))]))


def test_a_master_without_a_free_worker_is_waited_for_only_so_long(
    cluster: Cluster, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_spark, "SECONDS_FOR_A_WORKER", 5)
    monkeypatch.setenv("HEARTH_READINGS_MEMORY", "900GB")
    spark = Spark(cluster.url)
    with pytest.raises(EngineFailed, match="no worker of it offered a core and 900g of memory within 5 s"):
        list(spark.run([beside_spark.work(spark.words, (), beside_spark.settings(1))]))


@pytest.mark.fault("F69")
def test_a_killed_worker_costs_time_and_nothing_else(cluster: Cluster, log: Log) -> None:
    files, given = beside_spark.day_of_rooms(POINTS), beside_spark.settings(POINTS)
    (wanted,) = (rows.read_all() for rows in DuckDb().run([beside_spark.work(DuckDb.words, files, given)]))
    log.when = (re.compile(r"stage \d+, [1-9]\d* of ([89]|\d\d+) tasks"), cluster.kill_a_worker)
    spark = Spark(cluster.url)
    (made,) = (rows.read_all() for rows in spark.run([beside_spark.work(spark.words, files, given)]))
    assert log.when is None, f"nobody was killed in the middle: {log.lines}"
    assert cluster.living_workers() == 1 and log.having("Lost executor")
    assert len(log.having(rf"at {cluster.url}, Spark .* on 127.0.0.1:\d+")) == len(log.having("done in")) == 1
    assert len(made) == len(wanted) == POINTS and differences(made, wanted, ["point_id", "heating_date"]) == []
    assert list(Path(os.environ["HEARTH_SPARK_SCRATCH"]).iterdir()) == [], "what was handed over is gone"
