"""DDL of schema raw, made from the canonical entities."""

from __future__ import annotations

from collections.abc import Iterator

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import POSTGRES_TYPE, PROVENANCE, Entity

PARTITIONS_FUNCTION = """
create or replace function raw.ensure_month_partitions(entity text, first timestamptz, beyond timestamptz)
returns integer language plpgsql security definer set search_path = raw, pg_temp as $$
declare
    month timestamptz := date_trunc('month', first at time zone 'UTC') at time zone 'UTC';
    next_month timestamptz;
    name text;
    made integer := 0;
begin
    if not exists (select from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
                   join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname = 'raw' and c.relname = entity) then
        return 0;
    end if;
    perform pg_advisory_xact_lock(hashtext('raw.partitions'));
    while month < beyond loop
        next_month := (date_trunc('month', month at time zone 'UTC') + interval '1 month') at time zone 'UTC';
        name := format('%s_%s', entity, to_char(month at time zone 'UTC', 'YYYYMM'));
        if to_regclass(format('raw.%I', name)) is null then
            -- Attaching leaves readers and other loads alone; `create table ... partition of` would lock them all out.
            execute format('create table raw.%I (like raw.%I including all)', name, entity);
            execute format('alter table raw.%I attach partition raw.%I for values from (%L) to (%L)',
                           entity, name, month, next_month);
            made := made + 1;
        end if;
        month := next_month;
    end loop;
    return made;
end $$;
revoke all on function raw.ensure_month_partitions(text, timestamptz, timestamptz) from public;
"""
"""Monthly partitions by arrival; runs with the owner's rights so that the loader needs no right to create."""


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
    partition = " partition by range (arrived_at)" if entity.partitioned else ""
    statements = [
        f"create table if not exists raw.{entity.name} (\n    {lines},\n    primary key ({key})\n){partition}",
        f"comment on table raw.{entity.name} is '{entity.title} {entity.title_zh}'",
    ]
    statements += [
        f"alter table raw.{entity.name} add column if not exists {name} {kind.replace(' not null', '')}" for name, kind in columns
    ]
    statements += [
        f"comment on column raw.{entity.name}.{name} is 'its channels that could not be used and are null: channel:reason,...'"
        for name in entity.made_columns
    ]
    for indexed in (entity.event_column, "arrived_at", "batch_id") if entity.partitioned else ():
        statements.append(
            f"create index if not exists {entity.name}_{indexed} on raw.{entity.name} using brin ({indexed})"
            " with (pages_per_range = 32)"
        )
    return ";\n".join(statements) + ";\n"


def create_raw_schema() -> str:
    return "".join(create_raw_table(entity) for entity in ENTITIES.values()) + PARTITIONS_FUNCTION
