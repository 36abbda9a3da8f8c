"""What Spark and this process hand each other: a folder of one run that the workers see too, gone when the run is over."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.lake.errors import EngineFailed
from hearth.landing.file_store import FileStore

ROWS_A_BATCH = 1 << 17
LEFT_BEHIND_SECONDS = 2 * 86400
"""What a run that was killed left goes after so long."""


class Scratch(FileStore):
    """A folder or an object-store URL; needed where workers are on other machines."""

    variable = "HEARTH_SPARK_SCRATCH"
    kind = "file that goes to Spark's workers and comes back"
    damaged = "run again"

    def sweep(self) -> None:
        for path in self.root.iterdir():
            kind, _, told = path.name.partition("-")
            begun = told.partition("-")[0]
            if kind == "run" and begun.isdigit() and int(begun) < time.time() - LEFT_BEHIND_SECONDS:
                path.fs.rm(path.path, recursive=True)


class Run:
    """One run's part of it, which has nothing yet."""

    def __init__(self, store: Scratch, beside: Path) -> None:
        self._store, self._beside = store, beside
        self.root = store.root / f"run-{int(time.time())}-{uuid.uuid4().hex[:12]}"

    def write(self, name: str, content: bytes) -> None:
        (self._beside / name).write_bytes(content)

    def local_copy(self, name: str) -> Path:
        return self._beside / name

    def put(self, name: str, table: pa.Table) -> str:
        """Write a table; returns its address."""
        path = self.root / name
        if self._store.is_local:
            Path(path.parent.path).mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
        return self.address(name)

    def address(self, name: str) -> str:
        path = self.root / name
        return str(path.path if self._store.is_local else path)

    def rows(self, name: str) -> pa.RecordBatchReader:
        """Of all files Spark wrote under this name."""
        folder = self.root / name
        parts = sorted(folder.fs.glob(f"{folder.path}/*.parquet"))
        if not parts:
            raise EngineFailed(
                f"Spark says that it wrote {folder}, and this machine sees no file there: HEARTH_SPARK_SCRATCH has to be one"
                " place for it and for all workers"
            )

        def batches() -> Iterator[pa.RecordBatch]:
            for part in parts:
                with folder.fs.open(part, "rb") as file:
                    yield from pq.ParquetFile(file).iter_batches(ROWS_A_BATCH)

        with folder.fs.open(parts[0], "rb") as file:
            schema = pq.read_schema(file).remove_metadata()
        return pa.RecordBatchReader.from_batches(schema, (batch.replace_schema_metadata() for batch in batches()))

    def remove(self) -> None:
        if self._store.is_local:
            shutil.rmtree(self.root.path, ignore_errors=True)
        elif self.root.exists():
            self.root.fs.rm(self.root.path, recursive=True)


@contextmanager
def scratch(is_local: bool) -> Iterator[Run]:
    """Of a run: HEARTH_SPARK_SCRATCH, or a temporary folder where Spark runs on this machine. Raises NotNamed."""
    with TemporaryDirectory(prefix="hearth-spark-") as beside:
        store = Scratch(beside if is_local else None)
        if not is_local:
            store.sweep()
        run = Run(store, Path(beside))
        try:
            yield run
        finally:
            run.remove()
