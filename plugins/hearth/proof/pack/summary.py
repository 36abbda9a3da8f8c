"""The page of a pack that people read first, made from what the pack proves (`summary_facts`): whoever checks a pack
makes it again from the proved rows and compares."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

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

HEADINGS = {
    "kpis": "KPIs of the company at the last published day 全公司指标",
    "publications": "The last publications 最近发布",
    "restatements": "Restatements: reported values that were changed 已更正的数值",
    "feeds": "What came in, from the first pull on 数据来源",
    "quarantine": "What was refused, by reason 拒收数据",
    "validations": "Checks that failed 未通过的校验",
    "retention": "Deleted because its time was over 到期删除",
}


def render(facts: dict[str, Any]) -> str:
    """The page as HTML; nothing is loaded from elsewhere, and it prints well."""
    title = f"Evidence of the heating season {facts['season']} 供暖季证据"
    parts = [f"<h1>{html.escape(title)}</h1>", _seal_line(facts["last_seal"])]
    for name, heading in HEADINGS.items():
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
