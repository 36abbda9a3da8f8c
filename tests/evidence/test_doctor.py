"""Each check of `hearth doctor` is tried by causing what it must find; the state is taken back afterwards."""

from __future__ import annotations

import ast
import re
from collections import namedtuple
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from world import END, Warehouse

from hearth.cli import main
from hearth.contracts.loading import load_contracts
from hearth.health import flow, keeping
from hearth.health.doctor import examine
from hearth.health.problem import Problem, Surroundings, health_limits
from hearth.health.rights import ALLOWED, too_wide
from hearth.warehouse.connections import connect

NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=2)


@contextmanager
def seen(warehouse: Warehouse, *statements: str, now: datetime = NOW, **limits: float) -> Any:
    """The warehouse after the statements, as at a moment; taken back at the end."""
    with psycopg.connect(warehouse.url) as owner:
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


def test_partitions_that_end(warehouse: Warehouse) -> None:
    revoked = "revoke execute on function raw.ensure_month_partitions(text, timestamptz, timestamptz) from hearth_loader"
    with seen(warehouse, now=END.astimezone(UTC)) as here:
        assert {p.severity for p in keeping.partitions(here)} == {"info"}
    with seen(warehouse, revoked, now=END.astimezone(UTC)) as here:
        problems = list(keeping.partitions(here))
    assert {p.severity for p in problems} == {"critical"} and "raw.room_reading" in {p.where for p in problems}
    with seen(warehouse, now=datetime(2016, 12, 1, tzinfo=UTC)) as here:
        assert list(keeping.partitions(here)) == []


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


TOO_WIDE: dict[str, tuple[str, Callable[[Problem], bool]]] = {
    "a table": ("grant select on restricted.personal_value to hearth_auditor", lambda p: p.where == "hearth_auditor"),
    "a column": ("grant select (value) on restricted.personal_value to hearth_engineer", lambda p: "restricted" in p.found),
    "everybody": ("grant select on raw.household to public", lambda p: p.where == "hearth_dashboards"),
    "a change of the ledger": ("grant update on ledger.batch to hearth_loader", lambda p: "UPDATE on ledger: batch" in p.found),
    "forging seals": ("grant insert on ledger.seal to hearth_publisher", lambda p: "INSERT on ledger: seal" in p.found),
    "a membership": ("grant hearth_loader to hearth_reader", lambda p: "member of hearth_loader" in p.found),
    "a power": ("alter role hearth_publisher bypassrls", lambda p: p.found == "is bypassrls"),
    "making tables": ("grant create on schema raw to hearth_loader", lambda p: "create tables in raw" in p.found),
}


@pytest.mark.parametrize("name", TOO_WIDE)
def test_a_role_that_may_do_too_much(warehouse: Warehouse, name: str) -> None:
    statement, expected = TOO_WIDE[name]
    with seen(warehouse) as here:
        assert list(too_wide(here)) == []
    with seen(warehouse, statement) as here:
        assert any(expected(problem) for problem in too_wide(here))


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


def test_every_role_of_the_warehouse_has_its_limits() -> None:
    from hearth.warehouse.migrate import ROLES

    assert set(ALLOWED) == set(ROLES)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("dashboards", "select * from ledger.batch"),
        ("dashboards", "select * from raw.household"),
        ("dashboards", "select * from reference.place"),
        ("dashboards", "select * from candidate.season_kpi"),
        ("auditor", "select * from restricted.personal_value"),
        ("auditor", "insert into quarantine.act overriding system value select * from quarantine.act"),
        ("auditor", "insert into ledger.seal select * from ledger.seal"),
        ("auditor", "select * from candidate.season_kpi"),
        ("engineer", "select * from restricted.personal_value"),
        ("engineer", "delete from raw.household"),
        ("engineer", "insert into ledger.batch select * from ledger.batch"),
        ("publisher", "insert into ledger.seal select * from ledger.seal"),
        ("loader", "delete from ledger.seal"),
        ("loader", "select restricted.forget_personal(now(), 'r', 'y', 'w')"),
    ],
)
def test_each_role_is_refused_what_it_does_not_need(warehouse: Warehouse, role: str, statement: str) -> None:
    with connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("role", "tables"),
    [
        ("dashboards", ["marts.season_kpi"]),
        ("auditor", ["marts.season_kpi", "ledger.seal", "quarantine.row", "reference.place", "intermediate.int_point_day",
                     "staging.stg_room_reading", "raw.room_reading"]),
        ("engineer", ["marts.season_kpi", "candidate.season_kpi", "ledger.step", "quarantine.row_open", "raw.service_ticket"]),
    ],
)  # fmt: skip
def test_each_person_reads_what_they_need(warehouse: Warehouse, role: str, tables: list[str]) -> None:
    with connect(role) as connection:
        for table in tables:
            assert connection.execute(f"select count(*) from {table}").fetchone() is not None
