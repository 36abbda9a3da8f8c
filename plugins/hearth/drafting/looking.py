"""A file as a sample, by what it is rather than by what it is called."""

from __future__ import annotations

from pathlib import Path

from hearth.cleaning.old_workbook import COMPOUND
from hearth.drafting.documents import is_page, lines_sample, page_sample
from hearth.drafting.open_file import ZIP, encoding_of, unpacked
from hearth.drafting.sample import NotASample, Sample
from hearth.drafting.tables import csv_sample, workbook_sample

LOOK = 1 << 16


def look_at(path: Path) -> Sample:
    """Raises NotASample."""
    with unpacked(path) as stream:
        start = stream.read(LOOK)
    if not start.strip():
        raise NotASample(f"{path.name}: the file is empty; a draft needs one with rows")
    if start.startswith((ZIP, COMPOUND)):
        return workbook_sample(path)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        if encoding_of(path)[0] != "utf-8-sig":
            raise NotASample(f"{path.name}: JSON that is not UTF-8; ask the sender for UTF-8, as JSON is defined")
        return page_sample(path) if is_page(path, text) else lines_sample(path)
    return csv_sample(path)
