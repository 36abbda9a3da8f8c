"""An installation as bytes: its database as text, the files of a store."""

from __future__ import annotations

import subprocess

from hearth.keeping.backup import programs
from hearth.landing.file_store import FileStore


def text_of(url: str) -> str:
    """A whole database as pg_dump writes it, without the two lines that differ each time."""
    dumped = subprocess.run([programs() / "pg_dump", url], capture_output=True, check=True, text=True).stdout
    return "\n".join(line for line in dumped.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def files_of(store: FileStore) -> dict[str, bytes]:
    return {name: (store.root / name).read_bytes() for name, _, _ in store.everything()}
