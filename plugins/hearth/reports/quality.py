"""The quality report: one front index by feed, day and severity, pages of a feed and month, Data Docs of the newest validations.

Built once a run and only as far as something changed: a page carries the digest of what it says and is left alone while that
is the same. Everything is told from the ledger, so a page that was pruned is lost to nobody.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from hearth.dated.dated_rows import place_time_zone
from hearth.dated.limits import Limits
from hearth.reports import quality_facts as facts
from hearth.reports.data_docs import pages_folder, update_pages, write_page
from hearth.reports.quality_pages import feed_page, index_page, month_page
from hearth.warehouse.connections import connect

log = logging.getLogger(__name__)
SIGNED = "<!-- says {} -->\n"


def build_quality_report() -> Path:
    """Bring HEARTH_PAGES/data-docs up to the ledger; returns its index."""
    begun = time.monotonic()
    site, limits = pages_folder() / "data-docs", Limits.from_seeds()
    site.mkdir(parents=True, exist_ok=True)
    with connect("reader") as connection:
        facts.find_days(connection, place_time_zone())
        cells = facts.cells(connection)
        newest = max((cell.day for cell in cells), default=None)
        kept = int(limits.on(newest)["quality_pages_kept_runs"]) if newest else 0
        has_page = update_pages(connection, site, kept)
        pages = facts.signatures(connection)
        linked = facts.on_pages(connection, has_page)
        stale = {page: f"{digest} {linked.get(page, 'none')}" for page, digest in pages.items()}
        stale = {page: signature for page, signature in stale.items() if not _says(_path(site, page), signature)}
        for page, validations in facts.validations(connection, stale).items():
            text = feed_page(page, validations, has_page, limits)
            write_page(_path(site, page), SIGNED.format(stale[page]) + text)
        differing = facts.differing_stages(connection)
    months = sorted({f"{cell.day:%Y-%m}" for cell in cells})
    for month in months:
        write_page(site / "months" / f"{month}.html", month_page(month, [c for c in cells if f"{c.day:%Y-%m}" == month]))
    write_page(site / "index.html", index_page(cells, differing))
    log.info("quality report: %d pages of %d renewed in %.1f s", len(stale), len(pages), time.monotonic() - begun)
    return site / "index.html"


def _path(site: Path, page: tuple[str, str]) -> Path:
    subject, month = page
    return site / "feeds" / subject / f"{month}.html"


def _says(path: Path, signature: str) -> bool:
    if not path.exists():
        return False
    with path.open(encoding="utf-8") as file:
        return file.readline() == SIGNED.format(signature)
