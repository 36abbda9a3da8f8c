"""Has every login the rights its work needs and none beside: hearth.warehouse.roles declares them, the database is asked.

Grants to all roles, memberships and columns count. Left out are superusers, PostgreSQL's own roles and the owner of the
database, who may do everything anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from hearth.health.problem import Problem, Surroundings
from hearth.warehouse.branches import GROUP, unprotected
from hearth.warehouse.roles import ADDS, CALLS, EVERY, OWNS, PEOPLE, SCHEMAS, login, may

JUDGED = """
judged as (
    select r.oid, r.rolname as login from pg_roles r
    where not r.rolsuper and r.rolname !~ '^pg_' and r.oid <> (select datdba from pg_database where datname = current_database())
)
"""
ON_RELATIONS = f"""
with {JUDGED}
select j.login, n.nspname || '.' || c.relname, c.relkind = 'S', c.relispartition,
    array_agg(p.name order by p.name) filter (where p.has)
from judged j
cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select k.name, has_table_privilege(j.oid, c.oid, k.name)
        or k.name in ('SELECT', 'INSERT', 'UPDATE') and has_any_column_privilege(j.oid, c.oid, k.name) as has
    from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as k(name)
    where c.relkind <> 'S'
    union all
    select k.name, has_sequence_privilege(j.oid, c.oid, k.name) from unnest(array['USAGE', 'UPDATE']) as k(name)
    where c.relkind = 'S'
) as p
where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname = any(%s)
group by 1, 2, 3, 4 order by 1, 2
"""
ON_FUNCTIONS = f"""
with {JUDGED}
select j.login, p.oid::regprocedure::text, has_function_privilege(j.oid, p.oid, 'execute')
from judged j cross join pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname = any(%s) order by 1, 2
"""
RUNNING_SQL = """
select string_agg(distinct p.proname, ', ' order by p.proname) from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('hearth_dashboards', p.oid, 'execute') and (
    p.proname ~ '^(query|cursor|table|schema|database)_to_xml' or p.proname = 'ts_stat'
    or (p.proname = 'ts_rewrite' and p.pronargs = 2)
)
"""
MEMBERSHIPS = f"""
with {JUDGED}
select j.login, g.rolname from judged j join pg_auth_members a on a.member = j.oid join pg_roles g on g.oid = a.roleid order by 1, 2
"""


def rights(seen: Surroundings) -> Iterator[Problem]:
    """Every right that is too much, and every one that is missing."""
    groups = _groups(seen)
    yield from _undeclared(seen)
    yield from _on_relations(seen, groups)
    yield from _on_functions(seen, groups)
    yield from _memberships(seen)
    yield from _powers(seen)
    yield from _making_tables(seen)
    yield from _unprotected(seen)


def _groups(seen: Surroundings) -> dict[str, tuple[str, ...]]:
    """Login -> roles of ours whose rights it should have: its own, or those a person is a member of."""
    found: dict[str, tuple[str, ...]] = {login(role): (role,) for role in EVERY}
    for name, group in seen.connection.execute(MEMBERSHIPS).fetchall():
        if _may_join(name, group):
            found[name] = (*found.get(name, ()), group.removeprefix("hearth_"))
    return found


def _may_join(name: str, group: str) -> bool:
    """A person joins the roles for people, a branch's login the branches; nobody a role that a part of the pipeline works by."""
    return name.startswith(f"{GROUP}_") if group == GROUP else group in map(login, PEOPLE) and not name.startswith("hearth_")


def _undeclared(seen: Surroundings) -> Iterator[Problem]:
    """Tables of ours for which nobody has said who writes them."""
    for (table,) in seen.connection.execute(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('ledger', 'quarantine', 'restricted') and c.relkind in ('r', 'p')"
        " and n.nspname || '.' || c.relname <> all(%s) order by 1",
        (list(ADDS),),
    ):
        yield Problem(
            "critical",
            "table undeclared",
            table,
            "nobody has said which role writes it, and none may",
            "if it is ours, give it a line in hearth/warehouse/roles.py and run hearth migrate; else find out who made it",
            "A role may do too much",
        )


def _on_relations(seen: Surroundings, groups: dict[str, tuple[str, ...]]) -> Iterator[Problem]:
    beyond: dict[tuple[str, str, str], list[str]] = {}
    missing: dict[tuple[str, str, str], list[str]] = {}
    for name, relation, is_sequence, is_partition, found in seen.connection.execute(ON_RELATIONS, (list(SCHEMAS),)):
        wanted = frozenset[str]().union(*(may(role, relation) for role in groups.get(name, ())))
        schema, _, table = relation.partition(".")
        if "*" in wanted:
            continue
        if is_sequence:
            wanted &= {"USAGE"}
        for privilege in set(found or ()) - wanted:
            beyond.setdefault((name, schema, privilege), []).append(table)
        for privilege in wanted - set(found or ()) if not is_partition else ():
            missing.setdefault((name, schema, privilege), []).append(table)
    for (name, schema, privilege), tables in sorted(beyond.items()):
        yield _too_much(
            name,
            f"has {privilege} on {schema}: {_shown(tables)}",
            f"revoke {privilege.lower()} on {schema}.{tables[0]} from {name}, public",
        )
    for (name, schema, privilege), tables in sorted(missing.items()):
        yield _too_little(name, f"lacks {privilege} on {schema}: {_shown(tables)}")


def _on_functions(seen: Surroundings, groups: dict[str, tuple[str, ...]]) -> Iterator[Problem]:
    wanted = {name.replace("timestamptz", "timestamp with time zone").replace(", ", ","): roles for name, roles in CALLS.items()}
    for name, function, has in seen.connection.execute(ON_FUNCTIONS, (list(SCHEMAS),)):
        needs = bool(set(groups.get(name, ())) & set(wanted.get(function, ())))
        if has and not needs:
            todo = f"revoke execute on function {function} from {name}, public"
            yield _too_much(name, f"may call {function}, which runs with its owner's rights", todo)
        elif needs and not has:
            yield _too_little(name, f"may not call {function}")
    row = seen.connection.execute(RUNNING_SQL).fetchone()
    if row and row[0]:
        yield Problem(
            "info",
            "functions open",
            login("dashboards"),
            f"may call {row[0]}: they run a text as SQL, past Superset's filters; what a login may see holds all the same",
            "a superuser runs hearth/warehouse/as_superuser.sql in this database",
            "Functions that run a text as SQL are open",
        )


def _memberships(seen: Surroundings) -> Iterator[Problem]:
    ours = [login(role) for role in EVERY]
    for name, group in seen.connection.execute(MEMBERSHIPS).fetchall():
        if (name.startswith("hearth_") or group in ours) and not _may_join(name, group):
            yield _too_much(name, f"is a member of {group} and has its rights", f"revoke {group} from {name}")


def _powers(seen: Surroundings) -> Iterator[Problem]:
    for name, power in seen.connection.execute(
        "select r.rolname, w.power from pg_roles r cross join lateral (values ('superuser', rolsuper),"
        " ('createrole', rolcreaterole), ('createdb', rolcreatedb), ('bypassrls', rolbypassrls),"
        " ('replication', rolreplication)) as w(power, has)"
        " where w.has and r.rolname = any(%s) order by 1, 2",
        ([login(role) for role in EVERY],),
    ):
        yield _too_much(name, f"is {power}", f"alter role {name} no{power}")


def _making_tables(seen: Surroundings) -> Iterator[Problem]:
    makers = {schema: login(role) for role, owned in OWNS.items() for schema in owned}
    for name, schema in seen.connection.execute(
        f"with {JUDGED} select j.login, n.nspname from judged j cross join pg_namespace n where n.nspname = any(%s)"
        " and has_schema_privilege(j.oid, n.oid, 'CREATE') order by 1, 2",
        ([*SCHEMAS, "public"],),
    ):
        if makers.get(schema) != name:
            yield _too_much(name, f"may create tables in {schema}", f"revoke create on schema {schema} from {name}, public")


def _unprotected(seen: Surroundings) -> Iterator[Problem]:
    for mart, problem in unprotected(seen.connection):
        yield Problem(
            "critical",
            "mart unprotected",
            f"marts.{mart}",
            f"{problem}: a branch's login may see other branches' rows, or not its own",
            "find out who did it; hearth migrate gives the policies back",
            "A role may do too much",
        )


def _shown(tables: list[str]) -> str:
    return ", ".join(tables[:3]) + (f" and {len(tables) - 3} more" if len(tables) > 3 else "")


def _too_much(name: str, found: str, todo: str) -> Problem:
    return Problem("critical", "role too wide", name, found, f"find out who granted it and why; {todo}", "A role may do too much")


def _too_little(name: str, found: str) -> Problem:
    return Problem("critical", "role too narrow", name, found, "hearth migrate gives the right back", "A role may do too much")
