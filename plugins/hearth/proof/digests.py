"""The arithmetic of the proof, pure: digests of rows, parts and seals, and of what was published.

Whoever holds a pack can compute all of it again without Hearth: sha256 over UTF-8 text, described here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hearth.transform.publication_record import OF_RUNS

DIGEST_BYTES = 16
"""So much of a row's sha256 stands in a seal's part; the part's own digest is whole."""

BEFORE_THE_FIRST = "0" * 64
"""What the first seal has for the seal before it."""


@dataclass(frozen=True)
class Finding:
    """One broken link: in which table or file, which row or place in it, and what is wrong."""

    where: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.key}: {self.what}" if self.key else f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Part:
    """The rows of one table a seal covers. `keys` are primary keys as JSON arrays in order; `digests` 16 bytes for each."""

    seal_id: int
    part: int
    relation: str
    columns: tuple[str, ...]
    rows: int
    keys: str
    digests: bytes
    sha256: str

    def digest_of(self, index: int) -> bytes:
        return self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]


@dataclass(frozen=True)
class Seal:
    """One link of the chain, without its parts."""

    seal_id: int
    previous_sha256: str
    parts: int
    rows: int
    sha256: str
    sealed_at: datetime
    run_id: str


def row_digest(record: str) -> bytes:
    """16 bytes of the sha256 of a row as PostgreSQL writes it (`row(columns)::text`, UTC, ISO dates)."""
    return hashlib.sha256(record.encode()).digest()[:DIGEST_BYTES]


def part_sha256(relation: str, columns: Iterable[str], keys: str, digests: bytes) -> str:
    """sha256 over table, columns, keys (one a line) and row digests (hexadecimal), joined by line feeds."""
    return hashlib.sha256("\n".join((relation, ",".join(columns), keys, digests.hex())).encode()).hexdigest()


def seal_sha256(
    seal_id: int, previous_sha256: str, sealed_at: datetime, run_id: str, parts: Iterable[tuple[int, str, int, str]]
) -> str:
    """sha256 of a seal's text: number, seal before, time, run, and a line for each part (number, table, rows, sha256)."""
    lines = [
        "hearth seal 1",
        f"seal {seal_id}",
        f"previous {previous_sha256}",
        f"sealed_at {sealed_at.astimezone(UTC).isoformat(timespec='microseconds')}",
        f"run {run_id}",
        *(f"part {number} {relation} {rows} {sha256}" for number, relation, rows, sha256 in sorted(parts)),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def published_part_sha256(records: Iterable[str]) -> str:
    """Digest of a part of a published mart: sha256 over the sorted sha256 of its rows as text."""
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(record.encode()).digest() for record in records))).hexdigest()


def definition_sha256(files: Mapping[str, str]) -> str:
    """Definition hash from the sha256 of each file by its path."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{files[path]}\n".encode())
    return digest.hexdigest()


def content_sha256(definition_hash: str, parts: Mapping[tuple[str, str], tuple[int, str]]) -> str:
    """Content hash of a publication from its newest parts: (mart, part) -> (rows, sha256); marts of runs are no part of it."""
    lines = [f"definitions {definition_hash}"]
    for mart, part in sorted(parts, key=lambda key: (key[0].encode(), key[1].encode())):
        rows, sha256 = parts[mart, part]
        if rows and mart not in OF_RUNS:
            lines.append(f"{mart} {part} {rows} {sha256}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_chain(seals: Sequence[Seal], parts_of: Mapping[int, list[tuple[int, str, int, str]]]) -> list[Finding]:
    """Broken links of the chain itself, in order. `parts_of`: seal id -> (number, table, rows, sha256) of its parts."""
    found, previous, expected_id = [], BEFORE_THE_FIRST, 1
    for seal in seals:
        key = f"seal {seal.seal_id}"
        parts = parts_of.get(seal.seal_id, [])
        if seal.seal_id != expected_id:
            found.append(Finding("ledger.seal", f"seal {expected_id}", f"is missing; the next one is seal {seal.seal_id}"))
        elif seal.previous_sha256 != previous:
            found.append(
                Finding("ledger.seal", key, f"names {seal.previous_sha256[:12]} as the seal before, which is {previous[:12]}")
            )
        if len(parts) != seal.parts or sum(rows for _, _, rows, _ in parts) != seal.rows:
            found.append(
                Finding(
                    "ledger.seal_part",
                    key,
                    f"{len(parts)} parts of {sum(p[2] for p in parts)} rows; the seal says {seal.parts} of {seal.rows}",
                )
            )
        elif seal_sha256(seal.seal_id, seal.previous_sha256, seal.sealed_at, seal.run_id, parts) != seal.sha256:
            found.append(Finding("ledger.seal", key, "its sha256 is not that of its parts, time and predecessor: it was changed"))
        previous, expected_id = seal.sha256, seal.seal_id + 1
    for orphan in sorted(parts_of.keys() - {seal.seal_id for seal in seals}):
        found.append(Finding("ledger.seal", f"seal {orphan}", "is missing; its parts are still there"))
    return found


def check_part(part: Part) -> Finding | None:
    """The part's own digest against its keys and row digests."""
    keys = part.keys.split("\n")
    if len(keys) != part.rows or len(part.digests) != DIGEST_BYTES * part.rows:
        return Finding("ledger.seal_part", f"seal {part.seal_id} part {part.part}", f"has {len(keys)} keys for {part.rows} rows")
    if part_sha256(part.relation, part.columns, part.keys, part.digests) != part.sha256:
        return Finding("ledger.seal_part", f"seal {part.seal_id} part {part.part}", "keys or digests were changed")
    return None
