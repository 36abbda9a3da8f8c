"""`make demo`: a simulated city, a warehouse, Airflow, two seasons of data, three KPIs, held against the truth.

`python -m local.demo [--scale 0.02] [--seed 7] [--days 1]`. Ends with the services running; its exit code is 0 only when
every KPI equals the city's truth and quarantine holds exactly what the city planted.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import psycopg
from rich.console import Console

from local import airflow, report, results, sources, stack, superset
from local.airflow_api import AirflowError
from local.history import BUILD_DAG, Driver, Feed, RunsFailed, read_feeds, uncovered
from local.instance import DEFAULT_HOME, Instance
from local.memory import MemorySampler
from local.postgres import ServerError
from local.processes import ServiceFailed
from local.steps import Steps

CITY_ZONE = ZoneInfo("Asia/Shanghai")
FIRST_DAY, LAST_DAY = date(2015, 5, 1), date(2017, 4, 7)
"""What the city holds, the last day excluded."""

EXPECTED_TROUBLE = (ServiceFailed, ServerError, RunsFailed, AirflowError, psycopg.Error, OSError)


@dataclass(frozen=True)
class Wish:
    """What the caller asked for; a second demo with the same wish goes on with the first one's instance."""

    scale: float
    seed: int
    days: int

    @property
    def switch_day(self) -> date:
        """The first day the scheduler takes over from the long history."""
        return LAST_DAY - timedelta(days=self.days)

    @property
    def facts(self) -> dict[str, Any]:
        return {"scale": self.scale, "seed": self.seed, "days": self.days, "city_code": sources.code_digest()}


class Demo:
    """One demo run over one instance."""

    def __init__(self, instance: Instance, wish: Wish, steps: Steps, dashboards: bool = True) -> None:
        self.instance = instance
        self.wish = wish
        self.steps = steps
        self.dashboards = dashboards
        self.variables: Mapping[str, str] = {}
        self.start = _midnight(FIRST_DAY)
        self.switch = _midnight(wish.switch_day)
        self.end = _midnight(LAST_DAY)

    # Servers

    def prepare(self) -> None:
        with self.steps.step("environment"):
            self.instance.prepare()
            self.instance.remember(**self.wish.facts, dashboards=self.dashboards)
        with self.steps.step("PostgreSQL"):
            self.instance.server.start()
            if self.instance.server.created:  # an empty server: nothing of what we remember is in it
                self.instance.remember(city_loaded=False, airflow_migrated=None)
            self.instance.server.create_database("warehouse")
        self._choose_addresses()

    def _choose_addresses(self) -> None:
        moved = stack.choose_ports(self.instance)
        self.instance.extra.update(HEARTH_SCHEDULE_START=self.wish.switch_day.isoformat(), HEARTH_SCHEDULE_END=LAST_DAY.isoformat())
        before = self.instance.fact("environment")
        self.variables = stack.variables_of(self.instance)
        self.instance.write_environment({**self.variables, **(superset.login(self.instance) if self.dashboards else {})})
        digest = stack.digest(self.variables)
        if moved or digest != before:  # running services know the old addresses
            self.instance.supervisor.stop()
        self.instance.remember(environment=digest)

    def bring_up(self) -> None:
        """The city on one core, the warehouse and Airflow on the other."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            work = [pool.submit(self._bring_up_city), pool.submit(self._bring_up_pipeline)]
            for job in work:
                job.result()

    def _bring_up_city(self) -> None:
        with self.steps.step("city built") as step:
            step.tell(f"scale {self.wish.scale:g}, seed {self.wish.seed}")
            sources.build(self.instance, self.wish.scale, self.wish.seed)
        with self.steps.step("city serves"):
            sources.load_databases(self.instance)
            stack.ensure(self.instance, [sources.service(self.instance), stack.pages_service(self.instance)])

    def _bring_up_pipeline(self) -> None:
        with self.steps.step("warehouse migrated"):
            sources.run_module(self.instance, "hearth.cli", ["migrate"], log="warehouse-migrate", variables=dict(self.variables))
        with self.steps.step("Airflow up") as step:
            airflow.prepare(self.instance, self.variables)
            step.tell("starting")
            stack.ensure(self.instance, airflow.services(self.instance, self.variables))

    # Dashboards

    def prepare_dashboards(self) -> None:
        """Superset with its tables, running, beside the long work and on what that leaves of the cores."""
        superset.make_environment(self.instance)
        superset.prepare(self.instance)
        stack.ensure(self.instance, [superset.service(self.instance)])

    def bring_in_dashboards(self, prepared: Future[None]) -> Exception | None:
        """The dashboards into the Superset that is being prepared. What goes wrong is returned: the KPIs stand without them."""
        try:
            with self.steps.step("dashboards"):
                prepared.result()
                superset.import_dashboards(self.instance, self.variables)
        except EXPECTED_TROUBLE as error:
            self.instance.remember(dashboards=False)
            return error
        return None

    # Runs

    def run(self) -> None:
        """History, marts, the last days, marts again."""
        client = airflow.client(self.instance)
        driver = Driver(client, read_feeds(self.instance.feeds))
        try:
            with self.steps.step("DAGs read") as step:
                driver.wait_for_dags(step.tell)
                driver.wake_followers()
            if not self.instance.fact("history_built"):
                with self.steps.step("history loaded") as step:
                    driver.load_history(self.start, self.switch, step.tell)
                with self.steps.step("marts built") as step:
                    driver.build(step.tell)
                self.instance.remember(history_built=True)
            driver.client.set_paused(BUILD_DAG, False)
            driver.repeat_failed_build()
            with self.steps.step("last days caught up") as step:
                driver.catch_up(self.end, step.tell)
                driver.load_remainder(self._gaps(driver.feeds), step.tell)
            with self.steps.step("marts of the last days") as step:
                driver.wait_for_builds(step.tell)
        finally:
            client.close()

    def _gaps(self, feeds: Iterable[Feed]) -> dict[str, list[tuple[datetime, datetime]]]:
        """What has not been pulled of the city's whole span, feed by feed."""
        with psycopg.connect(self.instance.warehouse_url("reader")) as connection:
            rows = connection.execute(
                "select feed, interval_start, interval_end from ledger.batch_current where kind = 'pull'"
            ).fetchall()
        pulled: dict[str, list[tuple[datetime, datetime]]] = {feed.name: [] for feed in feeds}
        for feed, start, end in rows:
            pulled[feed].append((start.astimezone(CITY_ZONE), end.astimezone(CITY_ZONE)))
        return {feed: uncovered(intervals, self.start, self.end) for feed, intervals in pulled.items()}

    # Results

    def compare(self) -> report.Outcome:
        """Read what was published, hold it against the city's truth and what it planted."""
        planted = json.loads((self.instance.city / "planted.json").read_text(encoding="utf-8"))
        planted = planted.get("feeds", planted)
        reader = self.instance.warehouse_url("reader")
        published = results.published_figures(reader)
        truth = results.true_figures(self.instance.city / "truth" / "season_kpi.csv")
        counts = results.feed_counts(reader, [feed.name for feed in read_feeds(self.instance.feeds)], planted)
        return report.Outcome(
            published,
            truth,
            counts,
            results.kpi_differences(published, truth),
            results.count_differences(counts),
            json.loads((self.instance.city / "truth" / "true_state.json").read_text(encoding="utf-8")),
            results.mart_rows(reader),
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CITY_ZONE)


def choose_instance(home: Path, wish: Wish, console: Console) -> Instance:
    """The instance to work in: the one of last time if it holds the same city, else a new one."""
    instance = Instance(home=home, settings=stack.memory_settings())
    if not instance.exists:
        if instance.supervisor.processes() or (home / "pg").exists():
            stack.remove(instance)  # left behind by a demo that was cut off very early
            instance = Instance(home=home, settings=stack.memory_settings())
        return instance
    known = {name: instance.fact(name) for name in wish.facts}
    if known == wish.facts:
        console.print("working on top of the instance of last time (same scale, seed and days)")
        return instance
    changed = [f"{name} {known[name]} -> {value}" for name, value in wish.facts.items() if known[name] != value]
    console.print(f"another city than last time ({', '.join(changed)}): the old instance is removed, a new one is built")
    stack.remove(instance)
    return Instance(home=home, settings=stack.memory_settings())


@click.command()
@click.option("--scale", type=click.FloatRange(min=0, min_open=True), default=0.02, show_default=True, help="1 is the whole city")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--days", type=click.IntRange(1, 30), default=1, show_default=True, help="days left to the scheduler")
@click.option("--dashboards/--no-dashboards", default=True, show_default=True, help="the managers' dashboards in a Superset")
@click.option("--home", type=click.Path(path_type=Path), envvar="HEARTH_HOME", default=DEFAULT_HOME)
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=None, help="default: <build>/demo.json")
def main(scale: float, seed: int, days: int, dashboards: bool, home: Path, json_path: Path | None) -> None:
    """Build a city, run the pipeline over it, print the KPIs beside the truth."""
    began = time.monotonic() - _seconds_before()
    console = report.console()
    wish = Wish(scale, seed, days)
    steps = Steps(console)
    home = home.absolute()
    if dashboards and not superset.can_run():
        console.print(f"[yellow]{superset.NO_PYTHON_HERE}[/]", highlight=False)
        dashboards = False
    with alone(home):
        instance = choose_instance(home, wish, console)
        warn_about_space(home, wish, console)
        try:
            outcome, peak_mib, trouble = work(instance, wish, steps, dashboards)
        except (*EXPECTED_TROUBLE, KeyboardInterrupt) as error:
            complain(console, instance, error)
            sys.exit(1)
    seconds = {**steps.seconds, "total": round(time.monotonic() - began, 1)}
    target = json_path or home.parent / "demo.json"
    results.write_json(target, report.facts(instance, outcome, seconds, peak_mib))
    report.show(console, instance, outcome, seconds, target)
    if trouble is not None:
        complain(console, instance, trouble, "There are no dashboards:")
    sys.exit(0 if outcome.is_right and trouble is None else 1)


def work(
    instance: Instance, wish: Wish, steps: Steps, dashboards: bool = True
) -> tuple[report.Outcome, dict[str, int], Exception | None]:
    """All steps; the outcome, the highest memory by process, and what kept the dashboards out."""
    with MemorySampler(instance) as memory, steps, ThreadPoolExecutor(max_workers=1) as beside:
        demo = Demo(instance, wish, steps, dashboards)
        demo.prepare()
        prepared = beside.submit(demo.prepare_dashboards) if dashboards else None
        demo.bring_up()
        demo.run()
        with steps.step("results compared"):
            outcome = demo.compare()
        trouble = demo.bring_in_dashboards(prepared) if prepared is not None else None
    return outcome, memory.peak_mib, trouble


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Two demos in one folder would pull the ground from under each other: the second one is refused."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f".{home.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise click.ClickException(f"another demo works in {os.path.relpath(home)}; let it end first") from error
        yield


def warn_about_space(home: Path, wish: Wish, console: Console) -> None:
    """A full disk stops a demo late and in an odd place; say so before."""
    needed, free = int((2 + 8 * wish.scale) * 2**30), shutil.disk_usage(home.parent).free
    if free < needed and not home.exists():
        console.print(f"[yellow]{free / 2**30:.1f} GB free; this demo may need {needed / 2**30:.0f} GB[/]")


def complain(console: Console, instance: Instance, error: BaseException, what: str = "The demo stopped:") -> None:
    """Say what went wrong and how to go on."""
    word = "by hand" if isinstance(error, KeyboardInterrupt) else type(error).__name__
    console.print(f"\n[red]{what}[/] {word}", highlight=False)
    console.print(str(error), markup=False, highlight=False)
    console.print(f"\nLogs: {os.path.relpath(instance.logs)}; `make demo` goes on from here, `make stop` ends it.")


def _seconds_before() -> float:
    """Time already spent by `make` on the environment, so that the total is what a person waited."""
    try:
        return max(0.0, time.time() - float(os.environ["HEARTH_STARTED"]))
    except (KeyError, ValueError):
        return 0.0


if __name__ == "__main__":
    main()
