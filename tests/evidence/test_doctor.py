"""Each check of `hearth doctor` is tried by causing what it must find; the state is taken back afterwards."""

from __future__ import annotations

import ast
import re
from collections import namedtuple
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.contracts.loading import load_contracts
from hearth.dated.limits import health_limits
from hearth.health import flow, keeping, readings
from hearth.health.doctor import examine
from hearth.health.problem import Surroundings
from hearth.health.rights import rights
from hearth.lake import catalogue
from hearth.warehouse.connections import connect
from hearth.warehouse.roles import ADDS, ROLES, SCHEMAS, login, may
from tests.support.world import END, PERSON, Warehouse, World

NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=2)


@contextmanager
def seen(warehouse: Warehouse, *statements: str, now: datetime = NOW, **limits: float) -> Any:
    """The warehouse after the statements, as at a moment; taken back at the end."""
    with psycopg.connect(warehouse.administrator) as owner:
        owner.execute("set local session_replication_role = replica")
        for statement in statements:
            owner.execute(statement)
        yield Surroundings(owner, now, {**health_limits(now.date()), **limits})
        owner.rollback()


def test_the_engineer_can_examine_a_sound_installation(warehouse: Warehouse) -> None:
    with connect("engineer") as engineer:
        problems = examine(engineer, END.astimezone(UTC), load_contracts())
    assert [p for p in problems if p.severity != "info"] == []
    answer = CliRunner().invoke(main, ["doctor", "--now", END.isoformat()])
    assert answer.exit_code == 0, answer.output


@pytest.mark.fault("F46")
def test_a_source_nobody_loaded_is_stale_and_exits_1(warehouse: Warehouse) -> None:
    answer = CliRunner().invoke(main, ["doctor", "--now", "2017-12-20T00:00+08:00", "--feed", "weather"])
    assert answer.exit_code == 1
    assert "stale source: feed weather" in answer.output and "connections check --feed weather" in answer.output
    contract = load_contracts()["remote_points"]
    with seen(warehouse, "delete from ledger.batch where feed = 'remote_points'", now=END.astimezone(UTC)) as here:
        (problem,) = flow.stale_sources(here, {"remote_points": contract})
    assert "was never loaded" in problem.found
    late = END.astimezone(UTC) + timedelta(hours=contract.expected.lateness_hours)
    with seen(warehouse, now=late) as here:
        assert list(flow.stale_sources(here, {"remote_points": contract})) == [], "within what the contract allows"


def test_rows_of_a_season_the_marts_do_not_show_are_told(warehouse: Warehouse) -> None:
    of_weather = "from ledger.batch_current where feed = 'weather'"
    day = f"insert into ledger.batch_day select batch_id, entity, date '2015-01-15', 7 {of_weather}"
    with seen(warehouse) as here:
        assert list(flow.rows_in_no_mart(here)) == []
    with seen(warehouse, day) as here:
        (problem,) = flow.rows_in_no_mart(here)
    assert problem.where == "feed weather"
    assert problem.found.startswith("7 loaded rows of 2015-01-15 .. 2015-01-15 stand in no mart: the marts begin with 2015-10-20")


def test_a_held_batch(warehouse: Warehouse) -> None:
    hold = (
        "update ledger.batch set status = 'held', rows_quarantined = rows_quarantined + rows_loaded, rows_loaded = 0"
        " where batch_id = 4"
    )
    with seen(warehouse, hold) as here:
        (problem,) = flow.held_batches(here)
    assert problem.where.endswith("batch 4") and "quarantine list" in problem.todo


def test_quarantine_beyond_its_limit_and_growing(warehouse: Warehouse) -> None:
    most = max(n for (n,) in warehouse.rows("select count(*) from quarantine.row_open group by feed"))
    with seen(warehouse, quarantine_open_rows=most) as here:
        assert list(flow.quarantine(here)) == []
    with seen(warehouse, quarantine_open_rows=most - 1) as here:
        (problem,) = flow.quarantine(here)
    assert problem.check == "quarantine full" and f"{most:,d} open rows" in problem.found
    weeks = [
        f"insert into ledger.batch select nextval('ledger.batch_id'), 'weather', entity, kind, 'loaded', '2017-02-01', '{end}',"
        f" pull_id, run_id, contract_hash, suite_hash, 1000, {1000 - rows}, {rows}, 0, null, now() from ledger.batch limit 1"
        for end, rows in (("2017-02-10", 100), ("2017-02-20", 301))
    ]
    with seen(warehouse, *weeks, now=datetime(2017, 2, 21, tzinfo=UTC)) as here:
        (problem,) = flow.quarantine(here)
    assert (problem.check, problem.where) == ("quarantine grows", "feed weather") and "301 of 1,000" in problem.found


def test_a_step_that_never_ended(warehouse: Warehouse) -> None:
    start = "insert into ledger.step (run_id, subject, step, outcome) values ('dead', 'weather', 'pull_and_land', 'started')"
    with seen(warehouse, start, now=SOON) as here:
        (problem,) = flow.open_steps(here)
    assert problem.where == "weather, pull_and_land, run dead"
    with seen(warehouse, start) as here:
        assert list(flow.open_steps(here)) == [], "it may still run"
    again = "insert into ledger.step (run_id, subject, step, outcome) values ('next', 'weather', 'pull_and_land', 'succeeded')"
    with seen(warehouse, start, again, now=SOON) as here:
        assert list(flow.open_steps(here)) == [], "a later run has done its work"


@pytest.mark.parametrize(("stage", "check"), [("gate", "gate red"), ("dbt", "build failed")])
def test_a_red_gate_and_a_failed_build(warehouse: Warehouse, stage: str, check: str) -> None:
    with seen(
        warehouse,
        "insert into ledger.build (run_id, definition_hash, full_refresh) values ('x', repeat('0', 64), false)",
        f"insert into ledger.build_outcome (build_id, stage, outcome, message) select max(build_id), '{stage}', 'failed', 'because'"
        " from ledger.build",
    ) as here:
        (problem,) = flow.publication(here)
    assert (problem.severity, problem.check) == ("critical", check) and "because" in problem.found


def test_rows_that_wait_for_publication(warehouse: Warehouse) -> None:
    with seen(warehouse, "delete from ledger.build_batch where batch_id = 2", now=SOON) as here:
        (problem,) = flow.publication(here)
    assert problem.check == "publication old" and "1 batches" in problem.found


def test_readings_that_lie_in_a_table_yet_or_whose_file_is_gone(warehouse: Warehouse) -> None:
    with seen(warehouse) as here:
        assert [*readings.unmoved(here), *readings.missing(here)] == []
        name = catalogue.current(here.connection, "station_reading")[0].path
        place = Path(warehouse.variables["HEARTH_LAKE"]) / name
        aside = place.rename(place.with_suffix(".aside"))
        (problem,) = readings.missing(here)
        aside.rename(place)
    assert (problem.severity, problem.where) == ("critical", "station_reading") and name in problem.found
    with seen(warehouse, "delete from ledger.reading_file where entity = 'source_reading'") as here:
        (problem,) = readings.unmoved(here)
    assert (problem.severity, problem.where) == ("critical", "raw.source_reading") and "1 batches" in problem.found


def test_a_publication_without_a_seal_and_a_trigger_switched_off(warehouse: Warehouse) -> None:
    with seen(warehouse, "delete from ledger.seal", now=SOON) as here:
        (problem,) = keeping.seals(here)
    assert problem.check == "seal missing" and "hearth seal" in problem.todo
    with seen(warehouse, "alter table ledger.batch disable trigger append_only") as here:
        (problem,) = keeping.seals(here)
    assert (problem.severity, problem.where) == ("critical", "ledger.batch")


def test_definitions_that_are_not_those_of_the_publication(warehouse: Warehouse) -> None:
    with seen(warehouse, "update ledger.publication set definition_hash = repeat('0', 64)") as here:
        (problem,) = keeping.definitions(here)
    assert problem.severity == "info"


def test_a_full_disk_and_a_large_database(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with seen(warehouse) as here:
        monkeypatch.setattr("hearth.health.keeping.shutil.disk_usage", lambda _: usage(100e9, 95e9, 5e9))
        problems = list(keeping.disk(here))
        assert "5.0 % free" in problems[0].found and problems[0].where.startswith("HEARTH_LANDING")
        monkeypatch.setattr("hearth.health.keeping.shutil.disk_usage", lambda _: usage(100e9, 5e9, 95e9))
        assert list(keeping.disk(here)) == []
    with seen(warehouse, database_max_gb=0.001) as here:
        assert [p.check for p in keeping.disk(here)] == ["database large"]


def test_retention_that_is_due(warehouse: Warehouse) -> None:
    with seen(warehouse, now=NOW + timedelta(days=4000)) as here:
        (problem,) = keeping.retention(here)
    assert problem.where == "landing_file" and "retention apply" in problem.todo


ONE_TOO_MANY: dict[str, tuple[str, str]] = {
    "a column": ("grant select (value) on restricted.personal_value to hearth_auditor", "has SELECT on restricted: personal_value"),
    "everybody": ("grant select on raw.household to public", "has SELECT on raw: household"),
    "a change of the ledger": ("grant update on ledger.batch to hearth_loader", "has UPDATE on ledger: batch"),
    "a number given anew": ("grant update on ledger.batch_id to hearth_loader", "has UPDATE on ledger: batch_id"),
    "a membership": ("grant hearth_loader to hearth_reader", "is a member of hearth_loader"),
    "a person who loads": (f'grant hearth_loader to "{PERSON}"', "is a member of hearth_loader"),
    "a stranger": ("create role visitor login; grant insert on ledger.approval to visitor", "has INSERT on ledger: approval"),
    "a power": ("alter role hearth_publisher bypassrls", "is bypassrls"),
    "making tables": ("grant create on schema raw to hearth_loader", "may create tables in raw"),
    "a function": (
        "grant execute on function restricted.forget_personal(timestamptz, text, text) to hearth_loader",
        "may call restricted.forget_personal",
    ),
    "a text run as SQL": ("grant execute on function ts_stat(text) to public", "may call ts_stat"),
    "a table nobody declared": ("create table ledger.note (id int primary key)", "nobody has said which role writes it"),
    "a right taken away": ("revoke insert on ledger.seal from hearth_keeper", "lacks INSERT on ledger: seal"),
    "policies switched off": ("alter table marts.season_kpi disable row level security", "row-level security is off"),
    "a policy taken away": ("drop policy branch on marts.season_kpi", "its policies are others"),
    "a policy more": ("create policy more on marts.season_kpi using (true)", "its policies are branch, more, others"),
    "reading taken away": ("revoke select on marts.season_kpi from hearth_dashboards", "lacks SELECT on marts: season_kpi"),
}  # fmt: skip


def test_what_is_given_is_what_was_declared(warehouse: Warehouse) -> None:
    with seen(warehouse) as here:
        assert list(rights(here)) == []


@pytest.mark.parametrize("name", ONE_TOO_MANY)
def test_a_right_that_is_too_much_or_missing(warehouse: Warehouse, name: str) -> None:
    statement, expected = ONE_TOO_MANY[name]
    with seen(warehouse, statement) as here:
        assert any(expected in problem.found for problem in rights(here))


@pytest.mark.parametrize("role", ROLES)
def test_every_role_with_one_right_too_many_is_told(warehouse: Warehouse, role: str) -> None:
    table = next(table for table in ADDS if "INSERT" not in may(role, table) and table != "ledger.migration")
    schema, _, name = table.partition(".")
    with seen(warehouse, f"grant insert on {table} to {login(role)}") as here:
        told = {(problem.where, problem.found) for problem in rights(here)}
    assert told - {(PERSON, f"has INSERT on {schema}: {name}")} == {(login(role), f"has INSERT on {schema}: {name}")}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.fault("F40", "F60")
def test_no_role_writes_what_anothers_work_writes(warehouse: Warehouse, role: str) -> None:
    """Tried for real, on every table of ours: whoever may not is refused, by privilege and not by chance."""
    tables = warehouse.rows(
        "select n.nspname || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = relnamespace"
        " where n.nspname = any(%s) and c.relkind in ('r', 'p') and not c.relispartition order by 1",
        list(SCHEMAS),
    )
    tried = 0
    with connect(role) as connection:
        for (table,) in tables:
            allowed = may(role, table.replace('"', ""))
            statements = {"INSERT": f"insert into {table} default values", "DELETE": f"delete from {table} where false"}
            statements |= {"UPDATE": f"truncate {table}", "SELECT": f"select from {table} limit 0"}
            for privilege, statement in statements.items():
                if "*" in allowed or privilege in allowed:
                    continue
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(statement)
                tried += 1
    assert tried > 100


def test_every_paragraph_the_doctor_names_stands_in_the_runbook() -> None:
    """Each finding ends with a heading of docs/runbook.md."""
    root = Path(__file__).resolve().parents[2]
    headings = set(re.findall(r"^## (.+)$", (root / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE))
    problems = [
        node
        for path in (root / "plugins" / "hearth" / "health").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
    ]
    named = {node.args[-1].value for node in problems if isinstance(node.args[-1], ast.Constant)}
    assert len(problems) >= 14 and named - headings == set()


def test_an_older_installation_loses_what_it_had_too_much(warehouse: Warehouse) -> None:
    """Roles once wrote more; `hearth migrate` takes away what is not declared any more."""
    from hearth.warehouse.roles import grants

    given = (
        "grant insert on all tables in schema ledger to hearth_loader; grant select on all tables in schema marts to hearth_sender"
    )
    with seen(warehouse, given) as here:
        assert {problem.where for problem in rights(here)} == {"hearth_loader", "hearth_sender"}
        for statement in grants():
            here.connection.execute(statement)
        assert list(rights(here)) == []


ORDER = "insert into ledger.replay_order (feed, why, acting_for) values ('weather', 'because', %s) returning who, login, acting_for"
ACT = "insert into quarantine.act (feed, file_sha256, position, sub_position, act, why, who) values ('f', 's', 1, 1, %s, 'w', 'li')"


@pytest.mark.parametrize(
    ("role", "statement", "value", "said"),
    [
        ("hearth_engineer", ORDER, None, "the login of a part of Hearth, no person's"),
        ("engineer", ORDER, "li.wei", "may not act for li.wei"),
        ("desk", ORDER, None, "only for a person who is logged in"),
        ("desk", ORDER, "", "only for a person who is logged in"),
        ("loader", ACT, "waived", "hearth_loader is the login of a part of Hearth"),
        ("engineer", ACT, "replayed", "may not say that a row was replayed"),
    ],
)
@pytest.mark.fault("F67")
def test_nobody_acts_under_anothers_name(
    warehouse: Warehouse, world: World, monkeypatch: pytest.MonkeyPatch, role: str, statement: str, value: str | None, said: str
) -> None:
    shared = world.instance.warehouse_url("engineer").replace("/warehouse", "/evidence")
    monkeypatch.setenv("HEARTH_WAREHOUSE_URL_HEARTH_ENGINEER", shared)
    with connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match=said):
        connection.execute(statement, (value,))


@pytest.mark.fault("F67")
def test_who_acted_is_written_by_the_database(warehouse: Warehouse) -> None:
    for role, acting_for, kept in (
        ("engineer", None, (PERSON, PERSON, None)),
        ("desk", "li.wei", ("li.wei", "hearth_desk", "li.wei")),
    ):
        with connect(role) as connection:
            assert connection.execute(ORDER, (acting_for,)).fetchone() == kept
            connection.rollback()
    with connect("engineer") as connection:
        forged = "insert into quarantine.act (feed, file_sha256, position, sub_position, act, why, who, login) values"
        row = connection.execute(f"{forged} ('f', 's', 1, 1, 'waived', 'w', 'chen', 'chen') returning who, login").fetchone()
        assert row == (PERSON, PERSON)
        connection.rollback()


@pytest.mark.parametrize(
    ("role", "tables"),
    [
        ("dashboards", ["marts.season_kpi"]),
        ("auditor", ["marts.season_kpi", "ledger.seal", "quarantine.row", "reference.place", "intermediate.int_point_day",
                     "staging.stg_outdoor_reading", "reduced.point_day", "raw.outdoor_reading"]),
        ("engineer", ["marts.season_kpi", "candidate.season_kpi", "ledger.step", "quarantine.row_open", "raw.service_ticket"]),
    ],
)  # fmt: skip
def test_each_person_reads_what_they_need(warehouse: Warehouse, role: str, tables: list[str]) -> None:
    with connect(role) as connection:
        for table in tables:
            assert connection.execute(f"select count(*) from {table}").fetchone() is not None
