"""Briefs in the pages folder: a folder for each day, an index, and what is too old taken away by a dated row."""

from __future__ import annotations

import html
import re
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

from hearth.brief import page, pdf
from hearth.brief.facts import Facts
from hearth.dated.limits import Limits
from hearth.reports.data_docs import pages_folder, replace_folder, write_page
from hearth.reports.document import document

PAGE, PDF = "index.html", "brief.pdf"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def write(facts: Facts, asked: date, root: Path | None = None) -> Path:
    """Write the day's page and PDF below `root` (default: HEARTH_PAGES/brief), renew the index; returns the day's folder."""
    site = root or pages_folder() / "brief"
    site.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=site, prefix=".brief-"))
    try:
        pdf.write(facts, fresh / PDF)
        (fresh / PAGE).write_text(page.render(facts, asked), encoding="utf-8")
        fresh.chmod(0o755)
        replace_folder(fresh, site / str(facts.day))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _forget(site, int(Limits.from_seeds().on(facts.newest_day)["brief_kept_days"]))
    write_page(site / PAGE, _index(days(site)))
    return site / str(facts.day)


def days(site: Path) -> list[str]:
    """The days that have a brief, the newest first."""
    return sorted((path.name for path in site.iterdir() if path.is_dir() and _DAY.fullmatch(path.name)), reverse=True)


def _forget(site: Path, kept_days: int) -> None:
    there = days(site)
    oldest = date.fromisoformat(there[0]) - timedelta(days=kept_days) if there else date.min
    for name in there:
        if date.fromisoformat(name) < oldest:
            shutil.rmtree(site / name)


def _index(there: list[str]) -> str:
    lines = "".join(
        f'<li><a href="{html.escape(day)}/{PAGE}">{html.escape(day)}</a> · <a href="{day}/{PDF}">PDF</a></li>' for day in there
    )
    head = "<h1>供热晨报 Morning brief</h1><p>每个供热日一页，发布后生成 One page a heating day, made after each publication."
    body = f'{head} <a href="../index.html">Hearth</a></p><ul>{lines}</ul>'
    return document("供热晨报 Morning brief", body, language="zh-CN", width="48rem")
