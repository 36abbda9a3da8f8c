"""Readings become hours and days: one SQL text each, run on the files of readings, its rows put into PostgreSQL by day.

Runs in the middle of a build: after the models that say how readings are to be read (limits, settings of points, which days
changed) and before those that go on from the days. `dbt_project/reductions/` holds the texts; dbt knows their results as the source
`reduced`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import yaml

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue, move
from hearth.lake.errors import ReadingsNotMoved
from hearth.transform.engines.choice import engine_of_readings
from hearth.transform.engines.engine import Words, Work
from hearth.transform.reduced_rows import put
from hearth.transform.texts import FOLDER, Days, statement
from hearth.warehouse.connections import connect, warehouse_url

ALWAYS_ASKED = ("stg_place", "int_rebuild_range")
"""Models every reduction needs: the place's time zone, and which days are made anew."""
FOREVER = date(9999, 12, 31)
FIRST, LAST = date(1000, 1, 1), date(9000, 1, 1)
"""Nothing lies further off than a date can say."""


@dataclass(frozen=True)
class Reduction:
    """One text and what it needs, as reductions.yml says."""

    name: str
    reads: str
    subject: str
    reach_days: int | str
    given: dict[str, str]


def reductions() -> list[Reduction]:
    told = yaml.safe_load((FOLDER / "reductions.yml").read_text(encoding="utf-8"))
    return [Reduction(name, **facts) for name, facts in told.items()]


def models_before() -> list[str]:
    """The models that have to stand before readings are reduced."""
    asked = [model for each in reductions() for model in each.given.values()]
    asked += [each.reach_days.partition(".")[0] for each in reductions() if isinstance(each.reach_days, str)]
    return sorted({*ALWAYS_ASKED, *asked})


@dataclass(frozen=True)
class Task:
    """What is to be made of one reduction."""

    work: Work
    days: Days | None
    """None for all, empty where none changed."""


def reduce(full_refresh: bool, waiting_feeds: Sequence[str] = (), schema_prefix: str = "") -> list[dict[str, Any]]:
    """Make the days anew that changed, or all of them; returns a fact sheet each, as dbt's nodes have. Raises ReadingsNotMoved,
    EngineFailed."""
    _refuse_unmoved()
    engine, facts = engine_of_readings(), []
    tasks = [_task(reduction, engine.words, full_refresh, waiting_feeds, schema_prefix) for reduction in reductions()]
    with closing(engine.run([task.work for task in tasks if task.days != []])) as made:
        for task in tasks:
            begun, said = time.monotonic(), "nothing of it changed"
            if task.days != []:
                said = f"{put(f'{schema_prefix}reduced', task.work.name, next(made), task.days)} rows"
            seconds = round(time.monotonic() - begun, 2)
            facts.append({"node": f"reduction.hearth.{task.work.name}", "status": "success", "seconds": seconds, "message": said})
    return facts


def _refuse_unmoved() -> None:
    with connect("transformer") as connection:
        left = move.waiting(connection)
    if left:
        told = ", ".join(f"{number} batches of {entity}" for entity, number in left.items())
        raise ReadingsNotMoved(
            f"{told} lie in tables of the database; readings live in files now (HEARTH_LAKE). Run `hearth readings move` once, then"
            " build again; nothing was published, and what is published stays"
        )


def _task(reduction: Reduction, words: Words, full_refresh: bool, waiting_feeds: Sequence[str], prefix: str) -> Task:
    entity = ENTITIES[reduction.reads]
    with connect("transformer") as connection:
        # One snapshot: a day that is merged meanwhile is not read from old and new files.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        zone = ZoneInfo(_value(connection, f"select time_zone from {prefix}staging.stg_place"))
        is_there = _value(connection, f"select to_regclass('{prefix}reduced.{reduction.name}') is not null")
        days = None if full_refresh or not is_there else _changed(connection, reduction, prefix)
        if days == []:
            return Task(Work(reduction.name, "", entity, ()), days)
        reach = _reach(connection, reduction, prefix) if days else 0
        spans = list(_instants([(_shifted(first, -reach), _shifted(last, reach)) for first, last in days or []], zone))
        read: Sequence[tuple[datetime | None, datetime | None]] = spans or [(None, None)]
        files = [file for a, b in read for file in catalogue.current(connection, reduction.reads, since=a, until=b)]
    given = _given(reduction, prefix)
    text = statement(reduction.name, words, zone, days, spans, waiting_feeds, standing_limits(given))
    return Task(Work(reduction.name, text, entity, tuple(dict.fromkeys(files)), given), days)


def _shifted(day: date, by: int) -> date:
    return min(max(day, FIRST), LAST) + timedelta(by)


def _instants(days: Days, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The spans of these local days, [since, until)."""
    for first, last in days:
        yield datetime.combine(first, clock(), zone), datetime.combine(last + timedelta(1), clock(), zone)


def _changed(connection: psycopg.Connection, reduction: Reduction, prefix: str) -> Days:
    rows = connection.execute(
        f"select greatest(from_date, %s), least(to_date, %s) from {prefix}intermediate.int_rebuild_range"
        " where subject = %s order by 1",
        (FIRST, LAST, reduction.subject),
    )
    return [(first, last) for first, last in rows]


def _given(reduction: Reduction, prefix: str) -> dict[str, pa.Table]:
    """The models it needs, whole: dated settings are small."""
    if not reduction.given:
        return {}
    with adbc.connect(warehouse_url("transformer")) as connection, connection.cursor() as cursor:
        found = {}
        for name, model in reduction.given.items():
            schema = "staging" if model.startswith("stg_") else "intermediate"
            cursor.execute(f"select * from {prefix}{schema}.{model}")
            found[name] = cursor.fetch_arrow_table()
        return found


def standing_limits(given: Mapping[str, pa.Table]) -> dict[str, float]:
    """Limits of what looks over many days: their value in the period without end; a build refuses a second one."""
    periods = given["limit_period"].to_pylist() if "limit_period" in given else []
    return next((period for period in periods if period["valid_to"] == FOREVER), {})


def _reach(connection: psycopg.Connection, reduction: Reduction, prefix: str) -> int:
    if isinstance(reduction.reach_days, int):
        return reduction.reach_days
    model, _, column = reduction.reach_days.partition(".")
    return int(_value(connection, f"select max({column}) from {prefix}intermediate.{model}"))


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
