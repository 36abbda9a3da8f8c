"""One list of what there is to open: Airflow's menu and the pages' own index. Cheap to import: Airflow does so at start."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A page for people. `path` lies below HEARTH_PAGES_URL; without one the address is HEARTH_DASHBOARDS_URL's.

    `is_framed`: shown inside Airflow; else opened on its own (pages that are programs and want the whole window).
    """

    key: str
    title: str
    title_zh: str
    what: str
    what_zh: str
    path: str | None
    is_framed: bool = True


ENTRIES = (
    Entry(
        "brief", "Morning brief", "供热晨报", "the day on one page, for the management", "每日一页，供管理层", "brief/index.html"
    ),
    Entry(
        "dashboards", "Dashboards", "管理看板", "the season's figures to look around in", "供暖季指标看板", None, is_framed=False
    ),
    Entry("quality", "Data quality", "数据质量", "every validation of every batch", "每批数据的每项校验", "data-docs/index.html"),
    Entry(
        "quarantine",
        "Quarantine",
        "隔离区",
        "rejected rows that wait, and for whom",
        "待处理的拒收数据及责任方",
        "quarantine/index.html",
    ),
    Entry("trace", "Trace", "溯源", "where the newest numbers come from", "最新数值的来源", "trace/index/index.html"),
    Entry("kpis", "KPI catalogue", "指标目录", "what every number means", "每个数值的含义", "docs/kpi-catalogue.zh-CN.html"),
    Entry(
        "models",
        "dbt docs",
        "数据模型文档",
        "every model, column and test",
        "每个模型、列和测试",
        "dbt-docs/index.html",
        is_framed=False,
    ),
    Entry(
        "summer-works",
        "Summer works",
        "夏季检修",
        "what the winter showed and how far its cure is",
        "冬病夏治",
        "summer-works/index.html",
    ),
    Entry(
        "readiness", "Season readiness", "供热准备", "ready for the next season?", "供热前准备情况", "season-readiness/index.html"
    ),
    Entry("runbook", "Runbook", "运行手册", "what to do, by what you see", "按现象处理", "docs/runbook.html"),
)


def address(path: str) -> str | None:
    """Where a page below HEARTH_PAGES is to be opened; None when HEARTH_PAGES_URL is not set."""
    base = os.environ.get("HEARTH_PAGES_URL", "").rstrip("/")
    return f"{base}/{path}" if base else None


def href(entry: Entry) -> str | None:
    """An entry's address, or None when the installation has not said it."""
    return address(entry.path) if entry.path else os.environ.get("HEARTH_DASHBOARDS_URL") or None


def runbook(anchor: str) -> str:
    """Address of a paragraph of the runbook: HEARTH_DOCS_URL (a place that shows docs/), else its page, else its file."""
    base = os.environ.get("HEARTH_DOCS_URL", "").rstrip("/")
    if base:
        return f"{base}/runbook.md#{anchor}"
    page = address("docs/runbook.html")
    return f"{page}#{anchor}" if page else f"docs/runbook.md#{anchor}"


def external_views() -> list[dict[str, str]]:
    """The entries as Airflow's plugin API wants them; those without an address are left out."""
    views = []
    for entry in ENTRIES:
        where = href(entry)
        if where is None:
            continue
        view = {"name": f"{entry.title} {entry.title_zh}", "href": where, "destination": "nav", "category": "Hearth"}
        if entry.is_framed:
            view["url_route"] = f"hearth-{entry.key}"
        views.append(view)
    return views


def index_page() -> str:
    """index.html of the pages folder, with links that work wherever it is served."""
    from hearth.reports.document import document

    items = []
    for entry in ENTRIES:
        where = entry.path or href(entry)
        if where:
            items.append(
                f'<li><a href="{html.escape(where)}">{entry.title} {entry.title_zh}</a>'
                f"<br><small>{html.escape(entry.what)} {html.escape(entry.what_zh)}</small></li>"
            )
    return document("Hearth", f"<h1>Hearth</h1><ul>{''.join(items)}</ul>", width="44rem", style="li{margin:.5rem 0}")
