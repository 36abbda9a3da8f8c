"""Bring a warehouse to the current version: schemas, roles, tables, partitions.

Every statement may be run again; migrations already applied are recorded by content in
`ledger.migration` and a changed old migration is refused.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from hearth.warehouse.raw_tables import create_raw_schema

MIGRATIONS = Path(__file__).parent / "migrations"
ROLES = ("loader", "transformer", "publisher", "reader", "dashboards", "auditor", "engineer")


def role_urls() -> dict[str, str]:
    """Connection URLs of the least-privilege roles, from HEARTH_WAREHOUSE_URL_<ROLE>.

    Raises KeyError naming the first variable that is not set.
    """
    return {role: os.environ[f"HEARTH_WAREHOUSE_URL_{role.upper()}"] for role in ROLES}


def migrate(owner_url: str, roles: dict[str, str]) -> list[str]:
    """Apply what is missing and return the names of the migrations applied now.

    `roles` maps every name of ROLES to its connection URL; each role is created with the
    password of its URL. User names are fixed: hearth_<role>.
    """
    applied: list[str] = []
    with psycopg.connect(owner_url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('hearth.migrate'))")
        for role, url in roles.items():
            _ensure_role(connection, role, url)
        connection.execute("create schema if not exists ledger")
        connection.execute(
            "create table if not exists ledger.migration (name text primary key, sha256 char(64) not null,"
            " applied_at timestamptz not null default clock_timestamp())"
        )
        for name, statements, repeatable in _migrations():
            digest = hashlib.sha256(statements.encode()).hexdigest()
            known = connection.execute("select sha256 from ledger.migration where name = %s", (name,)).fetchone()
            if known and known[0] != digest and not repeatable:
                raise RuntimeError(
                    f"migration {name} was applied with other content (sha256 {known[0][:12]}, file {digest[:12]}). "
                    "Restore the file and put the change into a new migration."
                )
            if not known or repeatable:
                connection.execute(statements)
            if not known:
                connection.execute("insert into ledger.migration (name, sha256) values (%s, %s)", (name, digest))
                applied.append(name)
    return applied


def _migrations() -> list[tuple[str, str, bool]]:
    """(name, statements, repeatable): raw tables follow the entities, so they and the grants run each time."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql"))}
    privileges = files.pop("privileges")
    ordered = [(name, text, False) for name, text in files.items()]
    return [*ordered, ("raw_tables", create_raw_schema(), True), ("privileges", privileges, True)]


def _ensure_role(connection: psycopg.Connection, role: str, url: str) -> None:
    parts = urlsplit(url)
    name = f"hearth_{role}"
    if parts.username != name:
        raise ValueError(f"HEARTH_WAREHOUSE_URL_{role.upper()}: expected user {name}, got {parts.username!r}")
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
    verb = sql.SQL("alter" if exists else "create")
    password = sql.Literal(unquote(parts.password or ""))
    connection.execute(sql.SQL("{} role {} login password {}").format(verb, sql.Identifier(name), password))
    connection.execute(
        sql.SQL("grant connect, temporary on database {} to {}").format(
            sql.Identifier(connection.info.dbname), sql.Identifier(name)
        )
    )
