"""The files of readings, `<entity>/<feed>/<batch>-<n>.parquet` or `day-*` below HEARTH_LAKE; written once, by thing and time."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.lake.errors import NotOurs
from hearth.lake.sorting import sorted_by
from hearth.landing.file_store import FileStore

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath
    from fsspec import AbstractFileSystem

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
        with file.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        place = self.root / name
        is_there = place.exists()
        if is_there and not self._is(name, sha256):
            raise self._not_ours(place)
        if self.is_local:
            self._copy_in(file, place)
        else:  # one that comes first meanwhile is not overwritten, and a file that is not whole is never shown
            try:
                place.fs.put_file(
                    str(file), place.path, mode="overwrite" if is_there else "create", chunksize=place.fs.default_block_size
                )
            except FileExistsError as error:
                raise self._not_ours(place) from error
        return sha256, file.stat().st_size

    def _copy_in(self, file: Path, place: ObjectStoragePath) -> None:
        draft = self.root / "incoming" / f"{uuid.uuid4().hex}.part"
        self._make_folder(draft.parent)
        self._make_folder(place.parent)
        try:
            with file.open("rb") as source, draft.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                self._keep(target)
            self._name(draft, place)
        finally:
            draft.unlink(missing_ok=True)

    def _not_ours(self, place: ObjectStoragePath) -> NotOurs:
        return NotOurs(
            f"{place} is there with other content: {self.root} holds readings of another warehouse. Give each warehouse a"
            f" {self.variable} of its own (an empty one for a restored one); nothing was overwritten"
        )

    def _is(self, name: str, sha256: str) -> bool:
        with (self.root / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def address(self, name: str) -> str:
        """Of a file, as DuckDB opens it."""
        path = self.root / name
        return path.path if self.is_local else str(path)

    def file_system(self) -> AbstractFileSystem:
        """What DuckDB opens the addresses of an object store with."""
        from hearth.landing.object_store import WrittenOnce

        found = WrittenOnce()
        found.invalidate_cache()
        return found


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
