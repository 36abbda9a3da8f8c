"""Check what a person reads in a pack: the page is made again from the proved rows, and the read-me is this version's."""

from __future__ import annotations

import zipfile
import zlib

from hearth.proof.digests import Finding
from hearth.proof.live import Report
from hearth.proof.pack.pack import BEFORE
from hearth.proof.pack.reader import PackReader
from hearth.proof.pack.summary import README, render
from hearth.proof.pack.summary_facts import SummaryFacts
from hearth.proof.pack.table_text import record_fields
from hearth.proof.pack.values import LINES, TABLE

PAGE, READ_ME = "summary.html", "README.txt"
FOR_PEOPLE = (PAGE, READ_ME, LINES, TABLE)


def check_page(pack: PackReader, report: Report, summary: SummaryFacts) -> None:
    """The page says what the rows say, and nothing a person reads is missing; of an earlier format that cannot be told."""
    names = set(pack.zip.namelist())
    report.findings += [Finding(name, "", "is missing: every pack has it") for name in FOR_PEOPLE if name not in names]
    if not names.issuperset(FOR_PEOPLE):
        return
    if pack.manifest["format"] == BEFORE:
        report.checked.append(
            f"NOT CHECKED: {PAGE} and {READ_ME}; a pack of an earlier version does not prove them, write it again"
        )
        return
    try:
        columns = pack.manifest["kpi_columns"]
        for _, record in pack.lines(LINES):
            summary.add_kpi(dict(zip(columns, record_fields(str(record)), strict=True)))
        expected = render(summary.facts(pack.seals()))
    except (ValueError, TypeError, KeyError) as error:
        report.findings.append(Finding(PAGE, "", f"cannot be made again from the rows of the pack: {error}"))
        return
    for name, text in ((PAGE, expected), (READ_ME, README)):
        try:
            is_ours = b"".join(pack.chunks(name)) == text.encode()
        except (zipfile.BadZipFile, zlib.error, EOFError):
            continue  # named among the members already
        if not is_ours:
            report.findings.append(Finding(name, "", "does not say what the proved rows of the pack say"))
    report.checked.append(f"{PAGE} made again from the rows, {READ_ME}")
