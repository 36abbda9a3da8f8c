"""`make real DATA=<folder>`: real files of another place through the same DAGs, suites and models.

An instance of its own, in build/real, with the contracts and dated rows of examples/real_data. The files are served
over SFTP, the tickets over HTTP; each feed runs once over one long interval. Prints what was found, writes
build/real.json and leaves the services running; exits 1 with a plain message when something stopped it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from local import airflow, real_figures, real_report, real_sources, report, results, sources, stack
from local.demo import EXPECTED_TROUBLE
from local.history import Driver, Tell, read_feeds
from local.instance import REPOSITORY, Instance
from local.memory import MemorySampler
from local.steps import Steps

HOME = REPOSITORY / "build" / "real"
FEEDS = REPOSITORY / "examples" / "real_data" / "feeds"
SEEDS = REPOSITORY / "examples" / "real_data" / "seeds"
ZONE = ZoneInfo("America/New_York")
INTERVALS: Mapping[str, tuple[datetime, datetime]] = {
    feed: (datetime(*first, tzinfo=ZONE), datetime(*beyond, tzinfo=ZONE))
    for feed, first, beyond in (
        ("rooms", (2014, 10, 1), (2015, 6, 1)),
        ("outdoor", (2014, 10, 1), (2015, 7, 1)),
        ("tickets_311", (2013, 10, 1), (2014, 6, 1)),
        ("pipe_register", (2023, 1, 1), (2023, 7, 1)),
        ("pipe_breaks", (2023, 1, 1), (2023, 7, 1)),
    )
}
"""One interval of arrival for each feed: the season of the rooms and the tickets, the half year of the two exports."""

MOMENT = datetime(2023, 7, 1, 0, 2, tzinfo=ZONE)
SCHEDULE = ("2023-07-01T00:01:00", "2023-07-01T00:03:00")
"""The scheduler itself has nothing to do: its two minutes hold no tick of any feed, only the moment our runs bear."""


class LongRuns(Driver):
    """Runs each feed once over its own interval."""

    def load(self, tell: Tell) -> None:
        waiting: dict[str, str] = {}
        for feed in self.feeds:
            start, end = INTERVALS[feed.name]
            run_id = f"archive__{start:%Y%m%d}__{end:%Y%m%d}"
            waiting[feed.dag_id] = self._ensure(feed.dag_id, run_id, MOMENT, (start, end))
            self.client.set_paused(feed.dag_id, False)
        total = len(waiting)
        self._await(waiting, lambda text, n: tell(text, n, total), on_end=lambda dag_id: self.client.set_paused(dag_id, True))


class RealRun:
    """One run over the instance of the real files."""

    def __init__(self, instance: Instance, data: Path, steps: Steps) -> None:
        self.instance, self.data, self.steps = instance, data, steps
        self.variables: Mapping[str, str] = {}

    def prepare(self) -> None:
        with self.steps.step("files laid out"):
            self.instance.prepare()
            real_sources.arrange(self.data, self.instance.city)
        with self.steps.step("PostgreSQL"):
            self.instance.server.start()
            if self.instance.server.created:  # an empty server: nothing of what we remember is in it
                self.instance.remember(airflow_migrated=None)
            self.instance.server.create_database("warehouse")
        self.instance.supervisor.stop([real_sources.SERVICE])
        moved = stack.choose_ports(self.instance)
        start, end = SCHEDULE
        self.instance.extra.update(HEARTH_SCHEDULE_START=start, HEARTH_SCHEDULE_END=end)
        self.instance.extra.update(real_sources.connections(self.instance))
        self.variables = {**self.instance.environment(), **airflow.settings(self.instance)}
        self.instance.write_environment(self.variables)
        digest = stack.digest(self.variables)
        if moved or digest != self.instance.fact("environment"):  # running services know the old addresses
            self.instance.supervisor.stop()
        self.instance.remember(environment=digest)

    def bring_up(self) -> None:
        with self.steps.step("servers of the files"):
            stack.ensure(self.instance, [real_sources.service(self.instance), stack.pages_service(self.instance)])
        with self.steps.step("warehouse migrated"):
            sources.run_module(self.instance, "hearth.cli", ["migrate"], log="warehouse-migrate", variables=dict(self.variables))
        with self.steps.step("Airflow up"):
            airflow.prepare(self.instance, self.variables)
            stack.ensure(self.instance, airflow.services(self.instance, self.variables))

    def run(self) -> None:
        client = airflow.client(self.instance)
        driver = LongRuns(client, read_feeds(FEEDS))
        try:
            with self.steps.step("DAGs read") as step:
                driver.wait_for_dags(step.tell)
                driver.wake_followers()
            with self.steps.step("files loaded") as step:
                driver.load(step.tell)
            with self.steps.step("marts built and published") as step:
                driver.build(step.tell)
        finally:
            client.close()

    def figures(self) -> dict[str, Any]:
        """What was found, and what became of every row."""
        urls = [self.instance.warehouse_url(role) for role in ("reader", "transformer")]
        counts = results.feed_counts(urls[0], [feed.name for feed in read_feeds(FEEDS)], {})
        return {
            **real_figures.read(urls[0], urls[1], self.instance.landing),
            "feeds": [{k: v for k, v in entry.as_json().items() if not k.startswith("planted_")} for entry in counts],
        }


def as_json(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures as JSON can hold them: times as ISO text, numerics as numbers."""
    plain = json.loads(json.dumps(figures, default=_plain))
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--home", type=click.Path(path_type=Path), default=HOME, help="folder of the instance")
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=None, help="default: <build>/real.json")
def main(data: Path, home: Path, json_path: Path | None) -> None:
    """Run the pipeline over real files and print what they say."""
    began = time.monotonic()
    console = report.console()
    instance = Instance(home=home, feeds=FEEDS, seeds=SEEDS, settings=stack.memory_settings())
    steps = Steps(console)
    try:
        with MemorySampler(instance) as memory, steps:
            run = RealRun(instance, data, steps)
            run.prepare()
            run.bring_up()
            run.run()
            with steps.step("figures read"):
                figures = as_json(run.figures())
    except (*EXPECTED_TROUBLE, real_sources.DataMissing) as error:
        console.print(f"\n[red]The run on real files stopped:[/] {type(error).__name__}", highlight=False)
        console.print(str(error), markup=False, highlight=False)
        console.print(f"\nLogs: {os.path.relpath(instance.logs)}; the same command goes on from here, `make stop` ends it.")
        sys.exit(1)
    figures["seconds"] = {**steps.seconds, "total": round(time.monotonic() - began, 1)}
    figures["peak_memory_mib"] = dict(sorted(memory.peak_mib.items()))
    figures["pages"] = report.pages(instance)
    target = json_path or home.parent / "real.json"
    results.write_json(target, figures)
    real_report.show(console, figures, target)
    sys.exit(0 if real_report.is_whole(figures) else 1)


if __name__ == "__main__":
    main()
