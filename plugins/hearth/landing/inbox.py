"""What a broker forgets once we have it: it lands at once, before any pull, and pulls are made of it.

A slip for each file, `<feed>/inbox/<received>_<bytes>_<sha256>.<kind>.json`, says by its name all that a pull needs; what stands in
it is for people. The landing store alone is the memory: no ledger has to be there, and none can be behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from hearth.landing.store import LandingStore, StoredFile

RECORDS, LARGE = "ndjson.gz", "bin"
"""Kinds of files: lines of records, and a payload too large to be one."""
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SLIP = re.compile(
    r"(?P<feed>[^/]+)/inbox/(?P<at>[0-9T]+\.[0-9]{6}Z)_(?P<size>[0-9]+)_(?P<sha256>[0-9a-f]{64})\.(?P<kind>[a-z.]+)\.json$"
)


@dataclass(frozen=True)
class Inbox:
    """The inbox of one feed."""

    store: LandingStore
    feed: str

    def put(self, chunks: Iterable[bytes], at: datetime, facts: Mapping[str, object], kind: str = RECORDS) -> str:
        """A file that was received whole at a moment; returns its sha256. When this returns it lasts, and its slip with it."""
        sha256, stored_as, size = self.store.store(self.feed, chunks, f".{kind}")
        slip = f"{self.feed}/inbox/{at.astimezone(UTC).strftime(_STAMP)}_{size}_{sha256}.{kind}.json"
        self.store.write(slip, {"feed": self.feed, "received_at": at, "stored_as": stored_as, **facts})
        self.store.keep_names(stored_as, slip)
        return sha256

    def files(self) -> list[StoredFile]:
        """Files of records, in the order in which they came."""
        slips = (_SLIP.fullmatch(name) for name in sorted(_names(self.store, f"{self.feed}/inbox")))
        return [_file(slip) for slip in slips if slip and slip["kind"] == RECORDS]


def places(store: LandingStore) -> set[str]:
    """Paths below the root of everything in any inbox: files and slips."""
    found = set()
    for feed in _folders(store):
        for name in _names(store, f"{feed}/inbox"):
            if slip := _SLIP.fullmatch(name):
                found |= {name, _stored_as(slip)}
    return found


def _file(slip: re.Match[str]) -> StoredFile:
    at = datetime.strptime(slip["at"], _STAMP).replace(tzinfo=UTC)
    name = f"{slip['at']} {slip['sha256'][:12]}"
    return StoredFile(0, name, slip["sha256"], int(slip["size"]), at, _stored_as(slip), "ndjson", "gzip")


def _stored_as(slip: re.Match[str]) -> str:
    return f"{slip['feed']}/{slip['sha256'][:2]}/{slip['sha256']}.{slip['kind']}"


def _names(store: LandingStore, folder: str) -> list[str]:
    """Paths below the root of all that lies in a folder."""
    path = store.root / folder
    return [f"{folder}/{each.name}" for each in path.iterdir()] if path.exists() else []


def _folders(store: LandingStore) -> list[str]:
    return [path.name for path in store.root.iterdir() if path.is_dir()] if store.root.exists() else []
