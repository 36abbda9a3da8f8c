"""A branch sees its own rows alone, whatever SQL it asks with: a login for each branch, and policies on every published mart.

The rule goes by `session_user`, which no SQL of a login changes (a setting or `set role` could be undone). Which units are a
branch's own stands in `marts.org_unit`: a login sees its branch's rows of it, and of the other marts what belongs to units it
sees. A mart that names no unit and is not open to every viewer shows a branch nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from hearth.warehouse.branch_login import NOBODY, login_of, password_of
from hearth.warehouse.roles import READS, login
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
GROUP = login("branch")
COMPANY_WIDE = (
    "capacity_outlook",
    "extreme_weather",
    "feed_quality",
    "pipe_register_change",
    "pipe_register_summary",
    "pipe_risk",
    "quarantine_ageing",
    "source_exchange",
    "source_reconciliation",
)
"""Marts of the whole company, open to every viewer."""

UNITS = "org_unit"
OWN_UNIT = "session_user = 'hearth_branch_' || left(encode(sha256(convert_to(branch_id, 'UTF8')), 'hex'), 16)"
"""The login of a branch as hearth.warehouse.branch_login names it."""
BY_COLUMNS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"branch_id"}), "branch_id in (select u.branch_id from marts.org_unit as u)"),
    (frozenset({"unit_kind", "unit_id"}), "(unit_kind, unit_id) in (select u.unit_kind, u.unit_id from marts.org_unit as u)"),
    (frozenset({"station_id"}), "station_id in (select u.unit_id from marts.org_unit as u where u.unit_kind = 'station')"),
)
"""Columns of a mart -> which of its rows are a branch's own; the first that fits."""

POLICIES = ("branch", "others")


def make_logins(owner_url: str, branches: Iterable[str], key: str) -> list[str]:
    """Give each branch (and viewers of none) its login, close those of branches that are no more; returns the logins.

    As the owner, who needs CREATEROLE, in a migrated warehouse.
    """
    wanted = {login_of(branch): branch for branch in (NOBODY, *branches)}
    with psycopg.connect(owner_url) as connection:
        known = {name for (name,) in connection.execute("select rolname from pg_roles where rolname like 'hearth\\_branch\\_%'")}
        for name, branch in wanted.items():
            role = sql.Identifier(name)
            verb = sql.SQL("alter" if name in known else "create")
            connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, sql.Literal(password_of(name, key))))
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(GROUP), role))
            connection.execute(sql.SQL("comment on role {} is {}").format(role, sql.Literal(f"branch {branch or 'of nobody'}")))
            connection.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(connection.info.dbname), role))
        for name in known - wanted.keys():
            connection.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(name)))
    return sorted(wanted)


def protect(connection: psycopg.Connection) -> list[str]:
    """Give every published mart the policies it lacks; returns the marts. A mart that has them is not touched, nor locked.

    As publisher or owner, in the transaction that made the tables: nobody sees one without its policies.
    """
    lacking = [mart for mart, _ in unprotected(connection)]
    readers = sql.SQL(", ").join(
        sql.Identifier(login(role)) for role, names in READS.items() if "marts" in names and role != "branch"
    )
    for mart in lacking:
        table = sql.Identifier("marts", mart)
        own = sql.SQL(_own_rows(connection, mart))
        for policy in POLICIES:
            connection.execute(sql.SQL("drop policy if exists {} on {}").format(sql.Identifier(policy), table))
        connection.execute(
            sql.SQL("create policy branch on {} for select to {} using ({})").format(table, sql.Identifier(GROUP), own)
        )
        connection.execute(sql.SQL("create policy others on {} for select to {} using (true)").format(table, readers))
        connection.execute(sql.SQL("alter table {} enable row level security").format(table))
    return lacking


def release(connection: psycopg.Connection, mart: str) -> None:
    """Take away the policies that hold a mart in place because they name it; `protect` makes them again."""
    for other in _named_by(connection, mart):
        connection.execute(sql.SQL("drop policy branch on {}").format(sql.Identifier("marts", other)))


def altered(connection: psycopg.Connection, marts: Iterable[str]) -> list[str]:
    """The published tables that an exchange of these marts changes with `release` and `protect`, or takes away."""
    known = {name for (name,) in connection.execute("select tablename::text from pg_tables where schemaname = 'marts'")}
    others = {other for mart in marts for other in _named_by(connection, mart)} | {mart for mart, _ in unprotected(connection)}
    return sorted(known & (others | set(marts)))


def _named_by(connection: psycopg.Connection, mart: str) -> list[str]:
    """Marts with a policy that names this one."""
    query = "select tablename::text from pg_policies where schemaname = 'marts' and policyname = 'branch'"
    return [other for (other,) in connection.execute(query)] if mart == UNITS else []


def unprotected(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """(mart, what is wrong) of every published mart whose rows a branch's login is not kept from, or kept from wrongly."""
    return connection.execute(SQL["unprotected_marts"], {"policies": list(POLICIES)}).fetchall()


def _own_rows(connection: psycopg.Connection, mart: str) -> str:
    if mart == UNITS:
        return OWN_UNIT
    if mart in COMPANY_WIDE:
        return "true"
    columns = {
        name
        for (name,) in connection.execute(
            "select attname::text from pg_attribute where attrelid = to_regclass(format('marts.%%I', %s::text)) and attnum > 0",
            (mart,),
        )
    }
    return next((rule for named, rule in BY_COLUMNS if named <= columns), "false")
