"""Bring a warehouse to the current version: schemas, roles, tables.

Every statement may be run again; migrations already applied are recorded by content in
`ledger.migration` and a changed old migration is refused. The owner owns the database and may make roles (CREATEROLE); it need
not be a superuser.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from hearth.warehouse import session_limits
from hearth.warehouse.branches import protect
from hearth.warehouse.raw_tables import create_raw_schema
from hearth.warehouse.roles import GROUPS, OWNS, ROLES, grants, login

__all__ = ["AS_SUPERUSER", "ROLES", "migrate", "role_urls"]

MIGRATIONS = Path(__file__).parent / "migrations"
AS_SUPERUSER = Path(__file__).parent / "as_superuser.sql"


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
        connection.execute("set local statement_timeout = 0")  # a migration of a full warehouse takes what it takes
        connection.execute("select pg_advisory_xact_lock(hashtext('hearth.migrate'))")
        _make_roles(connection, roles)
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
        protect(connection)
        for statement in session_limits.statements(sql.Identifier(connection.info.dbname).as_string(connection)):
            connection.execute(statement)
        if _is_superuser(connection):
            connection.execute(AS_SUPERUSER.read_text(encoding="utf-8"))
    return applied


def make_roles(owner_url: str, roles: dict[str, str]) -> None:
    """The roles alone, in a database that gets its tables from a backup."""
    with psycopg.connect(owner_url) as connection:
        _make_roles(connection, roles)


def _make_roles(connection: psycopg.Connection, roles: dict[str, str]) -> None:
    for role, url in roles.items():
        _ensure_role(connection, role, url)
    for group in GROUPS:
        _ensure_group(connection, login(group))
    for role in OWNS:
        _enter(connection, login(role))


def _migrations() -> list[tuple[str, str, bool]]:
    """(name, statements, repeatable): raw tables follow the entities, so they and the grants run each time."""
    ordered = [(path.stem, path.read_text(encoding="utf-8"), False) for path in sorted(MIGRATIONS.glob("*.sql"))]
    return [*ordered, ("raw_tables", create_raw_schema(), True), ("privileges", ";\n".join(grants()), True)]


def _ensure_role(connection: psycopg.Connection, role: str, url: str) -> None:
    parts = urlsplit(url)
    name = login(role)
    if parts.username != name:
        raise ValueError(f"HEARTH_WAREHOUSE_URL_{role.upper()}: expected user {name}, got {parts.username!r}")
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
    verb = sql.SQL("alter" if exists else "create")
    password = sql.Literal(unquote(parts.password or ""))
    try:
        connection.execute(sql.SQL("{} role {} login password {}").format(verb, sql.Identifier(name), password))
    except psycopg.errors.InsufficientPrivilege as error:
        raise RuntimeError(
            f"{connection.info.user} may not make or change the role {name}: {error.diag.message_primary}. The owner needs"
            f" CREATEROLE; for a role somebody else made: grant {name} to {connection.info.user} with admin option"
        ) from error
    connection.execute(
        sql.SQL("grant connect, temporary on database {} to {}").format(
            sql.Identifier(connection.info.dbname), sql.Identifier(name)
        )
    )


def _ensure_group(connection: psycopg.Connection, name: str) -> None:
    if not connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone():
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))


def _enter(connection: psycopg.Connection, name: str) -> None:
    """Make the owner a member of a role that makes tables: what others may read there is the owner's to say.

    Who made a role may grant it, also to itself; from PostgreSQL 16 on that is not the same as acting in its name.
    """
    options, wanted = ("", "MEMBER") if connection.info.server_version < 160000 else (" with inherit true, set true", "SET")
    row = connection.execute(
        "select pg_has_role(current_user, %s, 'USAGE') and pg_has_role(current_user, %s, %s)", (name, name, wanted)
    ).fetchone()
    if row and not row[0]:
        connection.execute(sql.SQL("grant {} to current_user" + options).format(sql.Identifier(name)))


def _is_superuser(connection: psycopg.Connection) -> bool:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return bool(row and row[0])
