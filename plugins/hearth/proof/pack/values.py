"""Check the published values of a pack against the digests the ledger has of them, and name the value that differs."""

from __future__ import annotations

import hashlib
import zipfile
import zlib

from hearth.proof.digests import Finding, published_part_sha256
from hearth.proof.live import NAMED_ROWS, Report, check_content_hashes
from hearth.proof.pack.reader import Contents, PackReader
from hearth.proof.pack.table_text import csv_lines, record_fields

LINES, TABLE = "kpi/season_kpi.tsv", "kpi/season_kpi.csv"
KEY = ("kpi", "unit_kind", "unit_id")
NAMED_DAYS = 5
"""For so many days the values that differ are looked up; the rest are counted."""

COMPARED = ("season", "value", "numerator", "denominator", "target", "verdict")


def check_published(pack: PackReader, report: Report, contents: Contents) -> None:
    """Content hashes of all publications; every day of the season's KPIs against the newest digest of that day."""
    report.findings += check_content_hashes(sorted(contents.publications), sorted(contents.parts, key=lambda part: part[0]))
    newest = {part: (rows, sha256) for _, mart, part, rows, sha256 in sorted(contents.parts) if mart == "season_kpi"}
    if LINES not in pack.zip.namelist():
        return
    days: dict[str, list[str]] = {}
    try:
        days = _records_by_day(pack)
        expected = {day for season, day in (text.rsplit(" ", 1) for text in contents.days) if season == pack.season}
        broken = 0
        for day in sorted(expected | days.keys()):
            rows, sha256 = newest.get(day, (0, ""))
            records = days.get(day, [])
            if len(records) == rows and (not rows or published_part_sha256(records) == sha256):
                continue
            broken += 1
            if broken <= NAMED_DAYS:
                named = _changed_values(pack, day, records)
                report.findings.append(Finding(LINES, day, f"{len(records)} rows that are not the {rows} published ones{named}"))
        if broken > NAMED_DAYS:
            report.findings.append(Finding(LINES, "", f"and {broken - NAMED_DAYS} more days"))
        _check_kpi_table(pack, report)
    except (ValueError, IndexError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        report.findings.append(Finding(LINES, "", f"cannot be read: {error}"))
    report.checked.append(f"{len(contents.publications)} publications, {len(days)} published days of {pack.season}")


def _records_by_day(pack: PackReader) -> dict[str, list[str]]:
    """The season's KPI rows as text, by day."""
    days: dict[str, list[str]] = {}
    for day, record in pack.lines(LINES):
        days.setdefault(str(day), []).append(str(record))
    return days


def _check_kpi_table(pack: PackReader, report: Report) -> None:
    columns = pack.manifest["kpi_columns"]
    digest, actual = hashlib.sha256(), hashlib.sha256()
    for line in csv_lines(columns, ((columns, str(record)) for _, record in pack.lines(LINES))):
        digest.update(line)
    for chunk in pack.chunks(TABLE):
        actual.update(chunk)
    if digest.digest() != actual.digest():
        report.findings.append(Finding(TABLE, "", f"does not say what {LINES} says"))


def _changed_values(pack: PackReader, day: str, records: list[str]) -> str:
    """The KPI values of one day that are not those of ledger.published_value, in words."""
    columns = pack.manifest["kpi_columns"]
    now = {tuple(row[k] for k in KEY): row for row in (dict(zip(columns, record_fields(r), strict=True)) for r in records)}
    header = pack.manifest["relations"]["ledger.published_value"]
    then: dict[tuple, tuple[int, dict[str, str | None]]] = {}
    for line in pack.lines("rows/ledger.published_value.tsv"):
        values = record_fields(str(line[4]))
        row = dict(zip(header, values, strict=False))
        if row.get("heating_date") == day:
            key, publication = tuple(row[k] for k in KEY), int(row["publication_id"] or 0)
            if key not in then or then[key][0] < publication:
                then[key] = (publication, row)
    said = []
    for key in sorted(now.keys() | then.keys(), key=str):
        published = then[key][1] if key in then and then[key][1]["is_gone"] != "t" else None
        found = now.get(key)
        if found is None or published is None:
            words = [str(row["value"]) if row else "nothing" for row in (found, published)]
            said.append(f"; {key[0]} of {key[1]} {key[2]}: {words[0]} here, {words[1]} published")
            continue
        said += [
            f"; {key[0]} of {key[1]} {key[2]}: {name} {found[name]} here, {published[name]} published"
            for name in COMPARED
            if found[name] != published[name]
        ]
    return "".join(said[:NAMED_ROWS])
