"""One HTML page for managers: a heading, what to do next, and tables."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hearth.reports.data_docs import pages_folder, replace_folder
from hearth.reports.document import document


@dataclass
class Page:
    """A page in the making."""

    title: str
    as_of: date | None
    parts: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def todo(self, items: Iterable[str]) -> None:
        """What to do next; said even when it is nothing."""
        lines = [f"<li>{html.escape(item)}</li>" for item in items]
        self.parts.append(
            "<h2>What to do next 下一步</h2>" + (f"<ul>{''.join(lines)}</ul>" if lines else "<p>Nothing is open.</p>")
        )

    def section(self, heading: str, text: str) -> None:
        self.parts.append(f"<h2>{html.escape(heading)}</h2>")
        self.say(text)

    def table(self, heading: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table, or a line that says there is nothing to show."""
        self.parts.append(f"<h2>{html.escape(heading)}</h2>")
        if rows:
            self.rows(header, rows)
        else:
            self.parts.append("<p>No rows: nothing was reported.</p>")

    def links(self, heading: str, links: Iterable[tuple[str, str]]) -> None:
        """Words and the folder, beside this page's own, that each leads to."""
        lines = "".join(f'<li><a href="../{quote(folder)}/index.html">{html.escape(text)}</a></li>' for text, folder in links)
        self.parts.append(f"<h2>{html.escape(heading)}</h2><ul>{lines}</ul>")

    def rows(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table without a heading."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
        body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
        self.parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def write(self, folder: str) -> Path:
        """Write HEARTH_PAGES/<folder>/index.html; the old page stays until the new one is whole."""
        target = pages_folder() / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        as_of = f"<p>As of {self.as_of.isoformat()}.</p>" if self.as_of else ""
        text = document(self.title, f"<h1>{html.escape(self.title)}</h1>{as_of}{''.join(self.parts)}")
        (fresh / "index.html").write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        replace_folder(fresh, target)
        return target / "index.html"


def _cell(value: Any) -> str:
    if value is None:
        return "<td>-</td>"
    if isinstance(value, float):
        return f"<td>{value:,.1f}</td>"
    text = html.escape(str(value))
    return f'<td class="{text}">{text}</td>' if text in ("ok", "attention", "unknown") else f"<td>{text}</td>"
