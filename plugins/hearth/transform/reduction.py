"""Readings become hours and days: one SQL text each, run on the files of readings, its rows put into PostgreSQL by day.

Runs in the middle of a build: after the models that say how readings are to be read (limits, settings of points, which days
changed) and before those that go on from the days. `dbt_project/reductions/` holds the texts; dbt knows their results as the source
`reduced`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import yaml

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.lake import catalogue, move
from hearth.lake.catalogue import ReadingFile
from hearth.lake.errors import ReadingsNotMoved
from hearth.transform.asked import ALL, FIRST, LAST, Asked, Days, Span, of_days, of_moving
from hearth.transform.engines.choice import engine_of_readings
from hearth.transform.engines.engine import Engine, Words, Work
from hearth.transform.reduced_rows import put
from hearth.transform.texts import FOLDER, statement
from hearth.warehouse.connections import connect, warehouse_url

ALWAYS_ASKED = ("stg_place", "int_rebuild_range")
"""Models every reduction needs: the place's time zone, and which days are made anew."""
FOREVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Moving:
    """Things whose readings move are made anew on fewer days."""

    subject: str
    hours: str
    key: list[str]
    """Of a row: with it a row of what stands still takes the place of the one before."""


@dataclass(frozen=True)
class Reduction:
    """One text and what it needs, as reductions.yml says."""

    name: str
    reads: str
    subject: str
    reach_days: int | str
    given: dict[str, str]
    moving: Moving | None = None


def reductions() -> list[Reduction]:
    told = yaml.safe_load((FOLDER / "reductions.yml").read_text(encoding="utf-8"))
    return [
        Reduction(name, moving=Moving(**moving) if (moving := facts.pop("moving", None)) else None, **facts)
        for name, facts in told.items()
    ]


def models_before() -> list[str]:
    """The models that have to stand before readings are reduced."""
    needed = [model for each in reductions() for model in each.given.values()]
    needed += [each.reach_days.partition(".")[0] for each in reductions() if isinstance(each.reach_days, str)]
    return sorted({*ALWAYS_ASKED, *needed})


@dataclass(frozen=True)
class Task:
    """What is to be made of one reduction."""

    reduction: Reduction
    work: Work
    asked: Asked


def reduce(full_refresh: bool, waiting_feeds: Sequence[str] = (), schema_prefix: str = "") -> list[dict[str, Any]]:
    """Make the days anew that changed, or all of them; returns a fact sheet each, as dbt's nodes have. Raises ReadingsNotMoved,
    EngineFailed."""
    engine, facts = ready(), []
    tasks = [_task(reduction, engine.words, full_refresh, waiting_feeds, schema_prefix) for reduction in reductions()]
    with closing(engine.run([task.work for task in tasks if not task.asked.is_nothing])) as made:
        for task in tasks:
            begun, said = time.monotonic(), "nothing of it changed"
            if not task.asked.is_nothing:
                moving = task.reduction.moving
                key = moving.key if moving and task.asked.standing else ()
                said = f"{put(f'{schema_prefix}reduced', task.work.name, next(made), task.asked.days, key)} rows"
            seconds = round(time.monotonic() - begun, 2)
            facts.append({"node": f"reduction.hearth.{task.work.name}", "status": "success", "seconds": seconds, "message": said})
    return facts


def ready() -> Engine:
    """The engine, where readings can be reduced at all. Raises ReadingsNotMoved, EngineFailed."""
    with connect("transformer") as connection:
        left = move.waiting(connection)
    if left:
        told = ", ".join(f"{number} batches of {entity}" for entity, number in left.items())
        raise ReadingsNotMoved(
            f"{told} lie in tables of the database; readings live in files now (HEARTH_LAKE). Run `hearth readings move` once, then"
            " build again; nothing was published, and what is published stays"
        )
    return engine_of_readings()


def _task(reduction: Reduction, words: Words, full_refresh: bool, waiting_feeds: Sequence[str], prefix: str) -> Task:
    entity = ENTITIES[reduction.reads]
    with connect("transformer") as connection:
        # One snapshot: a day that is merged meanwhile is not read from old and new files.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        zone = ZoneInfo(_value(connection, f"select time_zone from {prefix}staging.stg_place"))
        is_there = _value(connection, f"select to_regclass('{prefix}reduced.{reduction.name}') is not null")
        asked = ALL if full_refresh or not is_there else _asked(connection, reduction, zone, prefix)
        if asked.is_nothing:
            return Task(reduction, Work(reduction.name, "", entity, ()), asked)
        files, readings = _files(connection, entity, asked.all_spans), sum(f.rows for f in _files(connection, entity, asked.spans))
    given = _given(reduction, prefix)
    text = statement(reduction.name, words, zone, waiting_feeds, standing_limits(given), asked)
    return Task(reduction, Work(reduction.name, text, entity, files, given, readings), asked)


def _files(connection: psycopg.Connection, entity: Entity, spans: Sequence[Span]) -> tuple[ReadingFile, ...]:
    """Those with readings of any of these times, each once; all without any."""
    asked = spans or ((None, None),)
    return tuple(dict.fromkeys(file for a, b in asked for file in catalogue.current(connection, entity.name, since=a, until=b)))


def _asked(connection: psycopg.Connection, reduction: Reduction, zone: ZoneInfo, prefix: str) -> Asked:
    """What is to be made anew because of what changed."""
    days = _changed(connection, reduction.subject, prefix)
    reach = reduction.reach_days
    all_of_it = of_days(days, reach if isinstance(reach, int) else _said(connection, reach, prefix), zone)
    if reduction.moving is None or not days:
        return all_of_it
    few = _changed(connection, reduction.moving.subject, prefix)
    if not few:  # nobody says which they are: then they are all
        return all_of_it
    return of_moving(few, _said(connection, reduction.moving.hours, prefix), all_of_it, zone)


def _changed(connection: psycopg.Connection, subject: str, prefix: str) -> Days:
    rows = connection.execute(
        f"select greatest(from_date, %s), least(to_date, %s) from {prefix}intermediate.int_rebuild_range"
        " where subject = %s order by 1",
        (FIRST, LAST, subject),
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


def _said(connection: psycopg.Connection, place: str, prefix: str) -> int:
    """A number that a model says: `model.column`."""
    model, _, column = place.partition(".")
    return int(_value(connection, f"select max({column}) from {prefix}intermediate.{model}"))


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
