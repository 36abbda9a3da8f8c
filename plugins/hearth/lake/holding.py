"""What a file of readings really holds of each batch, read from the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hearth.lake.catalogue import NOT_CONTENT, Sums
from hearth.lake.content import row_hashes


def sums(file: IO[bytes]) -> Sums:
    """Rows and content by batch, of an open file; a group of rows at a time."""
    found: Sums = {}
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            for batch, rows, content in _of_table(parquet.read_row_group(group)):
                add(found, batch, rows, content)
    return found


def add(to: Sums, batch: int, rows: int, content: int) -> None:
    """Put rows of a batch to those that were counted before."""
    counted, sum_before = to.get(batch, (0, 0))
    to[batch] = counted + rows, (sum_before + content) % 2**64


def _of_table(rows: pa.Table) -> Iterator[tuple[int, int, int]]:
    """Columns are those the file has: one that came later, or is no more, changes no content."""
    hashes = row_hashes(rows, [name for name in rows.column_names if name not in NOT_CONTENT])
    batches, of_row = np.unique(rows["batch_id"].to_numpy(), return_inverse=True)
    order = np.argsort(of_row, kind="stable")
    begins = np.searchsorted(of_row[order], np.arange(len(batches)))
    contents = np.add.reduceat(hashes[order], begins)
    counted = np.bincount(of_row, minlength=len(batches))
    yield from zip(batches.tolist(), counted.tolist(), contents.tolist(), strict=True)
