"""The files of readings, `<entity>/<feed>/<batch>-<n>.parquet` or `day-*` below HEARTH_LAKE; written once, by thing and time."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.lake.errors import NotOurs
from hearth.lake.sorting import sorted_by
from hearth.landing.file_store import FileStore

PART_ROWS = 1 << 19
"""Rows of a batch that are sorted at once and make one file;"""
PART_BYTES = 256 << 20
"""or fewer, where they are so large."""
ROWS_A_GROUP = 1 << 17


class Lake(FileStore):
    """A folder or an object-store URL."""

    variable = "HEARTH_LAKE"
    kind = "reading file"
    damaged = "its pull loaded anew writes another (docs/runbook.md)"

    def put(self, file: Path, name: str) -> tuple[str, int]:
        """Bring a local file in under its name; it appears there when it is complete. Returns (sha256, size in bytes).

        Raises NotOurs where another file has that name: numbers of batches are a warehouse's own, so it is another warehouse's.
        """
        draft = self.root / "incoming" / f"{uuid.uuid4().hex}.part"
        self._make_folder(draft.parent)
        digest, size = hashlib.sha256(), 0
        try:
            with file.open("rb") as source, draft.open("wb") as target:
                while chunk := source.read(1 << 20):
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
                self._keep(target)
            place = self.root / name
            self._make_folder(place.parent)
            if place.exists() and not self._is(name, digest.hexdigest()):
                raise NotOurs(
                    f"{place} is there with other content: {self.root} holds readings of another warehouse. Give each warehouse a"
                    f" {self.variable} of its own (an empty one for a restored one); nothing was overwritten"
                )
            draft.fs.mv(draft.path, place.path)
            if self.is_local:
                os.chmod(place.path, 0o400)
            return digest.hexdigest(), size
        finally:
            draft.unlink(missing_ok=True)

    def _is(self, name: str, sha256: str) -> bool:
        with (self.root / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def address(self, name: str) -> str:
        """Of a file, as DuckDB opens it."""
        path = self.root / name
        return path.path if self.is_local else str(path)


def write_sorted(rows: pa.Table, path: Path, order: Sequence[str]) -> None:
    """One file, its rows in this order; equal rows give equal bytes."""
    texts = [field.name for field in rows.schema if pa.types.is_string(field.type)]
    whole = {
        field.name: "DELTA_BINARY_PACKED"
        for field in rows.schema
        if pa.types.is_integer(field.type) or pa.types.is_timestamp(field.type)
    }
    pq.write_table(
        sorted_by(rows, order), path, compression="zstd", row_group_size=ROWS_A_GROUP, use_dictionary=texts, column_encoding=whole,
        store_schema=True,
    )  # fmt: skip
