"""Has every role the rights it needs and none beside: what is allowed stands here, what the database says is compared with it.

privileges.sql gives rights, this module says how far they may go: a grant made by hand shows up here.
"""

from __future__ import annotations

from collections.abc import Iterator

from hearth.health.problem import Problem, Surroundings

READ, ADD, OWN = frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"}), frozenset({"*"})

ALLOWED: dict[str, dict[str, frozenset[str]]] = {
    "loader": {"raw": ADD | {"DELETE"}, "ledger": ADD, "quarantine": ADD, "restricted": ADD},
    "transformer": {
        "raw": READ,
        "ledger": READ,
        "quarantine": READ,
        "reference": OWN,
        "staging": OWN,
        "intermediate": OWN,
        "candidate": OWN,
    },
    "publisher": {"ledger": ADD, "candidate": READ, "reference": READ, "marts": OWN},
    "reader": {"marts": READ, "ledger": READ, "reference": READ, "quarantine": READ},
    "dashboards": {"marts": READ},
    "auditor": dict.fromkeys(("marts", "ledger", "quarantine", "reference", "intermediate", "staging", "raw"), READ),
    "engineer": dict.fromkeys(("marts", "ledger", "quarantine", "reference", "intermediate", "staging", "raw", "candidate"), READ),
}
"""Role -> schema -> the most it may do with any table there; a schema that is not named is closed to the role."""

CHAIN = ("ledger.seal", "ledger.seal_part", "ledger.manifest_digest")
REFUSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("transformer", "SELECT"): ("quarantine.row", "quarantine.act"),
    ("publisher", "INSERT"): (*CHAIN, "ledger.batch", "ledger.pull", "ledger.landing_file", "ledger.retention_act"),
}
"""(role, privilege) -> tables of a schema it may otherwise use."""

EXTRA: dict[str, tuple[tuple[str, str], ...]] = {
    "engineer": tuple(
        (table, "INSERT") for table in ("ledger.retention_act", "ledger.approval", "ledger.definition_file", "quarantine.act")
    )
}
"""Role -> (table, privilege) beyond what it may do in the schema."""

PRIVILEGES = """
select r.rolname, n.nspname, c.relname, p.name
from pg_roles r
cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as p(name)
where r.rolname = any(%(roles)s) and c.relkind in ('r', 'p', 'v', 'm') and n.nspname = any(%(schemas)s)
    and (has_table_privilege(r.oid, c.oid, p.name)
         or p.name in ('SELECT', 'INSERT', 'UPDATE') and has_any_column_privilege(r.oid, c.oid, p.name))
order by 1, 2, 3, 4
"""


def too_wide(seen: Surroundings) -> Iterator[Problem]:
    """Every right a role has and should not have; grants to all roles and memberships count."""
    schemas = sorted({schema for allowed in ALLOWED.values() for schema in allowed} | {"restricted"})
    names = {f"hearth_{role}": role for role in ALLOWED}
    beyond: dict[tuple[str, str, str], list[str]] = {}
    for login, schema, table, privilege in seen.connection.execute(PRIVILEGES, {"roles": list(names), "schemas": schemas}):
        if not _may(names[login], schema, table, privilege):
            beyond.setdefault((login, schema, privilege), []).append(table)
    for (login, schema, privilege), tables in beyond.items():
        shown = ", ".join(tables[:3]) + (f" and {len(tables) - 3} more" if len(tables) > 3 else "")
        yield _problem(
            login, f"has {privilege} on {schema}: {shown}", f"revoke {privilege.lower()} on {schema}.{tables[0]} from {login}"
        )
    for login, power in seen.connection.execute(
        "select r.rolname, w.power from pg_roles r cross join lateral (values ('superuser', rolsuper),"
        " ('createrole', rolcreaterole), ('createdb', rolcreatedb), ('bypassrls', rolbypassrls),"
        " ('replication', rolreplication)) as w(power, has)"
        " where w.has and r.rolname = any(%s) order by 1, 2",
        (list(names),),
    ):
        yield _problem(login, f"is {power}", f"alter role {login} no{power}")
    for login, other in seen.connection.execute(
        "select m.rolname, g.rolname from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid"
        " where m.rolname = any(%s) order by 1, 2",
        (list(names),),
    ):
        yield _problem(login, f"is a member of {other} and has its rights", f"revoke {other} from {login}")
    for login, schema in seen.connection.execute(
        "select r.rolname, n.nspname from pg_roles r cross join pg_namespace n where r.rolname = any(%s) and n.nspname = any(%s)"
        " and has_schema_privilege(r.oid, n.oid, 'CREATE') order by 1, 2",
        (list(names), [*schemas, "public"]),
    ):
        if ALLOWED[names[login]].get(schema) != OWN:
            yield _problem(login, f"may create tables in {schema}", f"revoke create on schema {schema} from {login}, public")


def _may(role: str, schema: str, table: str, privilege: str) -> bool:
    allowed = ALLOWED[role].get(schema, frozenset())
    name = f"{schema}.{table}"
    if (name, privilege) in EXTRA.get(role, ()):
        return True
    return allowed == OWN or (privilege in allowed and name not in REFUSED.get((role, privilege), ()))


def _problem(login: str, found: str, todo: str) -> Problem:
    return Problem("critical", "role too wide", login, found, f"find out who granted it and why; {todo}", "A role may do too much")
