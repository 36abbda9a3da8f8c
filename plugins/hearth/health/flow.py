"""Does the data flow: sources, batches, quarantine, steps, builds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hearth.approvals.contract_changes import waiting_feeds
from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.dated.calendar import load_seasons
from hearth.health.problem import Problem, Surroundings
from hearth.loading import holds
from hearth.warehouse import holes as missing

LINES_OF_A_FAILURE = 8
"""A failed build is told with its first failed test, its rows and their files."""


def stale_sources(seen: Surroundings, contracts: dict[str, Contract]) -> Iterator[Problem]:
    """Feeds whose newest complete interval should be loaded by now and is not, by their contract's schedule and lateness."""
    from hearth.dated.timetable import SeasonTimetable

    rows = seen.connection.execute(
        "select feed, max(interval_end) from ledger.batch_current where kind = 'pull' and status = 'loaded' group by 1"
    ).fetchall()
    loaded: dict[str, datetime] = dict(rows)
    for feed, contract in contracts.items():
        timetable = SeasonTimetable.of(contract.schedule)
        expected = timetable._last_complete(seen.now - timedelta(hours=contract.expected.lateness_hours))
        if expected is None or (feed in loaded and loaded[feed] >= expected.end):
            continue
        until = f"is loaded until {loaded[feed]:%Y-%m-%d %H:%M} UTC" if feed in loaded else "was never loaded"
        yield Problem(
            "warning",
            "stale source",
            f"feed {feed} ({contract.owner.team})",
            f"{until}; {expected.end:%Y-%m-%d %H:%M} UTC was due {contract.expected.lateness_hours} h ago",
            f"hearth connections check --feed {feed}; then run its DAG for the missing interval",
            "A feed cannot be pulled",
        )


def held_batches(seen: Surroundings) -> Iterator[Problem]:
    for feed, batch, start, end, rows in seen.connection.execute(
        "select feed, batch_id, interval_start, interval_end, rows_read from ledger.batch_current"
        " where status = 'held' order by 1, 2"
    ):
        yield Problem(
            "warning",
            "batch held",
            f"feed {feed}, batch {batch}",
            f"its gate held all {rows} rows of {start:%Y-%m-%d} .. {end:%Y-%m-%d}",
            f"hearth quarantine list --feed {feed} --rows 5; correct contract or source, then replay",
            "A batch is held or a file cannot be read",
        )


def held_pulls(seen: Surroundings) -> Iterator[Problem]:
    """Pulls that would have erased what stands and wait for a person."""
    for hold in holds.listed(seen.connection):
        yield Problem(
            "warning",
            "pull held",
            f"feed {hold.feed}, hold {hold.hold_id}",
            f"pull {hold.pull_id} of {hold.start:%Y-%m-%d %H:%M} .. {hold.end:%Y-%m-%d %H:%M} UTC brings {hold.rows_now:,} rows"
            f" where {hold.rows_before:,} stand",
            f"ask the source; then hearth held accept {hold.hold_id} --why ... or hearth held refuse {hold.hold_id} --why ...",
            "A pull would erase what stands",
        )


def quarantine(seen: Surroundings) -> Iterator[Problem]:
    """Feeds with more open rows than the limit, and feeds of which a far larger share is refused than in the week before."""
    limit, todo = seen.limits["quarantine_open_rows"], "hearth quarantine list --feed {}; mend the cause, replay or waive"
    for feed, rows in seen.connection.execute(
        "select feed, count(*) from quarantine.row_open group by 1 having count(*) > %s order by 1", (limit,)
    ):
        found = f"{rows:,d} open rows, the limit is {limit:,.0f}"
        yield Problem("warning", "quarantine full", f"feed {feed}", found, todo.format(feed), "Quarantine grows")
    week = timedelta(days=7)
    for feed, refused, read, refused_before, read_before in seen.connection.execute(
        "select feed, sum(case when is_now then rows_quarantined else 0 end)::bigint,"
        " sum(case when is_now then rows_read else 0 end)::bigint, sum(case when is_now then 0 else rows_quarantined end)::bigint,"
        " sum(case when is_now then 0 else rows_read end)::bigint"
        " from (select *, interval_end > %(middle)s as is_now from ledger.batch_current"
        " where interval_end > %(start)s and interval_end <= %(end)s) b group by 1 order by 1",
        {"start": seen.now - 2 * week, "middle": seen.now - week, "end": seen.now},
    ):
        if refused < seen.limits["quarantine_growth_min_rows"] or not read_before:
            continue
        if refused / read > seen.limits["quarantine_growth_factor"] * refused_before / read_before:
            found = (
                f"{refused:,d} of {read:,d} rows of the last week refused, {refused_before:,d} of {read_before:,d} the week before"
            )
            yield Problem("warning", "quarantine grows", f"feed {feed}", found, todo.format(feed), "Quarantine grows")


def open_steps(seen: Surroundings) -> Iterator[Problem]:
    """Steps that started and never said how they ended; a later end of the same step of the same subject settles it."""
    hours = seen.limits["step_open_hours"]
    for subject, step, run, at in seen.connection.execute(
        "select subject, step, run_id, at from ledger.step s where outcome = 'started' and at < %s and not exists"
        " (select from ledger.step e where e.subject = s.subject and e.step = s.step and e.step_id > s.step_id"
        " and (e.run_id = s.run_id or e.outcome = 'succeeded') and e.outcome <> 'started') order by at",
        (seen.now - timedelta(hours=hours),),
    ):
        yield Problem(
            "warning",
            "step not ended",
            f"{subject}, {step}, run {run}",
            f"started {at:%Y-%m-%d %H:%M} UTC and never ended (limit {hours:g} h): the process died or still runs",
            "look at the task in Airflow; clear it if it does not run any more",
            "A run was killed, the machine went down",
        )


def died_steps(seen: Surroundings) -> Iterator[Problem]:
    """Steps whose process ended without a word and that nobody has done since."""
    for subject, step, run, at, message in seen.connection.execute(
        "select subject, step, run_id, at, message from ledger.step d where outcome = 'died' and not exists"
        " (select from ledger.step e where e.subject = d.subject and e.step = d.step and e.step_id > d.step_id"
        " and e.outcome in ('succeeded', 'held', 'skipped')) order by at"
    ):
        yield Problem(
            "warning",
            "step died",
            f"{subject}, {step}, run {run}",
            f"{message}; noticed {at:%Y-%m-%d %H:%M} UTC",
            "look at the memory and the logs of that hour; clear the task in Airflow",
            "A run was killed, the machine went down",
        )


def holes(seen: Surroundings, contracts: dict[str, Contract]) -> Iterator[Problem]:
    """Intervals the timetable owes that nobody pulled, by feed."""
    until = seen.now - timedelta(hours=seen.limits["hole_grace_hours"])
    for feed, contract in contracts.items():
        found = list(missing.find(seen.connection, contract, until))
        if found:
            first = found[0].interval
            yield Problem(
                "warning",
                "interval missing",
                f"feed {feed} ({contract.owner.team})",
                f"{len(found)} intervals were never loaded, the first is {first}",
                "the DAG pull_missing asks again every hour; mend the cause, or hearth holes give-up with a reason",
                "An interval is missing",
            )


def rows_in_no_mart(seen: Surroundings) -> Iterator[Problem]:
    """Loaded rows of days of heating seasons that the marts do not show: they begin with the first season anything is known of."""
    if seen.connection.execute("select from ledger.publication limit 1").fetchone() is None:
        return  # before the first publication there are no marts
    ((first,),) = seen.connection.execute("select min(heating_date) from marts.season_kpi").fetchall()
    seasons = [season for season in load_seasons() if first and season.end < first]
    entities = [name for name, entity in ENTITIES.items() if entity.tells_of_days]
    for feed, rows, begin, end in seen.connection.execute(
        "select b.feed, sum(d.rows)::bigint, min(d.event_date), max(d.event_date) from ledger.batch_current b"
        " join ledger.batch_day d using (batch_id) join unnest(%s::date[], %s::date[]) s (start_date, end_date)"
        " on d.event_date between s.start_date and s.end_date"
        " where b.status = 'loaded' and d.entity = any(%s) group by 1 order by 1",
        ([season.start for season in seasons], [season.end for season in seasons], entities),
    ):
        yield Problem(
            "warning",
            "rows in no mart",
            f"feed {feed}",
            f"{rows:,d} loaded rows of {begin} .. {end} stand in no mart: the marts begin with {first:%Y-%m-%d}, the first season"
            " whose days any feed was asked for",
            "run the feed's DAG for the intervals of that season, as a backfill",
            "Rows are loaded and stand in no mart",
        )


def publication(seen: Surroundings) -> Iterator[Problem]:
    """The newest build failed or its gate is red; or rows wait for publication for too long."""
    failed = seen.connection.execute(
        "select o.build_id, o.stage, o.at, o.message from ledger.build_outcome o where o.outcome = 'failed'"
        " and o.build_id > coalesce((select max(build_id) from ledger.publication), 0) order by o.build_id desc, o.at desc limit 1"
    ).fetchone()
    if failed:
        build, stage, at, message = failed
        said = "; ".join(line.strip(" -") for line in (message or "no message").splitlines()[:LINES_OF_A_FAILURE])
        paragraph = "The marts' gate is red" if stage == "gate" else "The marts are not built"
        yield Problem(
            "critical",
            "gate red" if stage == "gate" else "build failed",
            f"build {build}",
            f"{stage} failed {at:%Y-%m-%d %H:%M} UTC: {said}",
            "the published marts are those of before; mend the cause, trigger build_marts",
            paragraph,
        )
    hours = seen.limits["publication_wait_hours"]
    waiting = seen.connection.execute(
        "select count(*), min(committed_at) from ledger.batch b where status = 'loaded' and committed_at < %s"
        " and feed <> all(%s) and not exists"
        " (select from ledger.build_batch bb join ledger.publication p using (build_id) where bb.batch_id = b.batch_id)",
        (seen.now - timedelta(hours=hours), waiting_feeds(seen.connection)),
    ).fetchone()
    if waiting and waiting[0]:
        yield Problem(
            "warning",
            "publication old",
            "marts",
            f"{waiting[0]} batches, the oldest of {waiting[1]:%Y-%m-%d %H:%M} UTC, are not published (limit {hours:g} h)",
            "trigger build_marts; if it is paused, unpause it",
            "The marts are not built",
        )
