"""Files of readings against what the ledger kept of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import psycopg
import pyarrow.parquet as pq

from hearth.contracts.entity import Entity
from hearth.lake import catalogue
from hearth.lake.catalogue import ReadingFile
from hearth.lake.content import content_of
from hearth.lake.files import Lake

Sums = dict[int, tuple[int, int]]
"""batch_id -> (rows, content)."""


def damaged(files: Iterable[ReadingFile]) -> list[str]:
    """What is wrong with these files, a line each."""
    lake, wrong = Lake(), []
    for file in files:
        try:
            lake.open(file.path, file.sha256).close()
        except FileNotFoundError:
            wrong.append(f"{file.path} is gone")
        except ValueError as error:
            wrong.append(str(error))
    return wrong


def kept_and_found(connection: psycopg.Connection, entity: Entity, batches: list[int]) -> tuple[Sums, Sums]:
    """What the ledger kept of the files of these batches, and what they hold now; a file that is gone holds nothing."""
    lake, names = Lake(), catalogue.content_columns(entity)
    kept: Sums = defaultdict(lambda: (0, 0))
    found: Sums = defaultdict(lambda: (0, 0))
    for file in catalogue.of_batches(connection, batches):
        kept[file.batch_id] = _added(kept[file.batch_id], file.rows, int(file.content))
        place = lake.root / file.path
        if not place.exists():
            continue
        with place.open("rb") as stream, pq.ParquetFile(stream) as parquet:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group)
                found[file.batch_id] = _added(found[file.batch_id], len(table), content_of([table], names))
    return kept, found


def _added(sums: tuple[int, int], rows: int, content: int) -> tuple[int, int]:
    return sums[0] + rows, (sums[1] + content) % 2**64
