"""Fonts of the PDF: Latin letters from a font every PDF program has, Chinese ones from the reader's own or from an embedded file.

HEARTH_BRIEF_FONT names a TrueType font to embed for everything. Without it the PDF names STSong-Light, which PDF programs bring or
ask for, and Helvetica for the Latin letters, which that font spaces badly.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

_CHINESE = re.compile(r"[^\x00-\xff\u2013]+")


@dataclass(frozen=True)
class Fonts:
    latin: str
    chinese: str

    def runs(self, text: str) -> list[tuple[str, str]]:
        """(font, piece) for every stretch of letters of one kind."""
        if self.latin == self.chinese:
            return [(self.latin, text)]
        found, at = [], 0
        for match in _CHINESE.finditer(text):
            if match.start() > at:
                found.append((self.latin, text[at : match.start()]))
            found.append((self.chinese, match.group()))
            at = match.end()
        return [*found, (self.latin, text[at:])] if at < len(text) else found

    def marked(self, markup: str) -> str:
        """Paragraph markup with its Chinese letters in the Chinese font; the base font is the Latin one."""
        if self.latin == self.chinese:
            return markup
        return _CHINESE.sub(lambda match: f'<font name="{self.chinese}">{match.group()}</font>', markup)


PAGE = Fonts("Helvetica", "Helvetica")
"""For drawings on the HTML page, where the browser chooses the font."""


@cache
def pdf_fonts(path: str | None) -> Fonts:
    """The fonts of a PDF, registered; `path` of a TrueType file or None. Raises ValueError when it is none."""
    if not path:
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
        return Fonts("Helvetica", "STSong-Light")
    try:
        pdfmetrics.registerFont(TTFont("brief", path))
    except (OSError, TTFError) as error:
        raise ValueError(f"HEARTH_BRIEF_FONT {path}: {error}; expected a TrueType font (.ttf) with Chinese letters") from error
    return Fonts("brief", "brief")


def configured() -> Fonts:
    return pdf_fonts(os.environ.get("HEARTH_BRIEF_FONT") or None)
