"""Files of readings against what the ledger kept of them."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
import pyarrow as pa

from hearth.lake import catalogue, holding
from hearth.lake.catalogue import ReadingFile, Sums
from hearth.lake.files import Lake


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


def kept_and_found(connection: psycopg.Connection, batches: list[int]) -> tuple[Sums, Sums]:
    """What the ledger kept of the rows of these batches, and what the files they lie in hold of them now; a file that is gone or
    cannot be read holds nothing."""
    lake, asked = Lake(), set(batches)
    found: Sums = {}
    for file in catalogue.lying(connection, batches):
        try:
            with (lake.root / file.path).open("rb") as stream:
                held = holding.sums(stream)
        except (pa.ArrowException, OSError):
            continue
        for batch in held.keys() & asked:
            holding.add(found, batch, *held[batch])
    return catalogue.kept(connection, batches), found
