"""The job: SQL texts run by Spark on files of readings, their rows written as Parquet. `python reduce.py job.json`.

Runs in Spark's own environment and imports nothing of Hearth: what to do stands in the job, which
plugins/hearth/transform/engines/on_spark.py writes. What it prints goes to the log of the step that waits for it; `made: <text>`
says that the rows of a text are written.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # What overflows or divides by nothing is an error, never an empty cell.
    "spark.sql.ansi.enabled": "true",
    # Days and instants are those of one calendar, however old.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # The job says how many tasks there are: few readings each, so that a worker that dies costs little.
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
PROGRESS_SECONDS = 5
JAVAS_PLACE = re.compile(r"(at )?[\w.$<>/@]+\([\w $]+(\.(java|scala):\d+)?\)|\.\.\. \d+ more")


class Stopped(RuntimeError):
    """Told to whoever waits, in a sentence."""


def main(path: str) -> int:
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        session = begin(job)
        for work in job["works"]:
            reduce(session, work)
            say(f"made: {work['name']}")
        session.stop()
    except (Stopped, PySparkException, Py4JError) as error:
        say(f"failed: {reason(error)}")
        return 1
    return 0


def begin(job: dict[str, Any]) -> SparkSession:
    """An application at the master, with somebody who works for it."""
    master = job["master"]
    conf = SparkConf(loadDefaults=False).setAll(list(SETTINGS.items())).setMaster(master).setAppName("hearth reductions")
    if job["memory"]:
        conf.set("spark.driver.memory" if master.startswith("local") else "spark.executor.memory", job["memory"])
    begun = time.monotonic()
    gateway = launch_gateway(conf)  # its command line can be seen by others: the secret comes after it
    if secret := os.environ.get("_SPARK_AUTH_SECRET"):
        conf.set("spark.authenticate", "true").set("spark.authenticate.secret", secret).set("spark.network.crypto.enabled", "true")
    try:
        context = SparkContext(conf=conf, gateway=gateway)
        session = SparkSession.builder.getOrCreate()
        where = executors(session)
    except Py4JError as error:
        if master.startswith("local"):
            raise
        raise Stopped(f"{master} does not answer, or does not know our secret (HEARTH_SPARK_SECRET)") from error
    if not master.startswith("local"):
        while not where:
            if time.monotonic() - begun > job["seconds_for_a_worker"]:
                raise Stopped(
                    f"{master} took the application and no worker of it offered a core and {job['memory'] or '1g'} of memory within"
                    f" {job['seconds_for_a_worker']} s: is a worker running, and free?"
                )
            time.sleep(0.2)
            where = executors(session)
    told = ", ".join(where) or "this process"
    seconds = time.monotonic() - begun
    say(f"application {context.applicationId} at {master}, Spark {session.version}, on {told}; {seconds:.1f} s to begin")
    return session


def executors(session: SparkSession) -> list[str]:
    """Where the executors are now, the driver left out; one that has no port yet only begins."""
    known = session.sparkContext._jsc.sc().statusStore().executorList(True)
    infos = [known.apply(number) for number in range(known.size())]
    return sorted(info.hostPort() for info in infos if info.id() != "driver" and ":" in info.hostPort())


def reduce(session: SparkSession, work: dict[str, Any]) -> None:
    begun = time.monotonic()
    session.conf.set("spark.sql.shuffle.partitions", work["tasks"])
    readings = session.createDataFrame([], work["schema"])
    for group in work["files"]:
        rows = session.read.schema(work["schema"]).parquet(*group["addresses"])
        readings = readings.unionByName(rows.filter(~rows["batch_id"].isin(group["gone"])) if group["gone"] else rows)
    # By subject from the start: Spark would send all readings around once to pick one of each time, and once more for the windows.
    readings.repartition(work["tasks"], work["subject"]).createOrReplaceTempView(work["entity"])
    for name, address in work["given"].items():
        session.read.parquet(address).createOrReplaceTempView(name)
    files = sum(len(group["addresses"]) for group in work["files"])
    say(f"{work['name']}: {work['readings']} readings in {files} files")
    with Progress(session, work["name"]):
        session.sql(work["text"]).write.mode("overwrite").parquet(work["into"])
    where = ", ".join(executors(session)) or "this process"
    say(f"{work['name']}: done in {time.monotonic() - begun:.1f} s, on {where}")


class Progress:
    """Tells how far the stages are, while a text runs."""

    def __init__(self, session: SparkSession, name: str) -> None:
        self._tracker, self._name = session.sparkContext.statusTracker(), name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._over.wait(PROGRESS_SECONDS):
            for stage in self._tracker.getActiveStageIds():
                facts = self._tracker.getStageInfo(stage)
                if facts is not None:
                    say(f"{self._name}: stage {stage}, {facts.numCompletedTasks} of {facts.numTasks} tasks")


def reason(error: Exception) -> str:
    """What it says, without the places in Java's code."""
    lines = (line.strip() for line in str(error).splitlines())
    return " ".join(line for line in lines if line and not JAVAS_PLACE.fullmatch(line))[:2000]


def say(line: str) -> None:
    print(re.sub(r"[\x00-\x1f]", " ", line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
