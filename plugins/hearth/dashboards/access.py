"""Who may see what: roles, row-level security and logins of dashboards/access.yml, made so in a Superset.

Closed unless opened: a rule hides every row of a dataset with organisational units from everybody but the roles that say
whose rows a person sees, so a login without such a role sees none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hearth.dashboards.client import Superset, SupersetError

FILE = "access.yml"
UNIT_COLUMN = "branch_id"


def password_variable(username: str) -> str:
    """The variable of the environment with a new login's password."""
    return f"HEARTH_DASHBOARDS_PASSWORD_{username.upper().replace('-', '_').replace('.', '_')}"


@dataclass(frozen=True)
class Login:
    """A person or a screen. `branch` empty: the whole company."""

    username: str
    first_name: str
    last_name: str
    email: str
    branch: str | None = None

    @property
    def password_variable(self) -> str:
        return password_variable(self.username)


@dataclass(frozen=True)
class Access:
    """dashboards/access.yml."""

    viewer: str
    company: str
    branch: str
    permissions: tuple[str, ...]
    company_wide: tuple[str, ...]
    logins: tuple[Login, ...]

    @classmethod
    def read(cls, folder: Path) -> Access:
        content = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
        roles = content["roles"]
        logins = tuple(Login(**login) for login in content["logins"])
        names = (roles["viewer"], roles["company"], roles["branch"])
        return cls(*names, tuple(content["viewer_may"]), tuple(content["company_wide"]), logins)

    @property
    def branches(self) -> list[str]:
        return sorted({login.branch for login in self.logins if login.branch})

    def apply(self, superset: Superset, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Make roles, rules and logins so; returns in words what had to be changed. Raises SupersetError."""
        datasets = {content["uuid"]: content for path, content in files.items() if path.startswith("datasets/")}
        known = [row for row in superset.every("dataset") if row["uuid"] in datasets]
        limited = [row["id"] for row in known if has_units(datasets[row["uuid"]])]
        done = _Doing(superset)
        done.roles([self.viewer, self.company, *(self.branch_role(branch) for branch in self.branches)])
        done.permissions(self.viewer, self.permissions, [(row["id"], row["table_name"]) for row in known])
        done.rule("hearth: nothing without a role 无角色不可见", "Base", "1 = 0", limited,
                  ["Admin", self.company, *(self.branch_role(branch) for branch in self.branches)])  # fmt: skip
        for branch in self.branches:
            clause = f"{UNIT_COLUMN} = '{branch}'"
            done.rule(f"hearth: {branch}", "Regular", clause, limited, [self.branch_role(branch)], "hearth branches")
        for login in self.logins:
            done.login(login, [self.viewer, self.branch_role(login.branch) if login.branch else self.company])
        done.close_others({login.username for login in self.logins}, {self.viewer, self.company, self.branch.partition("{")[0]})
        return done.told

    def branch_role(self, branch: str) -> str:
        return self.branch.format(branch=branch)


def has_units(dataset: Mapping[str, Any]) -> bool:
    """Whether rows of a dataset belong to a branch."""
    return any(column["column_name"] == UNIT_COLUMN for column in dataset["columns"])


class _Doing:
    """Asks Superset for what is, changes what is not so, and remembers what it changed."""

    def __init__(self, superset: Superset) -> None:
        self.superset = superset
        self.told: list[str] = []
        self.role_ids: dict[str, int] = {}

    def roles(self, names: Sequence[str]) -> None:
        known = {row["name"]: row["id"] for row in self.superset.every("security/roles")}
        for name in names:
            if name not in known:
                known[name] = self.superset.post("security/roles/", {"name": name})["id"]
                self.told.append(f"role {name} made")
        self.role_ids = known

    def permissions(self, role: str, wanted: Sequence[str], datasets: Sequence[tuple[int, str]]) -> None:
        """Give a role these permissions and these datasets, and take every other from it."""
        every = list(self.superset.every("security/permissions-resources"))
        known = {f"{row['permission']['name']} on {row['view_menu']['name']}": row["id"] for row in every}
        missing = [name for name in wanted if name not in known]
        if missing:
            raise SupersetError(f"this Superset has no permission {', '.join(missing)}; see viewer_may of dashboards/{FILE}")
        chosen = {known[name] for name in wanted}
        for number, table in datasets:
            endings = (f".[{table}](id:{number})",)
            chosen |= {at for name, at in known.items() if name.startswith("datasource_access on ") and name.endswith(endings)}
        if len(chosen) != len(wanted) + len(datasets):
            raise SupersetError(f"{len(datasets)} datasets and {len(chosen) - len(wanted)} rights to read them: import again")
        number = self.role_ids[role]
        given = {row["id"] for row in self.superset.get(f"security/roles/{number}/permissions/")["result"]}
        if given != chosen:
            self.superset.post(f"security/roles/{number}/permissions", {"permission_view_menu_ids": sorted(chosen)})
            self.told.append(f"role {role}: {len(chosen)} permissions")

    def rule(self, name: str, kind: str, clause: str, tables: Sequence[int], roles: Sequence[str], group: str = "") -> None:
        body = {
            "name": name, "filter_type": kind, "clause": clause, "group_key": group, "tables": sorted(tables),
            "roles": sorted(self.role_ids[role] for role in roles),
        }  # fmt: skip
        known = next((row for row in self.superset.every("rowlevelsecurity") if row["name"] == name), None)
        if known is None:
            self.superset.post("rowlevelsecurity/", body)
        elif _as_body(known) != body:
            self.superset.put(f"rowlevelsecurity/{known['id']}", body)
        else:
            return
        self.told.append(f"rule {name}: {clause}")

    def login(self, login: Login, roles: Sequence[str]) -> None:
        """Make a login whose password the environment gives; one that is there keeps its password and gets its roles."""
        wanted = sorted(self.role_ids[role] for role in roles)
        known = next((row for row in self.superset.every("security/users") if row["username"] == login.username), None)
        if known is not None:
            if sorted(role["id"] for role in known["roles"]) != wanted or not known["active"]:
                self.superset.put(f"security/users/{known['id']}", {"roles": wanted, "active": True})
                self.told.append(f"login {login.username}: {', '.join(roles)}")
            return
        password = os.environ.get(login.password_variable)
        if not password:
            self.told.append(f"login {login.username} not made: {login.password_variable} is not set")
            return
        self.superset.post(
            "security/users/",
            {"username": login.username, "first_name": login.first_name, "last_name": login.last_name, "email": login.email,
             "active": True, "password": password, "roles": wanted},
        )  # fmt: skip
        self.told.append(f"login {login.username}: {', '.join(roles)}")

    def close_others(self, named: set[str], ours: set[str]) -> None:
        """Close the logins that have a role of ours and stand in the file no more; Superset ends the sessions of a closed login.

        `ours`: beginnings of role names. Whoever administers Superset is not ours to close.
        """
        for row in self.superset.every("security/users"):
            roles = {role["name"] for role in row["roles"]}
            has_ours = any(name.startswith(tuple(ours)) for name in roles)
            if row["username"] not in named and row["active"] and has_ours and "Admin" not in roles:
                self.superset.put(f"security/users/{row['id']}", {"active": False})
                self.told.append(f"login {row['username']} closed: it stands in {FILE} no more")


def _as_body(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": rule["name"], "filter_type": rule["filter_type"], "clause": rule["clause"], "group_key": rule["group_key"] or "",
        "tables": sorted(table["id"] for table in rule["tables"]), "roles": sorted(role["id"] for role in rule["roles"]),
    }  # fmt: skip
