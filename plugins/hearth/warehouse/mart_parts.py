"""Parts of a published mart, its days or all of it, and their digests: as a publication writes them and every later look compares.

A part's digest is sha256 over the sorted sha256 of its rows as text. `hearth.proof.digests` says the same without a database.
"""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

SESSION = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'iso_8601';"
    " set local extra_float_digits = 1; set local bytea_output = 'hex'"
)
"""How PostgreSQL writes a row as text must not depend on who asks."""

EVERY_ROW = sql.SQL("true")
DAY_COLUMNS = ("heating_date", "progress_date")


def day_column(columns: Collection[str]) -> str | None:
    """The column by whose days a mart is published; None for a mart that is published whole."""
    return next((name for name in DAY_COLUMNS if name in columns), None)


def digests(table: str, day: str | None, where: sql.Composable = EVERY_ROW) -> sql.Composed:
    """Query of (part, rows, sha256) of a table in schema marts as it is now."""
    part = sql.SQL("r.{}::text").format(sql.Identifier(day)) if day else sql.SQL("'all'")
    return sql.SQL(
        "select part, count(*) as rows, encode(sha256(string_agg(digest, ''::bytea order by digest)), 'hex') as sha256"
        " from (select {} as part, sha256(convert_to(r::text, 'UTF8')) as digest from {} as r where {}) as hashed group by part"
    ).format(part, sql.Identifier("marts", table), where)


def published(mart: str) -> sql.Composed:
    """Query of (part, rows, sha256) of a mart as its newest publications wrote them."""
    return sql.SQL(
        "select distinct on (part) part, rows, sha256 from ledger.publication_part where mart = {}"
        " order by part, publication_id desc"
    ).format(sql.Literal(mart))
