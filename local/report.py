"""What a person reads at the end of a demo, and the same facts for build/demo.json."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local import airflow, results, superset
from local.instance import Instance
from local.results import FeedCounts, Figure, KpiKey


@dataclass(frozen=True)
class Outcome:
    """Published figures beside true ones, counts of rows, and what differs."""

    published: Mapping[KpiKey, Figure]
    truth: Mapping[KpiKey, Figure]
    counts: list[FeedCounts]
    kpi_differences: list[str]
    count_differences: list[str]
    true_state: Mapping[str, Mapping[str, float]]
    """Season -> share of warm household-days over *all* rooms of the city, which no company can measure."""
    mart_rows: Mapping[str, int] = field(default_factory=dict)
    """Published rows of each mart."""

    @property
    def is_right(self) -> bool:
        return bool(self.published and self.truth) and not self.kpi_differences and not self.count_differences


def console() -> Console:
    """A console whose tables are not squeezed where there is no terminal to fit."""
    found = Console()
    return found if found.is_terminal else Console(width=150)


def pages(instance: Instance) -> list[dict[str, str]]:
    """Every page to open, with its login."""
    served = instance.address["pages"]
    login = airflow.logins(instance)
    shown = [{"name": "Dashboards", "url": superset.address(instance), "login": superset.logins(instance)}]
    return [
        {"name": "Airflow", "url": instance.address["airflow"], "login": login},
        {"name": "Morning brief", "url": f"{served}/brief/index.html", "login": ""},
        *(shown if instance.fact("dashboards") else []),
        {"name": "Data Docs", "url": f"{served}/data-docs/index.html", "login": ""},
        {"name": "dbt docs", "url": f"{served}/dbt-docs/index.html", "login": ""},
        {"name": "Trace", "url": f"{served}/trace/index/index.html", "login": ""},
        {"name": "All pages", "url": f"{served}/index.html", "login": ""},
    ]


def facts(instance: Instance, outcome: Outcome, seconds: Mapping[str, float], peak_mib: Mapping[str, int]) -> dict[str, Any]:
    """Content of build/demo.json."""
    return {
        "kpis": results.kpi_rows(outcome.published, outcome.truth),
        "feeds": [entry.as_json() for entry in outcome.counts],
        "seconds": dict(seconds),
        "peak_memory_mib": dict(sorted(peak_mib.items())),
        "pages": pages(instance),
    }


def show(console: Console, instance: Instance, outcome: Outcome, seconds: Mapping[str, float], target: Path) -> None:
    """Print the tables, the addresses, and whether all is right."""
    console.print()
    console.print(_kpi_table(outcome))
    for season, state in sorted(outcome.true_state.items(), reverse=True):
        console.print(
            f"All rooms of the city in {season}, measured or not: {state['percent']:.4f} % meet the standard. The"
            " distance to the KPI is what measuring a sample costs.",
            highlight=False,
        )
    console.print(_quarantine_table(outcome.counts))
    console.print(_mart_table(outcome.mart_rows))
    console.print(_page_table(instance))
    console.print(f"{_clock(seconds['total'])} min in all; these facts: {os.path.relpath(target)}", highlight=False)
    console.print("stop: make stop    state: make status    again, with another city: make demo SCALE=0.1 SEED=8")
    if outcome.is_right:
        console.print("[green]Every KPI equals the city's truth; quarantine holds exactly what was planted.[/]")
        return
    console.print("[red]Not equal to the city's truth:[/]")
    for line in results.shorten(outcome.kpi_differences) + results.shorten(outcome.count_differences):
        console.print(f"  {line}", markup=False, highlight=False)
    if not outcome.published:
        console.print("  nothing is published in marts.season_kpi: the gate or the build stopped it (see Airflow)")


def _kpi_table(outcome: Outcome) -> Table:
    table = Table(title="The season's KPIs, whole company")
    for name in ("KPI", "season", "to"):
        table.add_column(name)
    for name in ("value", "true value", "season before, same day", "change", "unit"):
        table.add_column(name, justify="left" if name == "unit" else "right")
    figures = results.company_figures(outcome.published)
    for season, kpi in sorted(figures, reverse=True):
        day, figure = figures[season, kpi]
        true = outcome.truth.get((season, day, "company", "company", kpi))
        table.add_row(
            results.KPIS.get(kpi, kpi), season, day, _text(figure.value), _text(true.value if true else None),
            _text(figure.previous), _text(figure.change, sign=True), figure.unit,
        )  # fmt: skip
    return table


def _quarantine_table(counts: list[FeedCounts]) -> Table:
    table = Table(title="Rows by feed; what waits in quarantine or was left out of its row, and what the city planted")
    for name in ("feed", "rows read", "loaded", "duplicate", "quarantined", "reason", "found", "planted"):
        table.add_column(name, justify="left" if name in ("feed", "reason") else "right")
    for entry in counts:
        found, planted = entry.quarantined_by_reason | entry.left_out, entry.planted_by_reason | entry.planted_left_out
        head = [entry.feed, *(f"{n:,}" for n in _numbers(entry))]
        for reason in sorted(found.keys() | planted.keys()) or [""]:
            right = found.get(reason, 0) == planted.get(reason, 0)
            pair = [f"{found.get(reason, 0):,}", f"{planted.get(reason, 0):,}"] if reason else ["", ""]
            table.add_row(*head, reason, *pair, style=None if right else "red")
            head = [""] * 5
    return table


def _numbers(entry: FeedCounts) -> tuple[int, int, int, int]:
    return entry.rows_read, entry.rows_loaded, entry.rows_duplicate, entry.rows_quarantined


def _mart_table(mart_rows: Mapping[str, int]) -> Table:
    table = Table(title="Published marts; what each one says: docs/kpi-catalogue.md")
    table.add_column("mart")
    table.add_column("rows", justify="right")
    for mart, rows in sorted(mart_rows.items()):
        table.add_row(mart, f"{rows:,}")
    return table


def _page_table(instance: Instance) -> Table:
    table = Table(title="Pages")
    for name in ("page", "address", "login"):
        table.add_column(name)
    for page in pages(instance):
        table.add_row(page["name"], page["url"], page["login"] or "none needed")
    return table


def _text(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+,.4f}" if sign else f"{value:,.4f}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
