"""A branch's login sees its own rows, whatever SQL it asks with; the figures of the others are not in any answer."""

from __future__ import annotations

import psycopg
import pytest

from hearth.warehouse.branch_login import NOBODY, login_of, password_of
from hearth.warehouse.branches import COMPANY_WIDE, make_logins, protect, unprotected
from tests.support.world import Warehouse

KEY = "for-tests-only"
UNITS = "marts.org_unit as u where u.branch_id"


@pytest.fixture
def address(warehouse: Warehouse) -> str:
    """Address of the warehouse without a login; BRANCH-01 and BRANCH-02 have theirs."""
    make_logins(warehouse.url, ["BRANCH-01", "BRANCH-02"], KEY)
    return warehouse.url.rpartition("@")[2]


def connect_as(branch: str, address: str) -> psycopg.Connection:
    login = login_of(branch)
    return psycopg.connect(f"postgresql://{login}:{password_of(login, KEY)}@{address}", autocommit=True)


def marts(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in warehouse.rows("select tablename::text from pg_tables where schemaname = 'marts' order by 1")]


def test_each_branch_sees_its_own_rows_of_every_mart_and_no_others(warehouse: Warehouse, address: str) -> None:
    """What two branches see is disjoint and lies within the whole; a viewer of no branch sees what is the whole company's."""
    seen: dict[str, dict[str, set[str]]] = {}
    for branch in ("BRANCH-01", "BRANCH-02", NOBODY):
        with connect_as(branch, address) as connection:
            seen[branch] = {
                mart: {row for (row,) in connection.execute(f"select m::text from marts.{mart} as m").fetchall()}
                for mart in marts(warehouse)
            }
            assert {b for (b,) in connection.execute("select distinct branch_id from marts.org_unit")} == ({branch} - {NOBODY})
    with_rows = 0
    for mart in marts(warehouse):
        one, two, nobody = (seen[branch][mart] for branch in ("BRANCH-01", "BRANCH-02", NOBODY))
        whole = {row for (row,) in warehouse.rows(f"select m::text from marts.{mart} as m")}
        if mart in COMPANY_WIDE:
            assert one == two == nobody == whole, mart
        else:
            assert not nobody and not one & two and one <= whole and two <= whole, mart
            with_rows += bool(one and two)
    assert with_rows > 8, "marts in which both branches have rows at all"
    mine = f"(unit_kind, unit_id) in (select u.unit_kind, u.unit_id from {UNITS} = 'BRANCH-02')"
    expected = {row for (row,) in warehouse.rows(f"select m::text from marts.season_kpi as m where {mine}")}
    assert seen["BRANCH-02"]["season_kpi"] == expected and expected, "all of its own"


@pytest.mark.parametrize(
    "way",
    [
        "set role hearth_dashboards",
        "set role hearth_branch",
        "set session authorization hearth_dashboards",
        f"set session authorization {login_of('BRANCH-02')}",
        "set row_security = off",
        "set search_path = candidate, marts",
        "reset all",
        "alter table marts.org_unit disable row level security",
        "create policy mine on marts.org_unit using (true)",
        "create temp view everything as select * from marts.org_unit",
    ],
)
def test_no_statement_gets_round_it(warehouse: Warehouse, address: str, way: str) -> None:
    """Each is refused, or changes nothing of what the login sees."""
    with connect_as("BRANCH-01", address) as connection:
        try:
            connection.execute(way)
            found = connection.execute("select distinct branch_id from marts.org_unit").fetchall()
        except psycopg.errors.InsufficientPrivilege:
            connection.rollback()
            found = [("BRANCH-01",)]
        assert found == [("BRANCH-01",)]
        for schema in ("candidate", "intermediate", "raw", "ledger"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select from {schema}.org_unit")


def test_functions_that_run_a_text_as_sql_show_no_more(warehouse: Warehouse, address: str) -> None:
    """Opened again, as they are where no superuser ever closed them."""
    text = "select to_tsvector('simple', replace(branch_id, '-', '')) from marts.org_unit where branch_id is not null"
    with psycopg.connect(warehouse.administrator, autocommit=True) as administrator:
        administrator.execute("grant execute on function ts_stat(text) to public")
        try:
            with connect_as("BRANCH-01", address) as connection:
                assert connection.execute("select word from ts_stat(%s)", (text,)).fetchall() == [("branch01",)]
        finally:
            administrator.execute("revoke execute on function ts_stat(text) from public")


def test_tables_made_anew_are_protected_before_anybody_sees_them(copy: Warehouse) -> None:
    """A mart whose columns changed is made again, and its policies with it: the publication makes them again."""
    from hearth.transform.publish import publish

    make_logins(copy.url, ["BRANCH-01", "BRANCH-02"], KEY)
    with psycopg.connect(copy.administrator, autocommit=True) as administrator:
        for mart in ("org_unit", "season_kpi"):
            administrator.execute(f"alter table candidate.{mart} add column note text")
        build = administrator.execute(
            "with made as (insert into ledger.build (run_id, definition_hash, full_refresh) select 'again', definition_hash, false"
            " from ledger.build order by build_id desc limit 1 returning build_id)"
            " insert into ledger.candidate (build_id, state) select build_id, 'made' from made returning build_id"
        ).fetchone()
        assert build is not None
        publish(build[0], "again")
        assert unprotected(administrator) == []
        assert protect(administrator) == [], "the others were not touched"
        assert copy.rows("select bool_and(note is null) from marts.season_kpi") == [(True,)], "made anew"
    with connect_as("BRANCH-01", copy.url.rpartition("@")[2]) as connection:
        assert connection.execute("select distinct branch_id from marts.org_unit").fetchall() == [("BRANCH-01",)]


def test_a_branch_that_is_no_more_can_log_in_no_more(warehouse: Warehouse, address: str) -> None:
    make_logins(warehouse.url, ["BRANCH-01"], KEY)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        connect_as("BRANCH-02", address)
