"""Migrations on the oldest PostgreSQL that is promised and on the wheel's, by an owner who may make roles and no more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.health.problem import Surroundings
from hearth.health.rights import rights
from hearth.warehouse.branches import protect
from hearth.warehouse.migrate import AS_SUPERUSER, ROLES, migrate
from local.postgres import OWNER, SMALL, Server

FIFTEEN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module", params=["the wheel", pytest.param("15", marks=pytest.mark.servers)])
def server(request: pytest.FixtureRequest, postgres: Server) -> Iterator[Server]:
    if request.param == "the wheel":
        yield postgres
        return
    if not FIFTEEN.exists():
        pytest.skip("no PostgreSQL 15 (Debian 12: apt-get install postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    folder.chmod(0o711)
    made = Server(folder / "pg", settings=SMALL, programs=FIFTEEN)
    try:
        yield made.start()
    finally:
        made.remove()
        folder.rmdir()


@pytest.fixture
def owner(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The owner's connection to a migrated database that no superuser has touched."""
    with server._connect() as administrator:
        administrator.execute("drop database if exists plain with (force)")
        administrator.execute(f"create database plain owner {OWNER} template template0")
    urls = {role: server.url("plain", f"hearth_{role}", "for-tests-only") for role in ROLES}
    for role, url in {**urls, "owner": server.url("plain")}.items():
        monkeypatch.setenv(f"HEARTH_WAREHOUSE_URL_{role.upper()}", url)
    assert "privileges" in migrate(server.url("plain"), urls)
    assert migrate(server.url("plain"), urls) == [], "a second time there is nothing to do"
    with psycopg.connect(server.url("plain"), autocommit=True) as connection:
        yield connection
    server.drop_database("plain")


def found(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return [(problem.severity, problem.check) for problem in rights(Surroundings(connection, datetime.now(UTC), {}))]


def run(*arguments: str, code: int = 0) -> str:
    answer = CliRunner().invoke(main, list(arguments))
    assert answer.exit_code == code, answer.output
    return answer.output


@pytest.mark.fault("F58")
def test_an_owner_who_is_no_superuser_migrates(server: Server, owner: psycopg.Connection) -> None:
    powers: Any = owner.execute("select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user").fetchone()
    assert powers == (False, True, True)
    assert found(owner) == [("info", "functions open")], "only a superuser can close them, and the doctor says so"
    with server._connect("plain") as administrator:
        administrator.execute(AS_SUPERUSER.read_text(encoding="utf-8"))
    assert found(owner) == []
    for role, schema, reader in (("publisher", "marts", "dashboards"), ("transformer", "candidate", "publisher")):
        with psycopg.connect(server.url("plain", f"hearth_{role}", "for-tests-only")) as maker:
            maker.execute(f"create table {schema}.made as select 1 as n")
        with psycopg.connect(server.url("plain", f"hearth_{reader}", "for-tests-only")) as other:
            assert other.execute(f"select n from {schema}.made").fetchone() == (1,), "tables to come are readable as well"
    assert found(owner) == [("critical", "mart unprotected")], "made by hand; a publication protects what it makes"
    assert protect(owner) == ["made"] and found(owner) == []


def test_a_role_somebody_else_made_is_named_with_what_to_do(server: Server, owner: psycopg.Connection) -> None:
    if owner.info.server_version < 160000:
        pytest.skip("in PostgreSQL 15 who may make roles may change all of them")
    with server._connect() as administrator:
        administrator.execute(f"revoke hearth_sender from {OWNER}")
    urls = {role: server.url("plain", f"hearth_{role}", "for-tests-only") for role in ROLES}
    with pytest.raises(RuntimeError, match="grant hearth_sender to hearth_owner with admin option"):
        migrate(server.url("plain"), urls)
    with server._connect() as administrator:
        administrator.execute(f"grant hearth_sender to {OWNER} with admin option")
    assert migrate(server.url("plain"), urls) == []


@pytest.mark.fault("F67")
def test_a_person_gets_a_login_acts_by_it_and_loses_it(
    server: Server, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("people", "add", "wang.fang")
    variable, _, address = told.strip().partition("=")
    assert variable == "HEARTH_WAREHOUSE_URL_ENGINEER"
    order = "insert into ledger.replay_order (feed, why) values ('weather', 'because') returning who"
    with psycopg.connect(address) as person:
        assert person.execute(order).fetchone() == ("wang.fang",)
    assert "wang.fang" in run("people", "list") and ("critical", "role too wide") not in found(owner)
    run("people", "remove", "wang.fang")
    assert "(closed)" in run("people", "list")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
    assert "no person's login" in run("people", "remove", "hearth_loader", code=1)
    for taken in ("hearth_loader", OWNER, "postgres", "X", "pg_monitor"):
        run("people", "add", taken, code=1)
