"""The KPI catalogue as pages under HEARTH_PAGES/docs, so that a chart can link to the definition of its number."""

from __future__ import annotations

import re
import tempfile
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hearth.contracts.loading import REPOSITORY
from hearth.reports.data_docs import pages_folder, replace_folder
from hearth.reports.kpi_catalogue import FILES

_STYLE = (
    "body{font:15px/1.6 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse}"
    "th,td{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;vertical-align:top}:target{background:#fff3c4}"
)


def build_doc_pages() -> Path:
    """Write the catalogue in both languages; returns the folder. Headings have the anchors that a code host gives them."""
    target = pages_folder() / "docs"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".docs-"))
    for name in FILES.values():
        source = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
        (fresh / name.replace(".md", ".html")).write_text(render(source), encoding="utf-8")
    fresh.chmod(0o755)
    replace_folder(fresh, target)
    return target


def anchor(heading: str) -> str:
    """`### Coverage 覆盖率: `percent`` -> coverage-覆盖率-percent."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def render(markdown: str) -> str:
    """One page of HTML; links to other Markdown files lead to their pages."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(markdown)
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor(text.content))
        _lead_to_pages(text)
    title = markdown.splitlines()[0].lstrip("# ")
    body = parser.renderer.render(tokens, parser.options, {})
    return f'<!doctype html><html><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>{body}</html>'


def _lead_to_pages(token: Token) -> None:
    for inner in token.children or []:
        link = inner.attrGet("href") if inner.type == "link_open" else None
        if isinstance(link, str) and link in FILES.values():
            inner.attrSet("href", link.replace(".md", ".html"))
