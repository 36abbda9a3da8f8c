"""Readings become hours and days: one SQL text each, run on the files of readings, its rows put into PostgreSQL by day.

Runs in the middle of a build: after the models that say how readings are to be read (limits, settings of points, which days
changed) and before those that go on from the days. `dbt_project/reductions/` holds the texts; dbt knows their results as the source
`reduced`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue, move
from hearth.lake.engine import engine, show
from hearth.lake.errors import ReadingsNotMoved
from hearth.lake.files import Lake
from hearth.transform.plan import DBT_PROJECT
from hearth.warehouse.connections import connect, warehouse_url

FOLDER = DBT_PROJECT / "reductions"
ALWAYS_ASKED = ("stg_place", "int_rebuild_range")
"""Models every reduction needs: the place's time zone, and which days are made anew."""
FOREVER = date(9999, 12, 31)
FIRST, LAST = date(1000, 1, 1), date(9000, 1, 1)
"""Nothing lies further off than a date can say."""

Days = list[tuple[date, date]]


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


def reduce(full_refresh: bool, waiting_feeds: Sequence[str] = (), schema_prefix: str = "") -> list[dict[str, Any]]:
    """Make the days anew that changed, or all of them; returns a fact sheet each, as dbt's nodes have. Raises ReadingsNotMoved."""
    _refuse_unmoved()
    facts = []
    for reduction in reductions():
        begun = time.monotonic()
        rows = _one(reduction, full_refresh, waiting_feeds, schema_prefix)
        said = "nothing of it changed" if rows is None else f"{rows} rows"
        seconds = round(time.monotonic() - begun, 2)
        facts.append({"node": f"reduction.hearth.{reduction.name}", "status": "success", "seconds": seconds, "message": said})
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


def _one(reduction: Reduction, full_refresh: bool, waiting_feeds: Sequence[str], prefix: str) -> int | None:
    """Rows made, or None where no day changed."""
    with connect("transformer") as connection:
        connection.isolation_level = (
            psycopg.IsolationLevel.REPEATABLE_READ
        )  # a day merged meanwhile is not read from old and new files
        zone = ZoneInfo(_value(connection, f"select time_zone from {prefix}staging.stg_place"))
        is_there = _value(connection, f"select to_regclass('{prefix}reduced.{reduction.name}') is not null")
        days = None if full_refresh or not is_there else _changed(connection, reduction, prefix)
        if days == []:
            return None
        reach = _reach(connection, reduction, prefix) if days else 0
        reached = [(_shifted(first, -reach), _shifted(last, reach)) for first, last in days or []]
        files = [
            file
            for since, until in (_instants(reached, zone) if reached else [(None, None)])
            for file in catalogue.current(connection, reduction.reads, since=since, until=until)
        ]
    given = _given(reduction, prefix)
    with engine() as database:
        show(database, ENTITIES[reduction.reads], dict.fromkeys(files), Lake())
        for name, table in given.items():
            database.register(name, table)
        text = statement(reduction, zone, days, reached, waiting_feeds, _standing(given))
        return _put(f"{prefix}reduced", reduction.name, database.sql(text).to_arrow_reader(1 << 17), days)


def statement(
    reduction: Reduction,
    zone: ZoneInfo,
    days: Days | None,
    reached: Days,
    waiting_feeds: Sequence[str],
    standing: Mapping[str, float],
) -> str:
    """The text as the engine runs it. `days`: those to make anew, None for all; `reached`: with those around them that are read;
    `standing`: limits that hold for all days."""
    dated = {
        "made_days": lambda column: _any(f"{column} between date '{a}' and date '{b}'" for a, b in days or []),
        "standing_limit": lambda code: repr(float(standing[code])),
    }
    words = {**_words(zone, list(_instants(reached, zone)), waiting_feeds), **dated}
    return _environment().get_template(f"{reduction.name}.sql").render(words)


def picked(entity: str, zone: ZoneInfo, since: datetime, until: datetime, waiting_feeds: Sequence[str]) -> str:
    """The rule by which one reading of each key is picked, of [since, until): the picked ones have `nth` 1."""
    return _environment().get_template(f"picked/{entity}.sql").render(_words(zone, [(since, until)], waiting_feeds))


def local_date(column: str, zone: ZoneInfo) -> str:
    return f"cast({column} at time zone '{zone.key}' as date)"


def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def _words(zone: ZoneInfo, spans: list[tuple[datetime, datetime]], waiting_feeds: Sequence[str]) -> dict[str, Any]:
    """What the texts say, as DuckDB says it."""
    names = ", ".join(f"'{feed}'" for feed in waiting_feeds)  # names are [a-z0-9_]
    return {
        "not_waiting": lambda feed: f"{feed} not in ({names})" if names else "true",
        "in_days": lambda column: _any(f"{column} >= {_at(a)} and {column} < {_at(b)}" for a, b in spans),
        "local_date": lambda column: local_date(column, zone),
        "local_date_of_us": lambda us: local_date(f"make_timestamp({us}) at time zone 'UTC'", zone),
        "epoch_us": lambda column: f"epoch_us({column})",
        "hour_no": lambda column: f"cast(floor(epoch_us({column}) / 3600000000) as bigint)",
        "whole_division": lambda of, by: f"(({of}) // ({by}))",
        "nearest": lambda number: f"round_even({number}, 0)",
        "microseconds": lambda hours: str(round(float(hours) * 3_600_000_000)),
    }


def _any(terms: Iterable[str]) -> str:
    """Any of them; all days, where none are named."""
    told = " or ".join(f"({term})" for term in terms)
    return f"({told})" if told else "true"


def _at(instant: datetime) -> str:
    return f"timestamptz '{instant.astimezone(UTC).isoformat(sep=' ')}'"


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


def _standing(given: Mapping[str, pa.Table]) -> dict[str, float]:
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


def _put(schema: str, name: str, rows: pa.RecordBatchReader, days: Days | None) -> int:
    """Put the rows in the place of those of their days, or of all, in one transaction."""
    columns = [(field.name, _postgres_type(field.type)) for field in rows.schema]
    with adbc.connect(warehouse_url("transformer")) as connection, connection.cursor() as cursor:
        if days is None:
            _empty_table(cursor, schema, name, columns)
        else:
            gone = " or ".join(f"heating_date between '{first}' and '{last}'" for first, last in days)
            cursor.execute(f"delete from {schema}.{name} where {gone}")
        made = cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)
        cursor.execute(f"analyze {schema}.{name}")
        connection.commit()
    return int(made)


def _empty_table(cursor: Any, schema: str, name: str, columns: list[tuple[str, str]]) -> None:
    """A table of these columns without rows: the one that is there, where it has the same, so that what reads it stays."""
    cursor.execute(
        "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2"
        " order by ordinal_position",
        (schema, name),
    )
    if cursor.fetchall() == columns:
        cursor.execute(f"truncate {schema}.{name}")
        return
    cursor.execute(f"drop table if exists {schema}.{name} cascade")
    cursor.execute(f"create table {schema}.{name} ({', '.join(f'{column} {kind}' for column, kind in columns)})")
    cursor.execute(f"create index on {schema}.{name} (heating_date)")


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return "numeric"
    known = {
        pa.string(): "text", pa.date32(): "date", pa.int64(): "bigint", pa.int32(): "integer", pa.float64(): "double precision",
        pa.bool_(): "boolean",
    }  # fmt: skip
    return known[kind]
