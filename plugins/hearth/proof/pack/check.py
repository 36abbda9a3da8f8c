"""Check an evidence pack offline: every member, every seal, every row, and the published values against their digests.

Streams: beside one part of a seal only the publications' digests are held in memory.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from hearth.proof.digests import Finding, Part, check_chain, check_part, definition_sha256, row_digest
from hearth.proof.live import NAMED_ROWS, Report
from hearth.proof.pack.pack import MANIFEST, manifest_text
from hearth.proof.pack.page import check_page
from hearth.proof.pack.reader import DAMAGE, Contents, PackReader
from hearth.proof.pack.summary_facts import TOLD, SummaryFacts
from hearth.proof.pack.table_text import csv_lines, record_fields
from hearth.proof.pack.values import check_published
from hearth.proof.relations import WRITTEN_WITH

log = logging.getLogger(__name__)
UNREADABLE = "seals"
"""Where a pack whose chain cannot be read is broken."""

FIELDS = 5
"""Of a line in rows/: seal, part, number in the part, key, record."""


def verify_pack(path: Path, progress: Callable[[str], Any] = lambda name: None) -> tuple[Report, PackReader, Contents]:
    """What is broken in a pack, the pack, and what of its rows a check of landing files needs. Raises NotAPack."""
    pack, report = PackReader(path), Report()
    contents = Contents(SummaryFacts(pack.season))
    damaged = _check_members(pack, report, progress)
    if damaged & {"seals/seal.tsv", "seals/seal_part.tsv"} and not _readable(pack, report):
        return report, pack, contents
    _check_rows(pack, report, contents, progress)
    _check_definitions(pack, report, contents)
    _check_landing_manifests(pack, report, contents)
    check_published(pack, report, contents)
    check_page(pack, report, contents.summary)
    return report, pack, contents


def _readable(pack: PackReader, report: Report) -> bool:
    try:
        pack.seals()
        for _ in pack.parts():
            pass
    except (*DAMAGE, ValueError, TypeError, KeyError) as error:
        report.findings.append(Finding(UNREADABLE, "", f"cannot be read, so no row can be proved: {error}"))
        return False
    return True


def _check_members(pack: PackReader, report: Report, progress: Callable[[str], Any]) -> set[str]:
    """Digest of every member; returns those missing or changed."""
    if manifest_text(pack.manifest) != pack.manifest_bytes:
        report.findings.append(Finding(MANIFEST, "", "is not written as Hearth writes it: it was changed"))
    names = pack.zip.namelist()
    for name in sorted({name for name in names if names.count(name) > 1}):
        report.findings.append(Finding(name, "", "stands twice in the pack"))
    for name in sorted(set(names) - pack.members.keys() - {MANIFEST}):
        report.findings.append(Finding(name, "", "was added: the pack's manifest does not know it"))
    damaged = set()
    for name, facts in pack.members.items():
        progress(name)
        if name not in names:
            problem = "is missing"
        else:
            digest, size = hashlib.sha256(), 0
            try:
                for chunk in pack.chunks(name):
                    digest.update(chunk)
                    size += len(chunk)
                is_whole = {"sha256": digest.hexdigest(), "size": size} == facts
                problem = "" if is_whole else "was changed: its sha256 and size are not the manifest's"
            except DAMAGE as error:
                problem = f"cannot be read: {error}"
        if problem:
            report.findings.append(Finding(name, "", problem))
            damaged.add(name)
    report.checked.append(f"{len(pack.members)} members")
    return damaged


def _told(seal: dict[str, Any] | None) -> tuple[Any, ...] | None:
    """A seal as the manifest names it; a time that is none is no seal's."""
    if not seal:
        return None
    try:
        at = datetime.fromisoformat(str(seal.get("sealed_at")))
    except ValueError:
        at = None
    return seal.get("seal_id"), seal.get("sha256"), at


def _check_rows(pack: PackReader, report: Report, contents: Contents, progress: Callable[[str], Any]) -> None:
    """The chain, and each table's rows against the parts, both read side by side."""
    headers: dict[int, list[tuple[int, str, int, str]]] = {}
    checks: dict[str, _RelationCheck] = {}
    for part in pack.parts():
        headers.setdefault(part.seal_id, []).append((part.part, part.relation, part.rows, part.sha256))
        if part.relation not in checks:
            progress(f"rows of {part.relation}")
            checks[part.relation] = _RelationCheck(pack, report, contents, part.relation)
        broken = check_part(part)
        if broken:
            report.findings.append(broken)
            checks[part.relation].pass_over(part)
        else:
            checks[part.relation].check(part)
    seals = pack.seals()
    report.findings[:0] = check_chain(seals, headers)
    for name in pack.manifest["relations"]:
        check = checks.get(name) or _RelationCheck(pack, report, contents, name)
        check.finish()
        _check_table(pack, report, check)
    said = pack.manifest["last_seal"]
    if _told(said) != ((seals[-1].seal_id, seals[-1].sha256, seals[-1].sealed_at) if seals else None):
        report.findings.append(Finding("seals/seal.tsv", "", f"the manifest names another last seal: {said}"))
    report.checked.append(f"{len(seals)} seals over {sum(seal.rows for seal in seals)} rows")


class _RelationCheck:
    """The rows of one table, in the order of the parts; remembers by which columns each is written."""

    def __init__(self, pack: PackReader, report: Report, contents: Contents, name: str) -> None:
        self.name, self.report, self.contents = name, report, contents
        self.header: tuple[str, ...] = tuple(pack.manifest["relations"].get(name, ()))
        self.groups: list[tuple[tuple[str, ...], int]] = []
        self.named = self.unsealed = 0
        self.sealed_parents: set[str] = set()
        member = f"rows/{name}.tsv"
        self._lines = pack.lines(member) if member in pack.zip.namelist() else iter(())
        self._waiting: list[str | None] | None = None

    def _next(self) -> list[str | None] | None:
        while self._waiting is None and (line := next(self._lines, None)) is not None:
            if len(line) == FIELDS:
                self._waiting = line
            else:
                self._say("", f"a line has {len(line)} fields instead of {FIELDS}")
        return self._waiting

    def _say(self, key: str, what: str) -> None:
        self.named += 1
        if self.named <= NAMED_ROWS:
            self.report.findings.append(Finding(self.name, key, what))

    def check(self, part: Part) -> None:
        """Every row of the part must come next, with the key and the digest the part has for it."""
        for index, key in enumerate(part.keys.split("\n")):
            line = self._next()
            place = (str(part.seal_id), str(part.part), str(index + 1))
            if line is None or tuple(line[:3]) != place:
                self._say(key, f"sealed in seal {part.seal_id} and not in the pack")
                continue
            self._waiting = None
            record = str(line[4])
            if line[3] != key or row_digest(record) != part.digest_of(index):
                self._say(key, f"changed since seal {part.seal_id}")
            self._take(part.columns, record)
            if self.name in WRITTEN_WITH:
                self.sealed_parents.add(_parent(self.name, part.columns, record))

    def pass_over(self, part: Part) -> None:
        """The rows of a part that itself is broken: nothing can be said of them."""
        while (line := self._next()) is not None and tuple(line[:2]) == (str(part.seal_id), str(part.part)):
            self._waiting = None
            self._take(part.columns, str(line[4]))

    def finish(self) -> None:
        """What is left are rows no seal covers yet."""
        while (line := self._next()) is not None:
            self._waiting = None
            if line[0] != "0":
                self._say(str(line[3]), f"claims a place in seal {line[0]} that the seal does not have")
            elif self.name in WRITTEN_WITH and _parent(self.name, self.header, str(line[4])) in self.sealed_parents:
                self._say(str(line[3]), f"was added after its {WRITTEN_WITH[self.name][1]} had been sealed")
            self.unsealed += 1
            self._take(self.header, str(line[4]))
        if self.named > NAMED_ROWS:
            self.report.findings.append(Finding(self.name, "", f"and {self.named - NAMED_ROWS} more rows"))

    def _take(self, columns: tuple[str, ...], record: str) -> None:
        if self.groups and self.groups[-1][0] == columns:
            self.groups[-1] = (columns, self.groups[-1][1] + 1)
        else:
            self.groups.append((columns, 1))
        collector = COLLECTORS.get(self.name)
        if collector is not None or self.name in TOLD:
            try:
                values = dict(zip(columns, record_fields(record), strict=True))
                self.contents.summary.add(self.name, values)
                if collector is not None:
                    collector(self.contents, values, self.report)
            except (ValueError, TypeError, KeyError) as error:
                self._say("", f"a row cannot be read: {error}")


def _parent(name: str, columns: tuple[str, ...], record: str) -> str:
    """Which parent a child row names."""
    return str(record_fields(record)[columns.index(WRITTEN_WITH[name][1])])


def _check_table(pack: PackReader, report: Report, check: _RelationCheck) -> None:
    """The table for people says what the proved rows say."""
    rows, table = pack.lines(f"rows/{check.name}.tsv"), f"tables/{check.name}.csv"
    if not {f"rows/{check.name}.tsv", table} <= set(pack.zip.namelist()):
        return
    digest, actual = hashlib.sha256(), hashlib.sha256()
    try:
        for line in csv_lines(check.header, ((c, str(next(rows)[4])) for c, count in check.groups for _ in range(count))):
            digest.update(line)
        for chunk in pack.chunks(table):
            actual.update(chunk)
    except (*DAMAGE, ValueError, IndexError, RuntimeError) as error:
        report.findings.append(Finding(table, "", f"cannot be compared with rows/{check.name}.tsv: {error}"))
        return
    if digest.digest() != actual.digest():
        report.findings.append(Finding(table, "", f"does not say what rows/{check.name}.tsv says"))


def _publication(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.publications.append((int(row["publication_id"] or 0), str(row["definition_hash"]), row.get("content_hash")))


def _publication_part(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.parts.append(
        (int(row["publication_id"] or 0), str(row["mart"]), str(row["part"]), int(row["rows"] or 0), str(row["sha256"]))
    )


def _published_value(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.days.add(f"{row['season']} {row['heating_date']}")


def _definition(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.definitions.setdefault(str(row["definition_hash"]), {})[str(row["path"])] = str(row["sha256"])


def _definition_file(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    if hashlib.sha256((row["content"] or "").encode()).hexdigest() != row["sha256"]:
        report.findings.append(Finding("ledger.definition_file", str(row["sha256"]), "the content is not what its sha256 says"))


def _manifest(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.manifests[str(row["manifest"])] = str(row["sha256"])


def _landing_file(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    contents.landing_files[str(row["stored_as"])] = str(row["sha256"])


def _retention_act(contents: Contents, row: dict[str, str | None], report: Report) -> None:
    if row["subject"] == "landing_file":
        contents.deleted.add(str(row["stored_as"]))


COLLECTORS: dict[str, Callable[[Contents, dict[str, str | None], Report], None]] = {
    "ledger.publication": _publication,
    "ledger.publication_part": _publication_part,
    "ledger.published_value": _published_value,
    "ledger.definition": _definition,
    "ledger.definition_file": _definition_file,
    "ledger.manifest_digest": _manifest,
    "ledger.landing_file": _landing_file,
    "ledger.retention_act": _retention_act,
}


def _check_definitions(pack: PackReader, report: Report, contents: Contents) -> None:
    for definition, files in contents.definitions.items():
        if definition_sha256(files) != definition:
            report.findings.append(
                Finding("ledger.definition", definition, "the files are not those the definition hash stands for")
            )
    today = contents.definitions.get(pack.manifest["definition_hash"], {})
    _check_copies(pack, report, {f"definitions/{path}": sha256 for path, sha256 in today.items()}, "definitions/")
    by_name = {n: n.rpartition("-")[2].removesuffix(".json") for n in pack.members if n.startswith(("suites/", "contracts/"))}
    _check_copies(pack, report, by_name, ("suites/", "contracts/"))
    report.checked.append(f"{len(contents.definitions)} definitions")


def _check_landing_manifests(pack: PackReader, report: Report, contents: Contents) -> None:
    expected = {f"landing/{place}": sha256 for place, sha256 in contents.manifests.items()}
    _check_copies(pack, report, expected, "landing/")
    report.checked.append(f"{len(expected)} manifests of pulls")


def _check_copies(pack: PackReader, report: Report, expected: dict[str, str], start: str | tuple[str, ...]) -> None:
    """Members that are copies of what the ledger has a digest of."""
    names = set(pack.zip.namelist())
    for name, sha256 in expected.items():
        if name not in names:
            report.findings.append(Finding(name, "", "is known to the ledger and not in the pack"))
            continue
        digest = hashlib.sha256()
        try:
            for chunk in pack.chunks(name):
                digest.update(chunk)
        except DAMAGE:
            continue  # named among the members already
        if digest.hexdigest() != sha256:
            report.findings.append(Finding(name, "", "is not what the ledger has the digest of"))
    for name in sorted(n for n in names if n.startswith(start) and n not in expected):
        report.findings.append(Finding(name, "", "the ledger does not know it"))
