"""A place for files that are written once: a folder or a part of a bucket, s3://<bucket>/<folder>."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath


class NotNamed(KeyError):
    """Nobody said where the store is."""


class StoreUnusable(RuntimeError):
    """The object store is away, refuses the key or lacks the bucket; says which and what to do. No file is told gone for it."""


class FileStore:
    """The local form closes its folders to everybody else."""

    variable: ClassVar[str]
    """Of the environment: where it is, unless it is said."""
    kind: ClassVar[str]
    """What a file of it is called."""
    damaged: ClassVar[str]
    """What to do about a file that was changed."""

    def __init__(self, root: str | None = None) -> None:
        from airflow.sdk import ObjectStoragePath  # seconds: every command would wait for it

        root = root or os.environ.get(self.variable)
        if not root:
            raise NotNamed(f"{self.variable} is not set; it is where every {self.kind} is, a folder or a URL (see .env.example)")
        self.is_local = "://" not in root or root.startswith("file://")
        if self.is_local:
            folder = Path(root.removeprefix("file://")).resolve()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            root = f"file://{folder}"
        elif root.startswith("s3://"):
            from hearth.landing import object_store

            object_store.open_bucket(root)
        else:
            raise StoreUnusable(f"{self.variable} is {root!r}; expected a folder or s3://<bucket>/<folder> (see .env.example)")
        self.root = ObjectStoragePath(root.rstrip("/"))

    def open(self, stored_as: str, sha256: str) -> IO[bytes]:
        """A stored file for reading. Raises FileNotFoundError or ValueError when it is gone or was changed."""
        path = self.root / stored_as
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256:
            raise ValueError(
                f"{self.kind} {stored_as} was changed: sha256 {digest[:12]}, it was written with {sha256[:12]}. Bring it back from"
                f" a copy; {self.damaged}"
            )
        return path.open("rb")

    def everything(self) -> Iterator[tuple[str, int, datetime]]:
        """(path below the root, bytes, last written) of every file there is, also of those still coming in."""
        for path, facts in sorted(self.root.fs.find(self.root.path, detail=True).items()):
            if facts["type"] == "directory" or path.endswith("/"):
                continue  # a bucket's folders are shown where they are empty, too
            written = facts["mtime"] if self.is_local else facts["LastModified"]
            at = datetime.fromtimestamp(written, UTC) if isinstance(written, int | float) else written
            yield path[len(self.root.path) :].lstrip("/"), int(facts["size"]), at

    def settled(self) -> Iterator[str]:
        """Paths below the root of the files that are whole."""
        return (name for name, _, _ in self.everything() if not name.startswith("incoming/"))

    def fill(self, folder: Path) -> None:
        """Bring in all files of a folder, as they lie there, into a store that has none."""
        if self.is_local:
            shutil.copytree(folder, self.root.path, dirs_exist_ok=True)
        else:
            self.root.fs.put(f"{folder}/", f"{self.root.path}/", recursive=True)

    def end_uploads(self, before: datetime) -> None:
        """Give up what began to come in before then and never ended, where no list of files shows it."""
        if not self.is_local:
            from hearth.landing import object_store

            object_store.end_uploads(self.root, before)

    def _name(self, draft: ObjectStoragePath, place: ObjectStoragePath) -> None:
        """Give a whole draft its name, under which it appears at once; what is there already goes."""
        if self.is_local:
            draft.fs.mv(draft.path, place.path)
            os.chmod(place.path, 0o400)
        else:  # no object can be renamed; the copy is made there, and the draft goes by whoever wrote it
            draft.fs.cp_file(draft.path, place.path)

    def _keep(self, file: IO[bytes]) -> None:
        """The ledger is about to say that the file is there: it has to be, after a power failure too."""
        if self.is_local:
            file.flush()
            os.fsync(file.fileno())

    def keep_names(self, *names: str) -> None:
        """Somebody is about to throw away what these files hold: their names have to last, too."""
        for folder in {(self.root / name).parent.path for name in names} if self.is_local else ():
            number = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)

    def _make_folder(self, folder: ObjectStoragePath) -> None:
        if self.is_local:
            Path(folder.path).mkdir(parents=True, exist_ok=True, mode=0o700)
