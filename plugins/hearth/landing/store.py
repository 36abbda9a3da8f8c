"""The landing store: content-addressed files that are written once, and one manifest a pull.

Names given by a source are only ever written into the manifest; on the store a file is called by its
sha256, so no name from outside can point anywhere. HEARTH_LANDING is a folder or an object-store URL.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hearth.landing.file_store import FileStore

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath


@dataclass(frozen=True)
class StoredFile:
    """One file as it lies in the store. `records` is null until the file was read."""

    ordinal: int
    source_name: str
    sha256: str
    size_bytes: int
    delivered_at: datetime | None
    stored_as: str
    format_kind: str
    compression: str


def stored_files(manifest: dict[str, Any]) -> list[StoredFile]:
    """The files that a manifest lists."""
    return [
        StoredFile(**{**file, "delivered_at": datetime.fromisoformat(file["delivered_at"]) if file["delivered_at"] else None})
        for file in manifest["files"]
    ]


class LandingStore(FileStore):
    """Where landing files live."""

    variable = "HEARTH_LANDING"
    kind = "landing file"
    damaged = "where the source still has the same file, pulling its interval again lands it anew"

    def store(self, feed: str, chunks: Iterable[bytes], suffix: str) -> tuple[str, str, int]:
        """Write a stream under its own sha256. Returns (sha256, path below the root, size in bytes).

        The file appears under its name only when it is complete; the same content is stored once. A file that was damaged
        since is replaced by what came now.
        """
        part = self.root / "incoming" / f"{uuid.uuid4().hex}.part"
        self._make_folder(part.parent)
        digest, size = hashlib.sha256(), 0
        try:
            with part.open("wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                self._keep(file)
            sha256 = digest.hexdigest()
            name = f"{feed}/{sha256[:2]}/{sha256}{suffix}"
            target = self.root / name
            self._make_folder(target.parent)
            if self.is_local and self._holds(target, sha256, size):
                os.utime(target.path)  # it came again: what sweeps files by their age must not take it for an old one
            else:
                self._name(part, target)
            return sha256, name, size
        finally:
            part.unlink(missing_ok=True)

    def write_manifest(self, feed: str, start: datetime, end: datetime, facts: dict, files: list[StoredFile]) -> tuple[str, str]:
        """Write the manifest of a pull; returns its path below the root and its sha256."""
        stamp = f"{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}"
        name = f"{feed}/pulls/{stamp}_{uuid.uuid4().hex[:8]}.json"
        return name, self.write(name, {**facts, "files": [asdict(f) for f in files]})

    def write(self, name: str, facts: dict[str, Any]) -> str:
        """Facts as JSON under a path below the root; returns their sha256."""
        path = self.root / name
        self._make_folder(path.parent)
        text = json.dumps(facts, ensure_ascii=False, indent=1, default=str)
        if self.is_local:
            path.unlink(missing_ok=True)  # what lies there under this name may be a trial's, too
        with path.open("wb") as file:
            file.write(text.encode())
            self._keep(file)
        return hashlib.sha256(text.encode()).hexdigest()

    def read_manifest(self, name: str) -> list[StoredFile]:
        """The files of a pull. Raises FileNotFoundError."""
        with (self.root / name).open("rb") as file:
            return stored_files(json.load(file))

    def _holds(self, target: ObjectStoragePath, sha256: str, size: int) -> bool:
        """Whether it is there already, and this store's alone: what a trial holds, too, is no longer written to."""
        if not target.exists() or target.stat().st_size != size or os.stat(target.path).st_nlink > 1:
            return False
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
