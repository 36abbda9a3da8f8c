"""The page of a pack that people read first. Made from the ledger alone, so the same warehouse gives the same page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import psycopg

README = """What this is

The evidence behind one heating season's published KPIs. Open summary.html first; tables/ and kpi/season_kpi.csv open in any
spreadsheet (a cell that could be taken for a formula starts with an apostrophe).

How to check it

    hearth evidence verify PACK.zip                      offline: digests, chain of seals, content hashes, published values
    hearth evidence verify PACK.zip --landing FOLDER     also the landing files, hashed again
    hearth evidence verify PACK.zip --seal SHA256        also that the chain holds a seal you noted earlier
    hearth evidence verify PACK.zip --warehouse          also the live warehouse

The chain proves that nothing changed since it was sealed, to whoever knows a seal's sha256 from elsewhere. Note the sha256
of the last seal (summary.html) and keep it where the operator of the warehouse cannot change it.

How to check it without Hearth

rows/<table>.tsv has one line a row in PostgreSQL's COPY text format: seal, part, number in the part, primary key, the row as text.
A row's digest is the first 16 bytes of the sha256 of that text. A part's sha256 is over: table, columns joined by commas, keys one
a line, digests in hexadecimal, joined by line feeds. A seal's sha256 is over the lines: "hearth seal 1", "seal N",
"previous SHA256", "sealed_at TIME", "run RUN", and "part NUMBER TABLE ROWS SHA256" for each part, joined by line feeds.

Personal values of residents are not in here: keyed hashes stand in their place.
"""

STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border-bottom:1px solid #ddd;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top}th{background:#f4f4f4}code{overflow-wrap:anywhere}"
    "@media print{body{margin:0;font-size:11px}tr{break-inside:avoid}}"
)

TABLES: tuple[tuple[str, str, str], ...] = (
    (
        "kpis",
        "KPIs of the company at the last published day 全公司指标",
        "select distinct on (kpi) kpi, heating_date, value, numerator, denominator, target, verdict from marts.season_kpi"
        " where season = %(season)s and unit_kind = 'company' order by kpi, heating_date desc",
    ),
    (
        "publications",
        "The last publications 最近发布",
        "select publication_id, published_at, triggered_by, definition_hash, content_hash from ledger.publication"
        " order by publication_id desc limit 30",
    ),
    (
        "restatements",
        "Restatements: reported values that were changed 已更正的数值",
        "select heating_date, kpi, unit_kind, unit_id, before_value, value, reason, publication_id from ledger.published_value"
        " where season = %(season)s and is_restatement"
        " order by publication_id desc, heating_date, kpi, unit_kind, unit_id limit 200",
    ),
    (
        "feeds",
        "What came in, from the first pull on 数据来源",
        "select feed, count(*) as batches, count(*) filter (where status = 'held') as held, sum(rows_read) as rows_read,"
        " sum(rows_loaded) as rows_loaded, sum(rows_quarantined) as rows_quarantined, sum(rows_duplicate) as rows_duplicate"
        " from ledger.batch_current group by 1 order by 1",
    ),
    (
        "quarantine",
        "What was refused, by reason 拒收数据",
        "select feed, first_reason, count(*) as rows from quarantine.row_open group by 1, 2 order by 1, 3 desc, 2",
    ),
    (
        "validations",
        "Checks that failed 未通过的校验",
        "select subject, suite, severity, count(*) as times, max(validated_at) as last_time from ledger.validation"
        " where not success group by 1, 2, 3 order by 1, 2, 3",
    ),
    (
        "retention",
        "Deleted because its time was over 到期删除",
        "select subject, rule, why, who, count(*) as acts, sum(rows_deleted) as deleted, max(at) as last_time"
        " from ledger.retention_act group by 1, 2, 3, 4 order by 1, 2, 3, 4",
    ),
)


def season_facts(connection: psycopg.Connection, season: str) -> dict[str, Any]:
    """What the page says: for each table (header, rows), and the last seal and definitions."""
    facts: dict[str, Any] = {"season": season}
    for name, _, query in TABLES:
        cursor = connection.execute(query, {"season": season})
        rows = cursor.fetchall()
        facts[name] = ([column.name for column in cursor.description or []], rows) if rows else None
    last = connection.execute("select seal_id, sha256, sealed_at from ledger.seal order by seal_id desc limit 1").fetchone()
    facts["last_seal"] = {"seal_id": last[0], "sha256": last[1], "sealed_at": last[2].isoformat()} if last else None
    newest = connection.execute("select definition_hash from ledger.publication order by publication_id desc limit 1").fetchone()
    facts["definition_hash"] = newest[0] if newest else ""
    return facts


def render(facts: dict[str, Any]) -> str:
    """The page as HTML; nothing is loaded from elsewhere, and it prints well."""
    title = f"Evidence of the heating season {facts['season']} 供暖季证据"
    parts = [f"<h1>{html.escape(title)}</h1>", _seal_line(facts["last_seal"])]
    for name, heading, _ in TABLES:
        parts.append(f"<h2>{html.escape(heading)}</h2>")
        parts.append(_table(*facts[name]) if facts[name] else "<p>None.</p>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>"
    )


def _seal_line(seal: dict[str, Any] | None) -> str:
    if seal is None:
        return "<p><b>Nothing is sealed yet: this pack shows what is there, and proves nothing about the past.</b></p>"
    return (
        f"<p>Last seal: number {seal['seal_id']} of {html.escape(seal['sealed_at'])}, sha256 <code>{seal['sha256']}</code>. "
        "Note it where nobody who runs the warehouse can change it. How to check the pack: README.txt.</p>"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) else html.escape(str(value))
