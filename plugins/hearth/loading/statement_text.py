"""A statement of the loader as the driver takes it: names of tables and columns put in, parameters by number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import sql

from hearth.contracts.entity import Entity

NOT_HASHED = ("feed", "batch_id")
"""Columns of a raw row that its digest leaves out: another batch of the same rows has others."""
QUARANTINED = ("file_id", "position", "sub_position", "reasons", "first_reason", "record", "subject_id", "event_date")
"""Columns of quarantine.row whose digest is kept."""


def listed(columns: Iterable[str], alias: str | None = None) -> sql.Composed:
    """Names of columns as SQL."""
    return sql.SQL(", ").join(sql.Identifier(*filter(None, (alias, name))) for name in columns)


def statement_names(entity: Entity, columns: list[str]) -> dict[str, sql.Composable]:
    """What stands for `{name}` in statements on the rows of an entity.

    Rows of the batch are i, those that are loaded r.
    """
    key, happened = entity.raw_key[1:], sql.Identifier(entity.event_column)
    column = entity.columns_by_name.get(entity.event_column)
    kind = column.kind if column is not None else None
    is_date = kind == "date"
    in_zone = "({} at time zone %(time_zone)s::text)::date", "(({} + 1)::timestamp at time zone %(time_zone)s::text)"
    return {
        "raw_table": sql.Identifier("raw", entity.name),
        "entity_view": sql.Identifier(entity.name),
        "columns": listed(columns),
        "i_hashed": listed([name for name in columns if name not in NOT_HASHED], "i"),
        "q_hashed": listed(QUARANTINED, "q"),
        "key": listed(key),
        "left_out": listed(entity.made_columns),
        **{f"{alias}_key": sql.SQL("({})").format(listed(key, alias)) for alias in "ir"},
        **{f"{alias}_content": listed(entity.content_columns, alias) for alias in "ir"},
        "subject": sql.Identifier("i", entity.natural_key[0]),
        "event_at": sql.Identifier("i", entity.event_column) if kind == "instant" else sql.SQL("null::timestamptz"),
        "event_column": happened,
        "event_date": happened if is_date else sql.SQL(in_zone[0]).format(happened),
        "happened_at": sql.SQL(in_zone[1]).format(happened) if is_date else happened,
    }


def composed(statement: str, names: Mapping[str, sql.Composable]) -> str:
    """The statement with its `{name}`s."""
    return sql.SQL(statement).format(**names).as_string()


_PARAMETER = re.compile(r"%\((\w+)\)s")


def has_parameters(statement: str) -> bool:
    return _PARAMETER.search(statement) is not None


def numbered(statement: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """A statement with `$1`, `$2`, ... for the parameters it names, as ADBC wants it, and their values in this order."""
    names = list(dict.fromkeys(_PARAMETER.findall(statement)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement), [values[name] for name in names]
