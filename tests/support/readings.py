"""Readings changed behind the pipeline's back, as a hand on the files would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue
from hearth.lake.schema import arrow_schema
from tests.support.world import Warehouse


def rewrite(warehouse: Warehouse, entity: str, change: Callable[[pa.Table], pa.Table]) -> dict[Path, bytes]:
    """Put what `change` makes of it in the place of every file that counts; returns what stood in those that differ now."""
    before = {}
    with psycopg.connect(warehouse.url) as owner:
        files = catalogue.current(owner, entity)
    for file in files:
        place = Path(warehouse.variables["HEARTH_LAKE"]) / file.path
        table = pq.read_table(place, schema=arrow_schema(ENTITIES[entity]))
        changed = change(table)
        if not changed.equals(table):
            before[place] = place.read_bytes()
            place.chmod(0o600)
            pq.write_table(changed, place)
    return before
