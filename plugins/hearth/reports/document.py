"""The one frame of every page: head, style sheet, body. No scripts, nothing loaded from elsewhere.

Not of the brief, which goes by mail too, nor of a pack's page, which is made again and compared to the byte.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

_FRAME = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("document.html.j2")


def document(title: str, body: str, *, language: str = "en", width: str = "72rem", style: str = "") -> str:
    """A whole page. `body` and `style` are markup already; `style` is what this page has beside the style sheet of all."""
    return f"{_FRAME.render(title=title, body=body, language=language, width=width, style=style)}\n"
