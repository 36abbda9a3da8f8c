"""A trace in words for the terminal, and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hearth.reports.page import Page
from hearth.trace.steps import Check, Step, Trace

SHOWN_ROWS = 12


def render(trace: Trace) -> str:
    lines: list[str] = []
    for number, step in enumerate(trace.steps):
        lines += [f"{number:2d}  {step.title}   [{step.table}]", f"    {step.says}"]
        lines += [f"      {name:28} {_figure(value)}" for name, value in step.figures.items()]
        lines += [f"    {_verdict(check)}" for check in step.checks]
        if step.rows:
            lines.append(f"      {' | '.join(step.header)}")
            lines += [f"      {' | '.join(_figure(cell) for cell in row)}" for row in step.rows[:SHOWN_ROWS]]
        if len(step.rows) > SHOWN_ROWS:
            lines.append(f"      ... and {len(step.rows) - SHOWN_ROWS} more")
        lines.append("")
    broken = trace.broken
    first = f"step {trace.steps.index(broken[0][0])}: {broken[0][1].says}" if broken else ""
    lines.append(f"DOES NOT ADD UP, first at {first}" if broken else "Every step adds up.")
    return "\n".join(lines)


def _verdict(check: Check) -> str:
    mark = "ok    " if check.holds else "BROKEN"
    return f"{mark} {check.says}: {_figure(check.found)}" + ("" if check.holds else f", expected {_figure(check.expected)}")


def _figure(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def write_page(trace: Trace) -> Path:
    """HEARTH_PAGES/trace/<season>-<unit>-<kpi>/index.html."""
    target = trace.target
    page = Page(f"Trace 溯源: {trace.steps[0].title}", target.day)
    broken = trace.broken
    page.say(f"Does not add up: {broken[0][1].says}." if broken else "Every step adds up. 各环节数量一致。")
    for step in trace.steps:
        _write_step(page, step)
    return page.write(f"trace/{target.season}-{target.unit_id}-{target.kpi}")


def _write_step(page: Page, step: Step) -> None:
    page.section(f"{step.title}  ({step.table})", step.says)
    figures = [(name, _figure(value)) for name, value in step.figures.items()]
    for check in step.checks:
        verdict = "ok" if check.holds else f"expected {_figure(check.expected)}"
        figures.append((check.says, f"{_figure(check.found)}: {verdict}"))
    page.rows(("figure or check", "value"), figures)
    if step.rows:
        page.rows(step.header, [[_figure(cell) for cell in row] for row in step.rows])
