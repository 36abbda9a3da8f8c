"""The landing store: content-addressed files that are written once, and one manifest a pull.

Names given by a source are only ever written into the manifest; on the store a file is called by its
sha256, so no name from outside can point anywhere. HEARTH_LANDING is a folder or an object-store URL.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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


class LandingStore:
    """Where landing files live. The local form closes its folders to everybody else."""

    def __init__(self, root: str | None = None) -> None:
        from airflow.sdk import ObjectStoragePath  # seconds: every command would wait for it

        root = root or os.environ["HEARTH_LANDING"]
        self.is_local = "://" not in root or root.startswith("file://")
        if self.is_local:
            folder = Path(root.removeprefix("file://")).resolve()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            root = f"file://{folder}"
        self.root = ObjectStoragePath(root)

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
                part.fs.mv(part.path, target.path)
                if self.is_local:
                    os.chmod(target.path, 0o400)
            return sha256, name, size
        finally:
            part.unlink(missing_ok=True)

    def open(self, stored_as: str, sha256: str) -> IO[bytes]:
        """A stored file for reading. Raises FileNotFoundError or ValueError when it is gone or was changed."""
        path = self.root / stored_as
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256:
            raise ValueError(
                f"landing file {stored_as} was changed: sha256 {digest[:12]}, manifest says {sha256[:12]}. Bring it back from a"
                " copy; where the source still has the same file, pulling its interval again lands it anew"
            )
        return path.open("rb")

    def everything(self) -> Iterator[tuple[str, int, datetime]]:
        """(path below the root, bytes, last written) of every file there is, also of those still coming in."""
        for path, facts in sorted(self.root.fs.find(self.root.path, detail=True).items()):
            written = next(facts[name] for name in ("mtime", "LastModified", "updated") if name in facts)
            at = datetime.fromtimestamp(written, UTC) if isinstance(written, int | float) else written
            yield path[len(self.root.path) :].lstrip("/"), int(facts["size"]), at

    def write_manifest(self, feed: str, start: datetime, end: datetime, facts: dict, files: list[StoredFile]) -> tuple[str, str]:
        """Write the manifest of a pull; returns its path below the root and its sha256."""
        stamp = f"{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}"
        name = f"{feed}/pulls/{stamp}_{uuid.uuid4().hex[:8]}.json"
        path = self.root / name
        self._make_folder(path.parent)
        text = json.dumps({**facts, "files": [asdict(f) for f in files]}, ensure_ascii=False, indent=1, default=str)
        with path.open("wb") as file:
            file.write(text.encode())
            self._keep(file)
        return name, hashlib.sha256(text.encode()).hexdigest()

    def read_manifest(self, name: str) -> list[StoredFile]:
        """The files of a pull. Raises FileNotFoundError."""
        with (self.root / name).open("rb") as file:
            return stored_files(json.load(file))

    def _keep(self, file: IO[bytes]) -> None:
        """The ledger is about to say that the file is there: it has to be, after a power failure too."""
        if self.is_local:
            file.flush()
            os.fsync(file.fileno())

    def _holds(self, target: ObjectStoragePath, sha256: str, size: int) -> bool:
        if not target.exists() or target.stat().st_size != size:
            return False
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def _make_folder(self, folder: ObjectStoragePath) -> None:
        if self.is_local:
            Path(folder.path).mkdir(parents=True, exist_ok=True, mode=0o700)
