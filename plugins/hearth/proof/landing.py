"""Hash landing files and manifests again and compare with what the ledger says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import psycopg

from hearth.landing import inbox
from hearth.landing.store import LandingStore
from hearth.proof.digests import Finding


def recorded_files(connection: psycopg.Connection) -> Iterator[tuple[str, str, str]]:
    """(path below the landing store, sha256, `landing file` or `manifest`) of everything ever landed, each once."""
    yield from connection.execute(
        "select distinct stored_as, sha256, 'landing file' from ledger.landing_file"
        " union all select manifest, sha256, 'manifest' from ledger.manifest_digest order by 1"
    )


def deleted_files(connection: psycopg.Connection) -> set[str]:
    """Paths below the landing store of the files deleted by a recorded act of retention."""
    rows = connection.execute("select stored_as from ledger.retention_act where subject = 'landing_file'").fetchall()
    return {place for (place,) in rows}


def strays(store: LandingStore, connection: psycopg.Connection, before: datetime) -> list[tuple[str, int]]:
    """(path below the root, bytes) of files last written before a moment that no pull in the ledger names: one failed half way.
    What lies in an inbox waits for its pull."""
    known = {place for place, _, _ in recorded_files(connection)} | inbox.places(store)
    return [(place, size) for place, size, written in store.everything() if place not in known and written < before]


def check_landing(
    root: Any, files: Iterable[tuple[str, str, str]], deleted: set[str], progress: Callable[[], Any] = lambda: None
) -> tuple[list[Finding], int, int]:
    """(findings, files that are whole, files deleted by a recorded act).

    `root`: the landing store as a Path or ObjectStoragePath; `progress` is called for each file.
    """
    found, whole, gone = [], 0, 0
    for place, expected, kind in files:
        progress()
        path = root / place
        try:
            with path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            if place in deleted:
                gone += 1
            else:
                found.append(Finding(f"{kind} {place}", "", "is missing, and no act of retention says why"))
            continue
        if actual == expected:
            whole += 1
        else:
            found.append(Finding(f"{kind} {place}", "", f"was changed: sha256 {actual[:12]}, the ledger says {expected[:12]}"))
    return found, whole, gone
