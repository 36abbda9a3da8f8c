"""A day of the simulated town brought by Airflow's own scheduler, against the same day's tasks run bare.

Both begin with the same history in copies of one warehouse, published and with its pages written, and end with the same: every
feed that owes the day pulled and loaded, known points replayed, one build published and sealed, the auditors' pages and the brief
written.

- By the scheduler: from the moment the feeds' DAGs are let loose, when their day is due, to the end of the last run it led to, by
  Airflow's own times. It is a demo's Airflow with nothing changed, that has read all DAGs and run one before: its workers are
  forked from a process with all imports, as on any day but the first. Counted are the making of runs, queues, the start of each
  task, assets that become runs, and the seconds a build waits for the feeds to be quiet. Up to three tasks run side by side on
  what Airflow's processes leave of the cores.
- Bare: the bodies of the same tasks, one after another in one process that has imported what they need; its steps added up. Beside
  them only PostgreSQL and the city's servers work. They wait for no quiet.

Each brings the day once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local import airflow, stack
from local.airflow_api import Client, Run, wait_for
from local.bench.ground import run_apart
from local.bench.measured import Measured
from local.history import BUILD_DAG, FOLLOWERS, REPORT_DAG, Driver, RunsFailed, read_feeds
from local.instance import Instance
from local.postgres import LARGE
from tests.support.world import START, ZONE, Warehouse, World, feeds_in_order

SCALE = 0.02
DAY = datetime(2017, 1, 10, tzinfo=ZONE)
NEXT = DAY + timedelta(days=1)
GOAL = 1.3
PATIENCE_SECONDS = 3600.0


def day(folder: Path, size: float) -> Iterator[Measured]:
    """The town of `make demo`."""
    world = World.start(folder / "town", SCALE * size, 7, settings=LARGE)
    try:
        bare = world.open("bare")
        bare.variables["HEARTH_PAGES"] = str(folder / "pages-bare")
        with bare.active():
            run_apart("one_day", START.isoformat(), DAY.isoformat(), *feeds_in_order())
        ours = bare.copied(world.instance.server, "warehouse", world.instance.home)
        ours.variables["HEARTH_PAGES"] = str(world.instance.pages)
        shutil.copytree(bare.variables["HEARTH_PAGES"], world.instance.pages, dirs_exist_ok=True)
        with bare.active():
            due = feeds_due()
            steps = run_apart("one_day", DAY.isoformat(), NEXT.isoformat(), *due)
        begun, runs = by_scheduler(world, ours, due)
        by_ledger, waited = steps_of_ledger(ours, begun)
    finally:
        world.stop()
    whole, alone = seconds_until(runs, begun), sum(steps.values())
    loaded, published = (seconds_until([run for run in runs if run.dag_id.startswith(dag)], begun) for dag in ("feed_", BUILD_DAG))
    detail = (
        f"{len(due)} feeds: {whole:.0f} s by the scheduler (loaded after {loaded:.0f} s, published and sealed after"
        f" {published:.0f} s; {len(runs)} runs, their steps {by_ledger:.0f} s by the ledger, the build waited {waited:.0f} s"
        " for the feeds),"
        f" {alone:.0f} s bare ({', '.join(f'{name} {seconds:.0f}' for name, seconds in steps.items())})"
    )
    yield Measured("a day through the scheduler against its bare steps", whole / alone, GOAL, detail, at_most=True)


def feeds_due() -> list[str]:
    """Those whose timetable owes exactly this day, the register first."""
    from hearth.contracts.loading import find_contract
    from hearth.dated.timetable import SeasonTimetable

    def owed(feed: str) -> bool:
        interval = SeasonTimetable.of(find_contract(feed).schedule).interval_from(DAY)
        return interval is not None and (interval.start, interval.end) == (DAY, NEXT)

    return [feed for feed in feeds_in_order() if owed(feed)]


def by_scheduler(world: World, warehouse: Warehouse, due: list[str]) -> tuple[datetime, list[Run]]:
    """When the day was let loose, and the runs that came of it, all ended well. Raises RunsFailed, AirflowError."""
    driver = up_and_warm(world.instance, warehouse)
    client = driver.client
    begun = datetime.now(UTC)
    for feed in feeds_in_order():
        client.set_paused(f"feed_{feed}", False)
    wait_for(lambda: len(ended_feeds(client)) == len(due), PATIENCE_SECONDS, "the feeds of the day", every=2.0)
    driver.wait_for_builds(lambda _: None)
    runs = [run for run in client.runs() if run.started_at and datetime.fromisoformat(run.started_at) >= begun]
    client.close()
    bad = [run for run in runs if run.state != "success"]
    missing = {BUILD_DAG, *FOLLOWERS} - {run.dag_id for run in runs}
    if bad or missing:
        raise RunsFailed(f"not the day that was to be measured: {bad or ''} {missing or ''}")
    return begun, runs


def up_and_warm(instance: Instance, warehouse: Warehouse) -> Driver:
    """An Airflow on this warehouse: the feeds asleep, what follows them awake, one run ended."""
    instance.extra.update(warehouse.variables, HEARTH_SCHEDULE_START=DAY.isoformat(), HEARTH_SCHEDULE_END=NEXT.isoformat())
    stack.choose_ports(instance)
    variables = stack.variables_of(instance)
    airflow.prepare(instance, variables)
    stack.ensure(instance, airflow.services(instance, variables))
    driver = Driver(airflow.client(instance), read_feeds(instance.feeds))
    client = driver.client
    driver.wait_for_dags(lambda *_: None)
    driver.wake_followers()
    client.set_paused(BUILD_DAG, False)
    client.trigger(REPORT_DAG)
    wait_for(lambda: not any(run.is_active for run in client.runs()), 300, "a first run")
    return driver


def ended_feeds(client: Client) -> list[Run]:
    return [run for run in client.runs(run_type="scheduled") if run.dag_id.startswith("feed_") and not run.is_active]


def steps_of_ledger(warehouse: Warehouse, begun: datetime) -> tuple[float, float]:
    """(seconds of all steps since then without the waiting, seconds waited for the feeds to be quiet)."""
    ((seconds, waited),) = warehouse.rows(
        "select sum(seconds)::float8, sum((facts ->> 'waited_seconds')::float8) from ledger.step where at >= %s", begun
    )
    return seconds - waited, waited


def seconds_until(runs: list[Run], begun: datetime) -> float:
    """To the end of the last of them."""
    return max((datetime.fromisoformat(run.ended_at) - begun).total_seconds() for run in runs if run.ended_at)
