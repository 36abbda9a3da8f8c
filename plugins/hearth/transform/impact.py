"""What a change of definitions would do, before it is made: the KPIs built with it beside the published ones, and the rows
of the landing files run through changed contracts, suites and limits. Nothing of the real marts, raw or ledger is touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql

from hearth.contracts.loading import find_contract
from hearth.warehouse.connections import connect

PREFIX = "impact_"

CHANGED = """
select kpi, unit_kind, count(*) as changed_values, max(abs(n.value - o.value)) as largest_change,
    min(heating_date) as first_date, max(heating_date) as last_date
from {changed} as n
full join {published} as o using (season, heating_date, unit_kind, unit_id, kpi)
where (n.value, n.numerator, n.denominator, n.verdict) is distinct from (o.value, o.numerator, o.denominator, o.verdict)
group by kpi, unit_kind order by kpi, unit_kind
"""
HEADLINE = """
select distinct on (season, kpi) season, heating_date, kpi, o.value as published, n.value as with_the_change,
    o.verdict as published_verdict, n.verdict as verdict_with_the_change
from {published} as o
full join {changed} as n using (season, heating_date, unit_kind, unit_id, kpi)
where unit_kind = 'company' order by season, kpi, heating_date desc
"""


@dataclass(frozen=True)
class Shift:
    """Rows of a feed's landing files that today's definitions would take another way than the last load did."""

    feed: str
    rows_read: int
    refused_now: dict[str, int]
    refused_then: dict[str, int]

    @property
    def differs(self) -> bool:
        return self.refused_now != self.refused_then


def kpis_with_the_change() -> dict[str, Any]:
    """Published KPI values that would change, and the headline before and after. Takes as long as a full build of the KPIs.

    Raises DbtFailed when the changed definitions cannot be built.
    """
    from hearth.transform.dbt import run_around_reductions

    try:
        arguments = ["build", "--full-refresh", "--resource-type", "model", "--resource-type", "seed"]
        run_around_reductions(arguments, True, PREFIX, selected=["+season_kpi"])
        with connect("engineer") as connection:
            return differences(connection, published="marts", changed=f"{PREFIX}candidate")
    finally:
        _empty()


def differences(connection: psycopg.Connection, published: str, changed: str) -> dict[str, Any]:
    """Of two schemas with a season_kpi: values that differ, by KPI and kind of unit, and the headline of each season in both."""
    tables = {name: sql.Identifier(schema, "season_kpi") for name, schema in (("published", published), ("changed", changed))}
    queries = {"changed": CHANGED, "headline": HEADLINE}
    return {name: rows_of(connection, sql.SQL(query).format(**tables)) for name, query in queries.items()}


def rows_of(connection: psycopg.Connection, query: sql.Composed) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _empty() -> None:
    """Take out what was tried."""
    with connect("transformer") as connection:
        found = connection.execute(
            "select n.nspname, c.relname, c.relkind = 'v' from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname like %s and c.relkind in ('r', 'v')",
            (PREFIX.replace("_", r"\_") + "%",),
        ).fetchall()
        for schema, name, is_view in found:
            kind = sql.SQL("view" if is_view else "table")
            connection.execute(sql.SQL("drop {} if exists {} cascade").format(kind, sql.Identifier(schema, name)))


SETTLED_LATER = ("conflicting_duplicate", "batch_held")
"""Reasons found among the rows of a whole batch, not in a row: left out of the comparison on both sides."""


def rows_with_the_change(feed: str) -> Shift:
    """Run the landing files of the feed's current pulls through today's contract, suite and limits; nothing is written."""
    from hearth.intake import rerun

    contract = find_contract(feed)
    with connect("loader") as connection:
        pulls = [
            pull
            for (pull,) in connection.execute(
                "select pull_id from ledger.batch_current where feed = %s and kind = 'pull' order by interval_start", (feed,)
            )
        ]
        then = connection.execute(
            "select q.first_reason, count(*) from quarantine.row q join ledger.batch_current b using (batch_id)"
            " where q.feed = %s and b.kind = 'pull' and q.first_reason <> all(%s) group by 1",
            (feed, list(SETTLED_LATER)),
        ).fetchall()
    read, now = 0, Counter[str]()
    for pull_id in pulls:
        for rows, bits in rerun.judged(contract, rerun.landed(contract, pull_id)):
            read += len(rows)
            now += rerun.first_reasons(bits)
    return Shift(feed, read, dict(sorted(now.items())), dict(sorted(then)))


def as_facts(kpis: dict[str, Any] | None, shifts: list[Shift]) -> dict[str, Any]:
    """For the approval's record."""
    return {"kpis": kpis, "rows": [asdict(shift) for shift in shifts if shift.differs]}
