"""Drive the feeds' DAGs: long intervals of history through the REST API, then the days the scheduler catches up.

The register goes first: what refers to a household or a point is judged with the dated register beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from local.airflow_api import Client, Run, wait_for

BUILD_DAG = "build_marts"
REPORT_DAG = "write_reports"
READERS = (REPORT_DAG, "morning_brief")
"""Read what was published: the next build need not wait for them."""

FOLLOWERS = ("replay_quarantine", *READERS)
"""Started by assets; awake from the beginning."""

REGISTER_ENTITIES = ("station", "community", "building", "household", "household_suspension", "measuring_point")
PATIENCE_SECONDS = 3600.0
SETTLED_SECONDS = 4.0
"""How long nothing may wait before the builds count as finished: an asset event becomes a run within two seconds."""

Tell = Callable[[str, float, float], None]


def uncovered(pulled: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The pieces of [start, end) no pulled interval covers."""
    gaps, reached = [], start
    for first, last in sorted(pulled):
        if first > reached:
            gaps.append((reached, min(first, end)))
        reached = max(reached, last)
        if reached >= end:
            break
    if reached < end:
        gaps.append((reached, end))
    return [gap for gap in gaps if gap[0] < gap[1]]


class RunsFailed(RuntimeError):
    """DAG runs ended red; the message holds the failed tasks and the end of their logs."""


@dataclass(frozen=True)
class Feed:
    """A contract as far as the order of loading needs it."""

    name: str
    entity: str

    @property
    def dag_id(self) -> str:
        return f"feed_{self.name}"

    @property
    def is_register(self) -> bool:
        return self.entity in REGISTER_ENTITIES


def read_feeds(folder: Path) -> list[Feed]:
    """The contracts of a folder; those with the most rows first, so that the long runs do not begin last."""
    feeds = []
    for path in sorted(folder.glob("*.yml")):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        feeds.append(Feed(str(contract["feed"]), str(contract["entity"])))
    return sorted(feeds, key=lambda feed: (feed.entity not in ("room_reading", "household"), feed.name))


class Driver:
    """Starts and awaits runs of one instance's feeds."""

    def __init__(self, client: Client, feeds: Iterable[Feed]) -> None:
        self.client = client
        self.feeds = list(feeds)

    def wait_for_dags(self, tell: Tell, seconds: float = 180.0) -> None:
        """Wait until Airflow knows every feed's DAG, the build and its followers; complain at once about a file it cannot read."""
        wanted = {feed.dag_id for feed in self.feeds} | {BUILD_DAG, *FOLLOWERS}

        def known() -> bool:
            if errors := self.client.import_errors():
                raise RunsFailed("Airflow cannot read:\n" + "\n".join(errors))
            found = wanted & self.client.dags().keys()
            tell(f"{len(found)} of {len(wanted)} DAGs read", len(found), len(wanted))
            return found == wanted and all(map(self.client.can_start, wanted))

        wait_for(known, seconds, "DAGs not read by Airflow")

    def wake_followers(self) -> None:
        """Let the DAGs that only follow others run when their turn comes."""
        for dag_id in FOLLOWERS:
            self.client.set_paused(dag_id, False)

    # History

    def load_history(self, start: datetime, end: datetime, tell: Tell) -> None:
        """One run a feed for [start, end), the register first. Runs that succeeded before are left as they are."""
        total = len(self.feeds)
        done = 0
        for group in ([f for f in self.feeds if f.is_register], [f for f in self.feeds if not f.is_register]):
            self._load_group(group, start, end, lambda text, n, base=done: tell(text, base + n, total))  # type: ignore[misc]
            done += len(group)

    def _load_group(self, feeds: list[Feed], start: datetime, end: datetime, tell: Callable[[str, int], None]) -> None:
        waiting: dict[str, str] = {}
        for feed in feeds:
            # A scheduled run has the start of its interval as logical date; this one must be another moment, and lie
            # within the schedule, or Airflow would not run its tasks.
            moment = end + timedelta(seconds=1)
            waiting[feed.dag_id] = self._ensure(feed.dag_id, f"history__{start:%Y%m%d}__{end:%Y%m%d}", moment, (start, end))
            self.client.set_paused(feed.dag_id, False)
        self._await(waiting, tell, on_end=lambda dag_id: self.client.set_paused(dag_id, True))

    def _ensure(self, dag_id: str, run_id: str, moment: datetime, interval: tuple[datetime, datetime]) -> str:
        """Start a run, or run the failed tasks of an earlier try again."""
        known = self.client.run(dag_id, run_id)
        if known is None:
            note = f"one interval: {interval[0]:%Y-%m-%d} to {interval[1]:%Y-%m-%d}"
            self.client.trigger(dag_id, run_id, logical_date=moment, interval=interval, note=note)
        elif known.state == "failed":
            self.client.retry(dag_id, run_id)
        return run_id

    def _await(self, waiting: dict[str, str], tell: Callable[[str, int], None], on_end: Callable[[str], None]) -> None:
        """Wait for runs (DAG id -> run id); all of them are awaited before failures are told."""
        ended: dict[str, Run] = {}
        until = time.monotonic() + PATIENCE_SECONDS
        while len(ended) < len(waiting):
            running = []
            for dag_id, run_id in waiting.items():
                if dag_id in ended:
                    continue
                run = self.client.run(dag_id, run_id)
                if run is None or not run.is_active:
                    assert run is not None, f"run {run_id} of {dag_id} is gone"
                    ended[dag_id] = run
                    on_end(dag_id)
                elif run.state == "running":
                    running.append(dag_id.removeprefix("feed_"))
            tell(f"{len(ended)} of {len(waiting)} feeds, running: {', '.join(running) or '-'}", len(ended))
            if time.monotonic() > until:
                raise RunsFailed(f"not finished within {PATIENCE_SECONDS:.0f} s: {', '.join(waiting.keys() - ended.keys())}")
            time.sleep(1.0)
        self._raise_failures(ended.values())

    def _raise_failures(self, runs: Iterable[Run]) -> None:
        told: list[str] = []
        for run in runs:
            if run.state == "failed":
                told += self.client.failures(run.dag_id, run.run_id) or [f"{run.dag_id} / {run.run_id}: failed"]
        if told:
            raise RunsFailed("\n\n".join(told))

    # The last days

    def catch_up(self, end: datetime, tell: Tell, seconds: float = PATIENCE_SECONDS) -> None:
        """Let the scheduler create and run what is due before `end`, and wait until nothing is left."""
        for feed in sorted(self.feeds, key=lambda feed: not feed.is_register):
            for run in self.client.runs(feed.dag_id, run_type="scheduled", state="failed"):  # an earlier demo's
                self.client.retry(run.dag_id, run.run_id)
            self.client.set_paused(feed.dag_id, False)
        quiet = 0

        def finished() -> bool:
            nonlocal quiet
            runs = [run for feed in self.feeds for run in self.client.runs(feed.dag_id, run_type="scheduled")]
            active = [run for run in runs if run.is_active]
            due = [feed for feed in self.feeds if self._is_due(feed, end)]
            tell(f"{len(runs) - len(active)} of {len(runs)} daily runs done", len(runs) - len(active), len(runs) or 1)
            quiet = 0 if active or due else quiet + 1
            return quiet >= 3

        wait_for(finished, seconds, "daily runs")
        self._raise_failures(run for feed in self.feeds for run in self.client.runs(feed.dag_id, run_type="scheduled"))

    def _is_due(self, feed: Feed, end: datetime) -> bool:
        """Whether the scheduler has yet to create a run that begins before `end`."""
        start = self.client.next_interval_start(feed.dag_id)
        return start is not None and datetime.fromisoformat(start) < end

    def load_remainder(self, gaps: dict[str, list[tuple[datetime, datetime]]], tell: Tell) -> None:
        """Runs for what the cadence of a feed leaves out, such as the half week of a weekly one."""
        while any(gaps.values()):
            waiting = {}
            for feed in self.feeds:
                if gaps.get(feed.name):
                    start, end = gaps[feed.name].pop(0)
                    run_id = f"remainder__{start:%Y%m%dT%H%M}__{end:%Y%m%dT%H%M}"
                    waiting[feed.dag_id] = self._ensure(feed.dag_id, run_id, start + timedelta(seconds=2), (start, end))
            total = len(waiting)
            self._await(waiting, lambda text, n, of=total: tell(text, n, of), on_end=lambda _: None)  # type: ignore[misc]

    # Marts

    def build(self, tell: Callable[[str], None]) -> None:
        """Start one build by hand: events that came while the build was paused start nothing.

        Its reports go on beside what follows.
        """
        self.client.set_paused(BUILD_DAG, False)
        self.client.trigger(BUILD_DAG, note="first build after the history", conf={"quiet_seconds": 0})
        self.wait_for_builds(tell, but=READERS)

    def repeat_failed_build(self) -> None:
        """Where an earlier demo ended with a red build, build again: nothing else would start it."""
        if self._waiting_or_active([BUILD_DAG]):
            return
        runs = self._runs_in_order(BUILD_DAG)
        if runs and runs[-1].state == "failed":
            self.client.trigger(BUILD_DAG, note="again, after a failed build")

    def _waiting_or_active(self, chain: Iterable[str]) -> list[str]:
        """DAGs of a chain that run, or that an asset event is about to start."""
        return [
            dag_id
            for dag_id in chain
            if any(run.is_active for run in self.client.runs(dag_id)) or self.client.events_waiting(dag_id)
        ]

    def _runs_in_order(self, dag_id: str) -> list[Run]:
        return sorted(self.client.runs(dag_id), key=lambda run: run.started_at or "")

    def wait_for_builds(self, tell: Callable[[str], None], but: Iterable[str] = ()) -> None:
        """Wait until no build runs or waits, and insist that the last one succeeded; replays and reports too, `but` those named."""
        quiet_since = time.monotonic()

        def settled() -> bool:
            nonlocal quiet_since
            if busy := self._waiting_or_active(chain):
                quiet_since = time.monotonic()
                tell(", ".join(busy))
            return time.monotonic() - quiet_since > SETTLED_SECONDS

        chain = [dag_id for dag_id in (*FOLLOWERS, BUILD_DAG) if dag_id not in but]
        wait_for(settled, PATIENCE_SECONDS, "builds of the marts")
        for dag_id in chain:
            runs = self._runs_in_order(dag_id)
            if not runs and dag_id == BUILD_DAG:
                raise RunsFailed(f"no run of {BUILD_DAG}: it is started by the feeds' assets; is it paused?")
            self._raise_failures(runs[-1:])
