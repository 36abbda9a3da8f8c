"""The Arrow schema of an entity's canonical rows, with where each came from in front."""

from __future__ import annotations

import pyarrow as pa

from hearth.contracts.entity import Entity, Kind

ARROW_TYPE: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "number": pa.float64(),
    "integer": pa.int32(),
    "flag": pa.bool_(),
}
PROVENANCE = (
    ("feed", pa.string()),
    ("batch_id", pa.int64()),
    ("file_id", pa.int64()),
    ("position", pa.int64()),
    ("sub_position", pa.int32()),
    ("arrived_at", pa.timestamp("us", tz="UTC")),
    ("source_version", pa.int64()),
)


def arrow_schema(entity: Entity) -> pa.Schema:
    """Of accepted rows, in the order of raw.<entity>."""
    own = [(column.stored_name, ARROW_TYPE[column.kind]) for column in entity.columns]
    return pa.schema([*PROVENANCE, *own, *((name, pa.string()) for name in entity.made_columns)])
