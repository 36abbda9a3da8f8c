"""Where readings go: columnar files that nobody sees until the load's transaction commits their rows of the ledger."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake, write_sorted
from hearth.warehouse.connections import connect

if TYPE_CHECKING:
    from hearth.loading.batch_load import BatchLoad


class RawFiles:
    """The files of the load's batch."""

    def __init__(self, load: BatchLoad) -> None:
        self._load, self._content = load, 0
        self._facts: dict[Path, dict[str, Any]] = {}

    @cached_property
    def _lake(self) -> Lake:
        return Lake()

    def write_part(self, rows: pa.Table, path: Path) -> None:
        """A part is the file that will stand; what came twice is taken out of it before."""
        entity = self._load.entity
        write_sorted(rows, path, entity.raw_key[1:])
        self._facts[path] = catalogue.described(entity, path)

    def known(self) -> pa.Table:
        """Loaded rows whose keys the batch has."""
        load = self._load
        asked = load.aside("select distinct {key} from settled")
        (since,) = load.aside("select min({event_column}) as since from settled")["since"].to_pylist()
        with connect("loader") as connection:
            files = catalogue.current(connection, load.entity.name, load.contract.feed, since)
        with engine() as database:
            show(database, load.entity, files, self._lake)
            database.register("asked", asked)
            return database.sql(load.text("select r.* from {entity_view} as r inner join asked using ({key})")).to_arrow_table()

    def take_out(self, batch_ids: list[int]) -> None:
        """The ledger says that these batches gave way; their files are swept later, when no reader has them open."""

    def take_in(self) -> int:
        """The settled rows; returns how many."""
        load, rows = self._load, 0
        for number, part in enumerate(load.side.parts(), 1):
            file = catalogue.put(self._lake, load.entity, load.contract.feed, load.batch_id, number, part, self._facts[part])
            load.write(catalogue.recording(), **file)
            rows += file["rows"]
            self._content += int(file["content"])
        return rows

    def content_hash(self) -> str:
        """The content of the rows, as hearth.lake.content has it."""
        return str(self._content % 2**64)
