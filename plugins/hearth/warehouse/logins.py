"""Logins of persons: each has one of their own, a member of the roles hearth_engineer or hearth_auditor.

A login that was taken away stays as a name: nobody else gets it, so the ledger goes on meaning the same person.
"""

from __future__ import annotations

import re
import secrets

import psycopg
from psycopg import sql

from hearth.warehouse.connections import warehouse_url
from hearth.warehouse.roles import PEOPLE, login
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
NAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}")


class CannotAdd(ValueError):
    """The name is none that a person's login can have."""


def add(name: str, role: str) -> str:
    """Make a person's login, or give an existing one a new password and the role; returns its URL, shown once.

    As the owner of the database, who needs CREATEROLE. Raises CannotAdd.
    """
    if not NAME.fullmatch(name) or name.startswith(("hearth_", "pg_")):
        raise CannotAdd(
            f"{name!r}: expected 2 to 40 small letters, digits and _ . -, a letter first, not beginning with hearth_ or pg_;"
            " best the name the person has in Airflow"
        )
    password, person = secrets.token_urlsafe(24), sql.Identifier(name)
    with psycopg.connect(warehouse_url("owner")) as connection:
        known = connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
        if known and name not in {found for found, _, _ in _people(connection)}:
            raise CannotAdd(f"{name!r} is the name of another role of this server; choose another one")
        verb = sql.SQL("alter" if known else "create")
        connection.execute(sql.SQL("{} role {} login password {}").format(verb, person, sql.Literal(password)))
        connection.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(connection.info.dbname), person))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(login(role)), person))
    _, _, address = warehouse_url(role).rpartition("@")
    return f"postgresql://{name}:{password}@{address}"


def remove(name: str) -> None:
    """Close a person's login for sessions to come; the name stays taken. Raises LookupError for somebody who is no person here."""
    with psycopg.connect(warehouse_url("owner")) as connection:
        if name not in {found for found, _, _ in _people(connection)}:
            raise LookupError(f"{name!r} is no person's login; see `hearth people list`")
        connection.execute(sql.SQL("alter role {} nologin password null").format(sql.Identifier(name)))


def listed() -> list[tuple[str, str, bool]]:
    """(name, role, may log in) of every person."""
    with psycopg.connect(warehouse_url("owner")) as connection:
        return _people(connection)


def _people(connection: psycopg.Connection) -> list[tuple[str, str, bool]]:
    return connection.execute(SQL["people"], {"roles": [login(role) for role in PEOPLE]}).fetchall()
