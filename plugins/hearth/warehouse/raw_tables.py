"""DDL of schema raw, made from the canonical entities."""

from __future__ import annotations

from collections.abc import Iterator

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import POSTGRES_TYPE, PROVENANCE, Entity


def column_definitions(entity: Entity) -> Iterator[tuple[str, str]]:
    """(stored name, PostgreSQL type with nullability) of raw.<entity>, in table order."""
    yield from PROVENANCE
    for column in entity.columns:
        null = " not null" if column.required else ""
        yield column.stored_name, POSTGRES_TYPE[column.kind] + null
    yield from ((name, "text") for name in entity.made_columns)


def create_raw_table(entity: Entity) -> str:
    """Statements that make raw.<entity>, or add the columns a newer version declares."""
    columns = list(column_definitions(entity))
    lines = ",\n    ".join(f"{name} {kind}" for name, kind in columns)
    key = ", ".join(entity.raw_key)
    statements = [
        f"create table if not exists raw.{entity.name} (\n    {lines},\n    primary key ({key})\n)",
        f"comment on table raw.{entity.name} is '{entity.title} {entity.title_zh}'",
    ]
    statements += [
        f"alter table raw.{entity.name} add column if not exists {name} {kind.replace(' not null', '')}" for name, kind in columns
    ]
    statements += [
        f"comment on column raw.{entity.name}.{name} is 'its channels that could not be used and are null: channel:reason,...'"
        for name in entity.made_columns
    ]
    return ";\n".join(statements) + ";\n"


def create_raw_schema() -> str:
    return "".join(create_raw_table(entity) for entity in ENTITIES.values() if not entity.in_files)
