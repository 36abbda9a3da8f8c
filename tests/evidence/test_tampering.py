"""What was changed, added or taken away after it was sealed is found and named; an untouched warehouse is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.proof.digests import Finding
from hearth.proof.live import verify_warehouse
from tests.support.world import Warehouse

TAMPERINGS = {
    "a ledger row": (
        "update ledger.batch set rows_read = rows_read + 1, rows_loaded = rows_loaded + 1 where batch_id = 3",
        Finding("ledger.batch", "[3]", "changed since seal 1"),
    ),
    "a ledger row taken away": (
        "delete from ledger.step where step_id = 7",
        Finding("ledger.step", "[7]", "sealed in seal 1 and missing now"),
    ),
    "when a landing file came": (
        "update ledger.landing_file set source_name = 'other' where file_id = 2",
        Finding("ledger.landing_file", "[2]", "changed since seal 1"),
    ),
    "a manifest's digest": (
        "update ledger.manifest_digest set sha256 = repeat('0', 64) where pull_id = 1",
        Finding("ledger.manifest_digest", "[1]", "changed since seal 1"),
    ),
    "a batch's days": (
        "insert into ledger.batch_day values (1, 'station', '1999-01-01', 1)",
        Finding("ledger.batch_day", '[1, "station", "1999-01-01"]', "was added after its batch_id had been sealed"),
    ),
}


@contextmanager
def changed(warehouse: Warehouse, *statements: str) -> Iterator[psycopg.Connection]:
    """The statements as the owner does them, past every trigger; taken back at the end."""
    with psycopg.connect(warehouse.administrator) as owner:
        owner.execute("set local session_replication_role = replica")
        for statement in statements:
            assert owner.execute(statement).rowcount > 0, statement
        owner.execute("set local session_replication_role = origin")
        yield owner
        owner.rollback()


def found(warehouse: Warehouse, *statements: str) -> list[Finding]:
    with changed(warehouse, *statements) as owner:
        return verify_warehouse(owner).findings


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_an_untouched_warehouse_is_whole(warehouse: Warehouse) -> None:
    answer = hearth("verify")
    assert answer.exit_code == 0, answer.output
    assert "whole: nothing was changed or taken away" in answer.output
    files = warehouse.rows(
        "select (select count(distinct stored_as) from ledger.landing_file) + (select count(*) from ledger.pull)"
    )
    assert f"{files[0][0]} landing files and manifests" in answer.output


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_changed_row_is_named(warehouse: Warehouse, name: str) -> None:
    statement, expected = TAMPERINGS[name]
    assert found(warehouse, statement) == [expected]


def test_a_quarantined_row_is_named(warehouse: Warehouse) -> None:
    key = warehouse.rows("select batch_id, file_id, position, sub_position from quarantine.row order by 1, 2, 3, 4 limit 1")[0]
    place = f"(batch_id, file_id, position, sub_position) = {key}"
    named = "[{}, {}, {}, {}]".format(*key)
    changes = {
        f"update quarantine.row set record = record || '{{\"x\": 1}}' where {place}": "changed since seal 1",
        f"delete from quarantine.row where {place}": "sealed in seal 1 and missing now",
    }
    for statement, what in changes.items():
        assert found(warehouse, statement) == [Finding("quarantine.row", named, what)]


def test_a_changed_definition_is_named_with_its_file(warehouse: Warehouse) -> None:
    sha256 = warehouse.rows("select sha256 from ledger.definition where path = 'seeds/temperature_standard.csv'")[0][0]
    findings = found(
        warehouse, f"update ledger.definition_file set content = replace(content, '18', '16') where sha256 = '{sha256}'"
    )
    assert Finding("ledger.definition_file", f'["{sha256}"]', "changed since seal 1") in findings
    assert any("seeds/temperature_standard.csv" in finding.what for finding in findings)


def test_a_changed_published_value_is_named_in_the_mart_and_in_the_ledger(warehouse: Warehouse) -> None:
    of = "kpi = 'room_compliance_percent' and unit_kind = 'company' and heating_date = '2017-01-15'"
    (mart,) = found(warehouse, f"update marts.season_kpi set value = 99.9 where {of}")
    assert (mart.where, mart.key) == ("marts.season_kpi", "2017-01-15")
    assert "room_compliance_percent of company company" in mart.what and "(99.9," in mart.what
    findings = found(warehouse, f"update ledger.published_value set value = 99.9 where {of}")
    key = '["2017-01-15", "room_compliance_percent", "company", "company", 1]'
    assert findings == [Finding("ledger.published_value", key, "changed since seal 1")]


def test_a_changed_mart_without_values_in_the_ledger_is_named(warehouse: Warehouse) -> None:
    day = warehouse.rows("select max(heating_date)::text from marts.room_compliance")[0][0]
    findings = found(warehouse, f"delete from marts.room_compliance where heating_date = '{day}'")
    assert [(f.where, f.key) for f in findings] == [("marts.room_compliance", day)]


def test_rows_of_a_mart_that_was_never_published_are_named(warehouse: Warehouse) -> None:
    (finding,) = found(warehouse, "create table marts.invented as select 1000000 as refund")
    assert (finding.where, finding.what) == ("marts.invented", "1 rows that are not the 0 published ones")


def test_a_changed_digest_of_a_publication_breaks_its_content_hash(warehouse: Warehouse) -> None:
    findings = found(
        warehouse, "update ledger.publication_part set rows = rows + 1 where mart = 'season_kpi' and part = '2017-01-15'"
    )
    assert Finding("ledger.publication", "[1]", "its content hash is not that of its definitions and parts") in findings
    assert any(f.where == "ledger.publication_part" and "2017-01-15" in f.key for f in findings)


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        ("update ledger.seal set sealed_at = sealed_at - interval '1 day'", "ledger.seal", "seal 1: its sha256 is not that"),
        ("update ledger.seal set run_id = 'x'", "ledger.seal", "seal 1: its sha256 is not that"),
        ("delete from ledger.seal where seal_id = 1", "ledger.seal", "seal 1: is missing"),
        ("delete from ledger.seal_part where part = 2", "ledger.seal_part", "parts of"),
        (
            "update ledger.seal_part set digests = set_byte(digests, 0, (get_byte(digests, 0) + 1) % 256) where part = 1",
            "ledger.seal_part",
            "were",
        ),
    ],
)
def test_a_changed_seal_breaks_the_chain(warehouse: Warehouse, statement: str, where: str, what: str) -> None:
    findings = found(warehouse, statement)
    assert findings[0].where == where and what in str(findings[0])


def test_whoever_seals_a_changed_row_anew_is_found_by_a_seal_noted_before(copy: Warehouse, tmp_path: Path) -> None:
    """The chain alone cannot tell a history that was written anew as a whole; a sha256 kept elsewhere can."""
    from hearth.proof.seal import seal

    noted = copy.rows("select sha256 from ledger.seal")[0][0]
    with psycopg.connect(copy.administrator) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("delete from ledger.seal_part")
        owner.execute("delete from ledger.seal")
        owner.execute("update ledger.batch set note = 'nothing to see' where batch_id = 1")
    assert seal("forged") is not None
    assert hearth("verify").exit_code == 0
    pack = tmp_path / "pack.zip"
    assert hearth("evidence", "--season", "2016-17", "--out", str(pack)).exit_code == 0
    assert hearth("evidence", "verify", str(pack)).exit_code == 0
    answer = hearth("evidence", "verify", str(pack), "--seal", noted)
    assert answer.exit_code == 1 and f"{noted}: is not in the chain" in answer.output


def test_a_trigger_that_was_switched_off_is_named(warehouse: Warehouse) -> None:
    with changed(warehouse) as owner:
        owner.execute("alter table ledger.step disable trigger append_only")
        owner.execute("drop trigger append_only_truncate on quarantine.row")
        findings = verify_warehouse(owner).findings
    assert findings == [
        Finding("ledger.step", "", "changes are not refused: trigger append_only is disabled"),
        Finding("quarantine.row", "", "changes are not refused: trigger append_only_truncate is missing"),
    ]


def test_a_column_added_later_changes_no_digest(warehouse: Warehouse) -> None:
    with changed(warehouse) as owner:
        owner.execute("alter table ledger.step add column added_later text default 'x'")
        assert verify_warehouse(owner).is_whole
        owner.execute("alter table ledger.step drop column message")
        assert verify_warehouse(owner).findings == [
            Finding("ledger.step", "", "had column(s) message when it was sealed; they are gone")
        ]


@pytest.fixture
def landing(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the landing store that may be changed."""
    target = tmp_path / "landing"
    shutil.copytree(warehouse.variables["HEARTH_LANDING"], target)
    monkeypatch.setenv("HEARTH_LANDING", str(target))
    return target


def test_a_changed_or_missing_landing_file_is_named(warehouse: Warehouse, landing: Path) -> None:
    places = [p for (p,) in warehouse.rows("select stored_as from ledger.landing_file order by file_id limit 2")]
    os.chmod(landing / places[0], 0o600)
    with (landing / places[0]).open("ab") as file:
        file.write(b" ")
    (landing / places[1]).unlink()
    answer = hearth("verify")
    assert answer.exit_code == 1
    assert f"landing file {places[0]}: was changed" in answer.output
    assert f"landing file {places[1]}: is missing, and no act of retention says why" in answer.output


def test_a_changed_manifest_is_named(warehouse: Warehouse, landing: Path) -> None:
    place = warehouse.rows("select manifest from ledger.pull where pull_id = 2")[0][0]
    text = (landing / place).read_text(encoding="utf-8")
    (landing / place).write_text(text.replace('"run_id": "test"', '"run_id": "tset"'), encoding="utf-8")
    answer = hearth("verify")
    assert answer.exit_code == 1
    assert f"first broken link: manifest {place}: was changed" in answer.output
