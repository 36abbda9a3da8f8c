"""The marts' gate and the atomic publication: candidate becomes marts in one transaction, or nothing does.

Both ask first whether the candidate marts are what their own build made, whole (hearth.transform.candidate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from hearth.transform import agreement
from hearth.transform.candidate import require_own, sole_build
from hearth.transform.publication_record import Scope, content_hash, record_parts, record_values
from hearth.transform.swap import beside, take_place
from hearth.warehouse.connections import connect
from hearth.warehouse.ledger import write_validation
from hearth.warehouse.mart_parts import day_column

ACCEPTANCE = """
select k.season, k.heating_date, k.kpi, k.value::float8 as value,
       (k.denominator > 0)::int as has_denominator
from candidate.season_kpi k where k.unit_kind = 'company'
"""
BALANCE = """
select c.season, c.heating_date,
       (c.judged_household_days - coalesce(s.judged, 0))::float8 as judged_not_in_stations,
       (c.complying_household_days - c.judged_household_days)::float8 as complying_beyond_judged
from candidate.room_compliance c
left join (select season, heating_date, sum(judged_household_days) as judged from candidate.room_compliance
           where unit_kind = 'station' and period = 'day' and point_kind = 'all' group by 1, 2) s using (season, heating_date)
where c.unit_kind = 'company' and c.period = 'day' and c.point_kind = 'all'
"""


class GateRed(RuntimeError):
    """The candidate marts are not fit to publish; the published ones stay as they were."""


@dataclass(frozen=True)
class Publication:
    publication_id: int
    rows: dict[str, int]
    headline: list[dict[str, Any]]


def gate_and_publish(build_id: int, run_id: str, triggered_by: str = "unknown") -> Publication:
    """Check and publish the candidate marts of a build; one that is published already is not published again.

    Raises GateRed, NotItsCandidate, BuildRunning, ReadersInTheWay; then the published marts are as they were.
    """
    with sole_build(build_id, "publication"):
        with connect("publisher") as connection:
            done = _published(connection, build_id)
        if done is None:
            check_candidates(build_id, run_id)
            done = publish(build_id, run_id, triggered_by)
    return done


def _published(connection: psycopg.Connection, build_id: int) -> Publication | None:
    row = connection.execute(
        "select publication_id, rows_published, headline from ledger.publication where build_id = %s", (build_id,)
    ).fetchone()
    return Publication(*row) if row else None


def check_candidates(build_id: int, run_id: str) -> None:
    """Validate the candidate marts with their acceptance suites. Raises GateRed, after recording the results; NotItsCandidate."""
    from hearth.validation.suites import Suite

    with connect("publisher") as connection:
        require_own(connection, build_id)
        failures = []
        compared = agreement.compare(connection)
        failures += [
            f"- {c.name}: {c.differing} of {c.pairs} figures differ, e.g. {'; '.join(c.examples)}" for c in compared if c.differing
        ]
        frames = {
            "marts_acceptance": _frame(connection, ACCEPTANCE),
            "marts_balance": _frame(connection, BALANCE),
            "marts_agreement": pd.DataFrame({"differing": [c.differing for c in compared]}),
        }
        for name, frame in frames.items():
            suite = Suite(name)
            suite.validate(frame.select_dtypes("number").astype("float64"), {})
            write_validation(
                connection,
                run_id=run_id,
                subject="marts",
                suite=name,
                suite_hash=suite.content_hash,
                success=suite.success,
                severity=suite.worst_severity,
                result=suite.report(),
                build_id=build_id,
            )
            failures += [
                f"- {name}: {o.config['description']} ({o.unexpected_count} of {o.element_count} rows, e.g. {o.examples[:3]})"
                for o in suite.outcomes
                if not o.success and o.severity == "critical" and name != "marts_agreement"
            ]
        message = "\n".join(failures)
        _outcome(connection, build_id, "gate", "failed" if failures else "succeeded", message or None)
    if failures:
        raise GateRed(f"build {build_id} is not published; the marts of the last publication stay readable.\n{message}")


def _frame(connection: psycopg.Connection, query: str) -> pd.DataFrame:
    cursor = connection.execute(query)
    return pd.DataFrame(cursor.fetchall(), columns=[c.name for c in cursor.description or []])


def _outcome(connection: psycopg.Connection, build_id: int, stage: str, outcome: str, message: str | None) -> None:
    connection.execute(
        "insert into ledger.build_outcome (build_id, stage, outcome, message) values (%s, %s, %s, %s)",
        (build_id, stage, outcome, message),
    )


def record_dbt(build_id: int, outcome: str, message: str | None = None) -> None:
    with connect("publisher") as connection:
        _outcome(connection, build_id, "dbt", outcome, message)


def publish(build_id: int, run_id: str, triggered_by: str = "unknown") -> Publication:
    """Copy the candidate marts over the published ones, all in one transaction: readers see the old or the new.

    Publishes a build once: a second call returns what the first one did. The ledger gets the digest of every part written and
    every KPI value that changed; `triggered_by` says who or what asked for it. Raises NotItsCandidate, ReadersInTheWay.
    """
    with connect("publisher") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('hearth.publish'))")
        row = connection.execute("select definition_hash from ledger.build where build_id = %s", (build_id,)).fetchone()
        if row is None:
            raise LookupError(f"ledger.build has no build {build_id}")
        if done := _published(connection, build_id):
            return done
        require_own(connection, build_id)
        definitions = row[0].strip()
        publication_id = _next_publication(connection)
        rows, new_shapes = {}, []
        for mart in _marts(connection):
            rows[mart], scope = _copy(connection, mart)
            if scope.table != mart:
                new_shapes.append(mart)
            record_parts(connection, publication_id, scope)
            if mart == "season_kpi":
                record_values(connection, publication_id, build_id, scope)
        headline = _headline(connection)
        connection.execute(
            "insert into ledger.publication (publication_id, build_id, run_id, definition_hash, rows_published, headline,"
            " content_hash, triggered_by) overriding system value values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                publication_id,
                build_id,
                run_id,
                definitions,
                Jsonb(rows),
                Jsonb(headline),
                content_hash(connection, definitions),
                triggered_by,
            ),
        )
        take_place(connection, new_shapes)
        return Publication(publication_id, rows, headline)


def _next_publication(connection: psycopg.Connection) -> int:
    row = connection.execute("select nextval(pg_get_serial_sequence('ledger.publication', 'publication_id'))").fetchone()
    assert row is not None
    return int(row[0])


def _marts(connection: psycopg.Connection) -> list[str]:
    return [r[0] for r in connection.execute("select tablename from pg_tables where schemaname = 'candidate' order by 1")]


def _columns(connection: psycopg.Connection, schema: str, table: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        (f'{schema}."{table}"',),
    ).fetchall()


def _copy(connection: psycopg.Connection, mart: str) -> tuple[int, Scope]:
    """Bring one published mart to its candidate; returns the rows written and which. Days that are the same stay as they are."""
    columns = _columns(connection, "candidate", mart)
    is_new = columns != _columns(connection, "marts", mart)
    table = beside(mart) if is_new else mart
    source, target = sql.Identifier("candidate", mart), sql.Identifier("marts", table)
    if is_new:
        connection.execute(sql.SQL("create table {} (like {} including all)").format(target, source))
    names = {name for name, _ in columns}
    day = day_column(names)
    known = connection.execute("select 1 from ledger.publication_part where mart = %s limit 1", (mart,)).fetchone()
    scope = Scope(mart, table, day, is_whole=is_new or day is None or known is None)
    if not scope.is_whole:
        _find_changed_days(connection, source, target, sql.Identifier(str(day)))
    connection.execute(sql.SQL("delete from {} where {}").format(target, scope.where))
    statement = sql.SQL("insert into {} select * from {} where {}").format(target, source, scope.where)
    return connection.execute(statement).rowcount, scope


def _find_changed_days(connection: psycopg.Connection, source: sql.Composable, target: sql.Composable, day: sql.Composable) -> None:
    """Days on which candidate and published rows differ, told by the sum of the rows' 64-bit hashes, as a temporary table.

    Asked of the rows themselves: what a change reaches (a case that moves to another day, a run of identical
    readings) is the models' business, and a rule of ours about it would be a second one.
    """
    digest = sql.SQL("select {day} as day, count(*) as n, sum(hash_record_extended(r, 0)) as hash from {rows} as r group by 1")
    connection.execute("drop table if exists changed_day")
    connection.execute(
        sql.SQL(
            "create temp table changed_day on commit drop as select day from ({}) c full join ({}) p using (day)"
            " where (c.n, c.hash) is distinct from (p.n, p.hash)"
        ).format(digest.format(day=day, rows=source), digest.format(day=day, rows=target))
    )


def _headline(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """The company's KPIs at the last day of every season."""
    rows = connection.execute(
        "select distinct on (season, kpi) season, heating_date, kpi, value, numerator, denominator from candidate.season_kpi"
        " where unit_kind = 'company' order by season, kpi, heating_date desc"
    ).fetchall()
    names = ("season", "heating_date", "kpi", "value", "numerator", "denominator")
    return [{n: (v if isinstance(v, str) or v is None else str(v)) for n, v in zip(names, row, strict=True)} for row in rows]
