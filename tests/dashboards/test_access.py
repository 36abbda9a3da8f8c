"""A branch manager's login sees its own branch and nothing else, asked as an attacker would ask: by the API, dataset by dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests

from hearth.dashboards import files
from hearth.dashboards.access import Access, has_units
from hearth.dashboards.client import Superset
from local import superset
from tests.support.viewing import Site

pytestmark = pytest.mark.servers

DATASETS = {content["uuid"]: content for path, content in files.read().items() if path.startswith("datasets/")}


def session_of(site: Site, user: str) -> requests.Session:
    """Logged in at the API as this user."""
    session = requests.Session()
    login = {"username": user, "password": site.password(user), "provider": "db", "refresh": True}
    answer = session.post(f"{site.url}/api/v1/security/login", json=login, timeout=60)
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    csrf = session.get(f"{site.url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
    session.headers.update({"X-CSRFToken": csrf, "Referer": site.url})
    return session


@pytest.fixture(scope="module")
def admin(site: Site) -> Superset:
    return Superset.from_environment()


@pytest.fixture(scope="module")
def numbers(admin: Superset) -> dict[str, int]:
    """Name of a dataset -> its number in this Superset."""
    return {row["table_name"]: row["id"] for row in admin.every("dataset") if row["uuid"] in DATASETS}


def ask(session: requests.Session, site: Site, dataset: int, columns: list[str]) -> requests.Response:
    body = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [{"columns": columns, "metrics": [], "row_limit": 1000}],
        "result_format": "json",
        "result_type": "full",
    }
    return session.post(f"{site.url}/api/v1/chart/data", json=body, timeout=120)


def branches(answer: requests.Response) -> set[Any]:
    assert answer.ok, answer.text[:500]
    return {row["branch_id"] for row in answer.json()["result"][0]["data"]}


def test_the_company_sees_more_than_one_branch(site: Site, numbers: dict[str, int]) -> None:
    assert len(branches(ask(session_of(site, "director"), site, numbers["kpi_day"], ["branch_id"]))) > 2


def test_a_branch_manager_sees_rows_of_the_own_branch_alone_in_every_dataset(site: Site, numbers: dict[str, int]) -> None:
    session = session_of(site, "branch-01")
    seen = 0
    for dataset in DATASETS.values():
        if has_units(dataset):
            found = branches(ask(session, site, numbers[dataset["table_name"]], ["branch_id"]))
            assert found <= {"BRANCH-01"}, dataset["table_name"]
            seen += bool(found)
    assert seen > 8, "datasets in which the branch has rows at all"


def test_a_branch_manager_cannot_ask_around_the_rule(site: Site, numbers: dict[str, int]) -> None:
    """A metric of one's own with a query in it, or one over everything, must not reach other branches' rows."""
    session = session_of(site, "branch-01")
    words = "select to_tsvector(''simple'', branch_id) from marts.org_unit where branch_id is not null"
    sneaky = (
        "(select max(branch_id) from marts.org_unit)",
        "max(ts_rewrite('a'::tsquery, 'select ''a''::tsquery, to_tsquery(max(branch_id)) from marts.org_unit')::text)",
        "max(query_to_xml('select branch_id from marts.org_unit', true, false, '')::text)",
    )
    asked = [("metrics", query, True) for query in sneaky]
    asked += [("columns", f"ts_stat('{words}')::text", True), ("metrics", "count(distinct branch_id)", False)]
    for place, expression, is_refused in asked:
        own = {"expressionType": "SQL", "sqlExpression": expression, "label": "n"}
        body = {
            "datasource": {"id": numbers["kpi_day"], "type": "table"},
            "queries": [{"columns": [], "metrics": [], "row_limit": 10, place: [own]}],
            "force": True,
            "result_format": "json", "result_type": "full",
        }  # fmt: skip
        answer = session.post(f"{site.url}/api/v1/chart/data", json=body, timeout=120)
        if is_refused:
            assert not answer.ok or answer.json()["result"][0].get("error"), expression
            assert "BRANCH-02" not in answer.text
        else:
            assert answer.json()["result"][0]["data"] == [{"n": 1}]


@pytest.mark.parametrize("user", ["branch-01", "director"])
def test_a_viewer_is_refused_sql_and_changes(site: Site, admin: Superset, user: str) -> None:
    session = session_of(site, user)
    database = next(iter(admin.every("database")))["id"]
    query = {
        "database_id": database,
        "sql": "select * from marts.season_kpi",
        "schema": "marts",
        "client_id": "x1",
        "runAsync": False,
    }
    assert session.post(f"{site.url}/api/v1/sqllab/execute/", json=query, timeout=60).status_code in (401, 403)
    chart = next(iter(admin.every("chart")))["id"]
    assert session.put(f"{site.url}/api/v1/chart/{chart}", json={"slice_name": "mine"}, timeout=60).status_code in (403, 404)
    assert session.get(f"{site.url}/api/v1/dataset/", timeout=60).status_code == 403
    assert session.get(f"{site.url}/api/v1/database/", timeout=60).status_code == 403
    assert session.get(f"{site.url}/api/v1/security/users/", timeout=60).status_code == 403


def test_nobody_sees_anything_without_logging_in(site: Site, numbers: dict[str, int]) -> None:
    assert ask(requests.Session(), site, numbers["kpi_day"], ["branch_id"]).status_code in (400, 401, 403)


@contextmanager
def a_login(site: Site, admin: Superset, name: str, roles: list[int]) -> Iterator[requests.Session]:
    """A login of this name for the time of the block, logged in at the API."""
    password = "for-tests-only"  # pragma: allowlist secret
    made = admin.post(
        "security/users/",
        {"username": name, "first_name": "New", "last_name": "Comer", "email": f"{name}@heating.example", "active": True,
         "password": password, "roles": roles},
    )  # fmt: skip
    session = requests.Session()
    login = {"username": name, "password": password, "provider": "db", "refresh": True}
    token = session.post(f"{site.url}/api/v1/security/login", json=login, timeout=60).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    csrf = session.get(f"{site.url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
    session.headers.update({"X-CSRFToken": csrf, "Referer": site.url})
    yield session
    admin.delete(f"security/users/{made['id']}")


@pytest.fixture
def newcomer(site: Site, admin: Superset) -> Iterator[requests.Session]:
    """A login that may open dashboards and was given no rows: what a forgotten role amounts to."""
    roles = {row["name"]: row["id"] for row in admin.every("security/roles")}
    with a_login(site, admin, "newcomer", [roles[Access.read(files.FOLDER).viewer]]) as session:
        yield session


def test_a_login_without_a_role_for_rows_sees_none(site: Site, numbers: dict[str, int], newcomer: requests.Session) -> None:
    for dataset in DATASETS.values():
        if has_units(dataset):
            assert branches(ask(newcomer, site, numbers[dataset["table_name"]], ["branch_id"])) == set(), dataset["table_name"]


@pytest.fixture
def without_rules(site: Site, admin: Superset) -> Iterator[None]:
    """A Superset whose filters somebody took away; the import brings them back."""
    for rule in list(admin.every("rowlevelsecurity")):
        admin.delete(f"rowlevelsecurity/{rule['id']}")
    yield
    superset.import_dashboards(site.instance, site.warehouse.variables)


@pytest.fixture
def second(site: Site, admin: Superset) -> Iterator[requests.Session]:
    """The manager of another branch."""
    access = Access.read(files.FOLDER)
    role = admin.post("security/roles/", {"name": access.branch_role("BRANCH-02")})["id"]
    viewer = next(row["id"] for row in admin.every("security/roles") if row["name"] == access.viewer)
    with a_login(site, admin, "branch-02", [role, viewer]) as session:
        yield session
    admin.delete(f"security/roles/{role}")


def test_two_branches_see_their_own_rows_of_one_chart_without_any_filter_and_with_a_warm_cache(
    site: Site, numbers: dict[str, int], without_rules: None, second: requests.Session
) -> None:
    """The rule is the database's: the same query by two logins, twice, where Superset filters nothing and keeps answers."""
    sessions = {"BRANCH-01": session_of(site, "branch-01"), "BRANCH-02": second}
    for dataset in ("kpi_day", "room_station_day", "sensor"):
        for turn in ("cold", "warm"):
            for branch, session in sessions.items():
                answer = ask(session, site, numbers[dataset], ["branch_id"])
                assert branches(answer) <= {branch}, (dataset, turn)
                assert dataset == "sensor" or branches(answer) == {branch}
                assert bool(answer.json()["result"][0]["is_cached"]) == (turn == "warm"), "each login has answers of its own"
    assert len(branches(ask(session_of(site, "director"), site, numbers["kpi_day"], ["branch_id"]))) > 2


def test_a_login_taken_out_of_the_file_is_closed_and_its_session_ends(site: Site, admin: Superset, numbers: dict[str, int]) -> None:
    access, logged_in = Access.read(files.FOLDER), session_of(site, "branch-01")
    assert branches(ask(logged_in, site, numbers["kpi_day"], ["branch_id"])) == {"BRANCH-01"}
    left = replace(access, logins=tuple(login for login in access.logins if login.username != "branch-01"))
    try:
        assert "login branch-01 closed: it stands in access.yml no more" in left.apply(admin, files.read())
        assert ask(logged_in, site, numbers["kpi_day"], ["branch_id"]).status_code in (401, 403)
        assert [row["active"] for row in admin.every("security/users") if row["username"] == "admin"] == [True]
    finally:
        access.apply(admin, files.read())
    assert branches(ask(session_of(site, "branch-01"), site, numbers["kpi_day"], ["branch_id"])) == {"BRANCH-01"}
