"""What a trial has changed: its published marts and its counts of rows beside those of the installation when it began.

Both stand in the trial's own database, so that nothing but the trial lies between them: not what came in since, either.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from hearth.transform import impact
from hearth.transform.publication_record import OF_RUNS
from hearth.trial.before import COUNTS, INTAKE, SCHEMA
from hearth.trial.place import Trial

NOW = "marts"
ROWS = """
with differing as (
    (select {columns}, false as is_new from ((select {columns} from {old}) except all (select {columns} from {new})) as gone)
    union all
    (select {columns}, true as is_new from ((select {columns} from {new}) except all (select {columns} from {old})) as added)
),
paired as (
    select max({season}) as season, bool_or(not is_new) as was, bool_or(is_new) as stands
    from (select *, row_number() over () as nth from differing) as d group by {key}
)
select season, count(*) filter (where not was) as added, count(*) filter (where not stands) as gone,
    count(*) filter (where was and stands) as changed
from paired group by season order by season
"""
INTAKE_CHANGED = """
select feed, nullif(reason, '') as reason, coalesce(o.rows, 0) as before, coalesce(n.rows, 0) as now
from {old} as o full join ({new}) as n using (feed, reason)
where coalesce(o.rows, 0) <> coalesce(n.rows, 0) order by feed, reason
"""


def compare(trial: Trial) -> dict[str, Any]:
    """KPI values and headline as `hearth impact` tells them; rows of each mart by season; rows by feed and reason."""
    with psycopg.connect(trial.url("engineer")) as connection:
        connection.execute("set local statement_timeout = 0")
        counts = sql.SQL(INTAKE_CHANGED).format(old=sql.Identifier(SCHEMA, COUNTS), new=sql.SQL(INTAKE))
        return {
            "kpis": impact.differences(connection, published=SCHEMA, changed=NOW),
            "marts": {mart: rows for mart in _marts(connection) if (rows := _rows(connection, mart))},
            "intake": impact.rows_of(connection, counts),
        }


def _marts(connection: psycopg.Connection) -> list[str]:
    """Those of the installation and of the trial, but for marts about the runs themselves, of which a trial has its own."""
    query = "select distinct tablename::text from pg_tables where schemaname in (%s, %s) and tablename <> all(%s) order by 1"
    return [mart for (mart,) in connection.execute(query, (SCHEMA, NOW, [COUNTS, *OF_RUNS]))]


def _rows(connection: psycopg.Connection, mart: str) -> list[dict[str, Any]]:
    """Rows added, gone and changed by season (None for a mart without); with the columns where they are others."""
    old, new = _columns(connection, SCHEMA, mart), _columns(connection, NOW, mart)
    if not old or not new:
        there = sql.Identifier(SCHEMA if old else NOW, mart)
        number = impact.rows_of(connection, sql.SQL("select count(*) as n from {}").format(there))[0]["n"]
        return [{"season": None, "added": 0 if old else number, "gone": number if old else 0, "changed": 0}]
    common = [name for name in new if name in old]
    key = [name for name in _key(connection, mart) if name in common]
    query = sql.SQL(ROWS).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, common)),
        old=sql.Identifier(SCHEMA, mart),
        new=sql.Identifier(NOW, mart),
        season=sql.SQL("season::text" if "season" in common else "null::text"),
        key=sql.SQL(", ").join(map(sql.Identifier, key or ["nth"])),
    )
    found = impact.rows_of(connection, query)
    if others := sorted(set(old) ^ set(new)):
        found.append({"season": None, "columns": others, "added": 0, "gone": 0, "changed": 0})
    return found


def _columns(connection: psycopg.Connection, schema: str, mart: str) -> list[str]:
    query = (
        "select column_name::text from information_schema.columns where (table_schema, table_name) = (%s, %s)"
        " order by ordinal_position"
    )
    return [name for (name,) in connection.execute(query, (schema, mart))]


def _key(connection: psycopg.Connection, mart: str) -> list[str]:
    """Columns of the primary key of a published mart; none for one without, whose changed rows are told as gone and added."""
    query = (
        "select a.attname::text from pg_index as i"
        " inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
        " where i.indisprimary and i.indrelid = to_regclass(format('marts.%%I', %s::text))"
    )
    return [name for (name,) in connection.execute(query, (mart,))]
