"""Readings behind a figure: picked from their files by the rule of the reduction, and laid beside what the ledger says of them."""

from __future__ import annotations

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.trace.origin import Raw
from hearth.transform.engines.on_duckdb import DuckDbWords
from hearth.transform.texts import picked

_WAITING = (
    "select waiting_feeds from ledger.build b join ledger.publication p using (build_id) order by publication_id desc limit 1"
)


def trace(connection: psycopg.Connection, entity: str, subject_days: str, since: datetime, until: datetime) -> Raw:
    """Fill the temporary table `traced` with the readings of [since, until) that `subject_days` asks for (a query of subject and
    local day), and say what of them stands in the files. One state of the warehouse: that of the connection."""
    definition = ENTITIES[entity]
    subject, happened = definition.natural_key
    (zone_name,) = connection.execute("select time_zone from staging.stg_place").fetchone() or ("UTC",)
    (waiting,) = connection.execute(_WAITING).fetchone() or ([],)
    zone, words, asked = ZoneInfo(zone_name), DuckDbWords(), _table(connection, subject_days)
    with engine() as database:
        show(database, definition, catalogue.current(connection, entity, since=since, until=until), Lake())
        database.register("asked", asked)
        day = words.local_date(f"p.{happened}", zone)
        database.execute(
            f"create table traced as select p.* from ({picked(entity, words, zone, (since, until), waiting)}) as p"
            f" inner join asked as a on p.{subject} = a.subject and {day} = a.day where p.nth = 1"
        )
        found, keys = database.execute(f"select count(*), count(distinct row({subject}, {happened})) from traced").fetchall()[0]
        (deliveries,) = database.execute(
            f"select count(*) from {entity} semi join traced using ({subject}, {happened})"
        ).fetchall()[0]
        columns = "feed text, batch_id bigint, file_id bigint, position bigint, sub_position int"
        connection.execute(f"create temp table traced ({columns}) on commit drop")
        places = database.sql("select feed, batch_id, file_id, position, sub_position from traced").to_arrow_reader(1 << 17)
        with connection.cursor().copy("copy traced from stdin (format csv)") as copy:
            for batch in places:
                copy.write(_csv(pa.Table.from_batches([batch])))
    return Raw(f"{entity} (files)", found, deliveries, keys)


def _table(connection: psycopg.Connection, query: str) -> pa.Table:
    """Subjects and days that a query gives."""
    with connection.cursor().copy(f"copy ({query}) to stdout (format csv)") as copy:
        text = b"".join(bytes(part) for part in copy)
    kinds = {"subject": pa.string(), "day": pa.date32()}
    if not text:
        return pa.schema(list(kinds.items())).empty_table()
    named = pa_csv.ReadOptions(column_names=list(kinds))
    return pa_csv.read_csv(io.BytesIO(text), named, convert_options=pa_csv.ConvertOptions(column_types=kinds))


def _csv(rows: pa.Table) -> bytes:
    text = io.BytesIO()
    pa_csv.write_csv(rows, text, pa_csv.WriteOptions(include_header=False))
    return text.getvalue()
