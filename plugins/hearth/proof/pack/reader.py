"""An opened pack, and what checks of its later parts need of its rows."""

from __future__ import annotations

import json
import logging
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hearth.proof.digests import Part, Seal
from hearth.proof.pack.pack import BEFORE, FORMAT, MANIFEST
from hearth.proof.pack.summary_facts import SummaryFacts
from hearth.proof.pack.table_text import copy_fields

log = logging.getLogger(__name__)
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError)


class NotAPack(ValueError):
    """The file is no evidence pack at all."""


@dataclass
class Contents:
    """What later checks need of the rows of a pack."""

    summary: SummaryFacts
    publications: list[tuple[int, str, str | None]] = field(default_factory=list)
    parts: list[tuple[int, str, str, int, str]] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    definitions: dict[str, dict[str, str]] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    landing_files: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


class PackReader:
    """An opened pack."""

    def __init__(self, path: Path) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
            self.manifest_bytes = self.zip.read(MANIFEST)
            self.manifest: dict[str, Any] = json.loads(self.manifest_bytes)
            self.season, self.members = str(self.manifest["season"]), dict(self.manifest["members"])
        except (*DAMAGE, KeyError, TypeError, ValueError) as error:
            raise NotAPack(f"{path} is not an evidence pack ({error}); expected a zip with {MANIFEST} in it") from error
        if self.manifest.get("format") not in (FORMAT, BEFORE):
            raise NotAPack(f"{path} has the format {self.manifest.get('format')!r}; this version reads {FORMAT!r} and {BEFORE!r}")

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.zip.open(name) as member:
            yield from iter(lambda: member.read(1 << 20), b"")

    def lines(self, name: str) -> Iterator[list[str | None]]:
        """Fields of each line, up to the end or to where the member is damaged, which the check of members has named."""
        try:
            with self.zip.open(name) as member:
                for line in member:
                    yield copy_fields(line)
        except DAMAGE as error:
            log.warning("%s can be read in part only: %s", name, error)

    def seals(self) -> list[Seal]:
        found = []
        for number, previous, parts, rows, sha256, at, run in self.lines("seals/seal.tsv"):
            moment = datetime.fromisoformat(f"{at}:00" if at and at[-3] in "+-" else str(at))
            found.append(Seal(int(number or 0), str(previous), int(parts or 0), int(rows or 0), str(sha256), moment, str(run)))
        return found

    def parts(self) -> Iterator[Part]:
        for seal, part, relation, columns, rows, keys, digests, sha256 in self.lines("seals/seal_part.tsv"):
            yield Part(
                int(seal or 0),
                int(part or 0),
                str(relation),
                tuple(json.loads(columns or "[]")),
                int(rows or 0),
                str(keys),
                bytes.fromhex(digests or ""),
                str(sha256),
            )
