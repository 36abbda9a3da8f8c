"""An evidence pack is checked offline: whole as written, and every change of every member is found."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from hearth.cli import main
from hearth.proof.pack.check import verify_pack
from hearth.proof.pack.pack import MANIFEST, manifest_text
from hearth.proof.pack.reader import PackReader
from hearth.proof.pack.table_text import copy_fields, record_fields
from hearth.reports.export import guarded
from tests.support.world import Warehouse

SEASON = "2016-17"


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def _packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"folder": tmp_path_factory.mktemp("packs")}


@pytest.fixture
def pack(warehouse: Warehouse, _packs: dict[str, Path]) -> Path:
    """The pack of the season, written once."""
    path = _packs["folder"] / "pack.zip"
    if not path.exists():
        answer = hearth("evidence", "--season", SEASON, "--out", str(path))
        assert answer.exit_code == 0, answer.output
    return path


Change = Callable[[bytes], bytes | None]


def changed(pack: Path, target: Path, changes: dict[str, Change], with_digests: bool = False, **more: bytes) -> Path:
    """A copy of the pack with members changed (None: left out); `with_digests`: by somebody who also mends the manifest."""
    reader = PackReader(pack)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name in reader.zip.namelist():
            content: bytes | None = reader.zip.read(name)
            if name in changes and content is not None:
                content = changes[name](content)
            if content is None:
                reader.members.pop(name, None)
                continue
            if name == MANIFEST and name not in changes:
                continue
            if with_digests and name in changes:
                import hashlib

                reader.members[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            written.writestr(name, content)
        for name, content in more.items():
            written.writestr(name, content)
        if MANIFEST not in changes:
            facts = {**reader.manifest, "members": reader.members} if with_digests else reader.manifest
            written.writestr(MANIFEST, manifest_text(facts))
    return target


def findings(path: Path) -> list[str]:
    return [str(finding) for finding in verify_pack(path)[0].findings]


def flip(content: bytes) -> bytes:
    """One byte in the middle is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_pack_is_whole_and_the_same_twice(pack: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert hearth("evidence", "--season", SEASON, "--out", str(again)).exit_code == 0
    assert again.read_bytes() == pack.read_bytes()
    answer = hearth("evidence", "verify", str(pack))
    assert answer.exit_code == 0, answer.output
    assert "whole: nothing was changed" in answer.output
    assert list(tmp_path.iterdir()) == [again], "no draft stays behind"


def test_it_holds_what_an_auditor_asks_for(pack: Path) -> None:
    names = set(zipfile.ZipFile(pack).namelist())
    assert {"summary.html", "README.txt", "kpi/season_kpi.csv", "seals/seal.tsv", MANIFEST} <= names
    for table in ("batch", "landing_file", "publication", "published_value", "definition", "validation", "step", "retention_act"):
        assert {f"rows/ledger.{table}.tsv", f"tables/ledger.{table}.csv"} <= names
    assert {"tables/quarantine.row.csv", "tables/quarantine.act.csv", "definitions/seeds/temperature_standard.csv"} <= names
    for start in ("suites/room_reading-", "contracts/weather-", "landing/weather/pulls/", "definitions/dbt_project/models/"):
        assert any(name.startswith(start) for name in names), start


def test_it_is_checked_without_any_connection(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("verify of a pack asked a database")

    monkeypatch.setattr(psycopg, "connect", refuse)
    assert hearth("evidence", "verify", str(pack)).exit_code == 0


def test_a_change_of_any_member_is_found_and_named(pack: Path, tmp_path: Path) -> None:
    """One of each kind; all members of the same kind are checked by the same lines."""
    kinds: dict[str, str] = {}
    for name in zipfile.ZipFile(pack).namelist():
        folder = name.partition("/")[0]
        kind = name if folder in ("rows", "tables", "seals", "kpi") or "/" not in name else folder
        if zipfile.ZipFile(pack).getinfo(name).file_size:
            kinds.setdefault(kind, name)
    assert len(kinds) > 30
    manifest = kinds.pop(MANIFEST)
    said = findings(changed(pack, tmp_path / "changed.zip", dict.fromkeys(kinds.values(), flip)))
    assert [name for name in kinds.values() if not any(name in line for line in said)] == []
    for name in (manifest, "kpi/season_kpi.tsv", "rows/ledger.step.tsv"):  # and alone, each by its own way
        assert findings_or_refusal(changed(pack, tmp_path / "changed.zip", {name: flip})), name


def test_each_fact_of_the_manifest_is_held_against_the_pack(pack: Path, tmp_path: Path) -> None:
    told = json.loads(zipfile.ZipFile(pack).read(MANIFEST))
    member = next(name for name in told["members"] if name.startswith("landing/"))
    other = [
        ("season", "2015-16"),
        ("definition_hash", "0" * 64),
        *(("last_seal", {**told["last_seal"], **part}) for part in ({"seal_id": 2}, {"sealed_at": "2026-01-01"}, {"sha256": ""})),
        ("members", {**told["members"], member: {**told["members"][member], "size": 1}}),
        ("relations", {**told["relations"], "ledger.step": []}),
        ("kpi_columns", told["kpi_columns"][1:]),
    ]
    for name, value in other:
        text = manifest_text({**told, name: value})
        assert findings_or_refusal(changed(pack, tmp_path / "forged.zip", {MANIFEST: lambda _, text=text: text})), (name, value)


def findings_or_refusal(path: Path) -> list[str]:
    from hearth.proof.pack.reader import NotAPack

    try:
        return findings(path)
    except NotAPack as error:
        return [f"{error}"]


def test_a_damaged_file_is_no_stack_trace(pack: Path, tmp_path: Path) -> None:
    """A bit that fell over on a disk, in the compressed bytes of a member."""
    target = tmp_path / "damaged.zip"
    for name in ("rows/ledger.step.tsv", "seals/seal_part.tsv", "kpi/season_kpi.tsv", MANIFEST):
        content = bytearray(pack.read_bytes())
        info = zipfile.ZipFile(pack).getinfo(name)
        content[info.header_offset + 200 + info.compress_size // 2] ^= 0x55
        target.write_bytes(content)
        answer = hearth("evidence", "verify", str(target))
        assert answer.exit_code == 1 and isinstance(answer.exception, SystemExit), name


def test_a_member_left_out_or_put_in_is_named(pack: Path, tmp_path: Path) -> None:
    without = changed(pack, tmp_path / "without.zip", {"tables/ledger.step.csv": lambda _: None})
    assert "tables/ledger.step.csv: is missing" in findings(without)
    more = changed(pack, tmp_path / "more.zip", {}, **{"rows/extra.tsv": b"x"})
    assert findings(more) == ["rows/extra.tsv: was added: the pack's manifest does not know it"]


def test_who_mends_the_manifest_too_is_found_by_the_seals(pack: Path, tmp_path: Path) -> None:
    def other_count(content: bytes) -> bytes:
        first, _, rest = content.partition(b"\n")
        return first.replace(b",loaded,", b",held,") + b"\n" + rest

    target = tmp_path / "mended.zip"
    said = findings(changed(pack, target, {"rows/ledger.batch.tsv": other_count}, with_digests=True))
    assert said[0].startswith("ledger.batch [") and said[0].endswith("changed since seal 1")
    said = findings(changed(pack, target, {"rows/quarantine.row.tsv": lambda c: c.partition(b"\n")[2]}, with_digests=True))
    assert "sealed in seal 1 and not in the pack" in said[0]
    said = findings(
        changed(pack, target, {"tables/ledger.batch.csv": lambda c: c.replace(b"loaded", b"LOADED")}, with_digests=True)
    )
    assert said == ["tables/ledger.batch.csv: does not say what rows/ledger.batch.tsv says"]
    said = findings(changed(pack, target, {"definitions/seeds/temperature_standard.csv": lambda c: c + b"x"}, with_digests=True))
    assert said == ["definitions/seeds/temperature_standard.csv: is not what the ledger has the digest of"]


@pytest.mark.fault("F59")
def test_what_a_person_reads_is_made_again_from_the_proved_rows(pack: Path, tmp_path: Path) -> None:
    """The page and the read-me forged, and the manifest mended: no digest differs, and the page is not what the rows say."""

    def forged(content: bytes) -> bytes:
        assert b"</td>" in content
        return content.replace(b"</td>", b"0</td>", 1)

    target = tmp_path / "forged.zip"
    for name, change in (("summary.html", forged), ("README.txt", lambda content: content + b"Call this number to check it.")):
        said = findings(changed(pack, target, {name: change}, with_digests=True))
        assert said == [f"{name}: does not say what the proved rows of the pack say"]
        answer = hearth("evidence", "verify", str(target), "--warehouse")
        assert answer.exit_code == 1 and name in answer.output
        said = findings(changed(pack, target, {name: lambda _: None}, with_digests=True))
        assert said == [f"{name}: is missing: every pack has it"]
    said = findings(
        changed(pack, target, dict.fromkeys(("kpi/season_kpi.tsv", "kpi/season_kpi.csv"), lambda _: None), with_digests=True)
    )
    assert "kpi/season_kpi.tsv: is missing: every pack has it" in said


def test_a_pack_of_the_format_before_is_read_and_says_what_it_does_not_prove(pack: Path, tmp_path: Path) -> None:
    def earlier(content: bytes) -> bytes:
        return content.replace(b'"hearth evidence 2"', b'"hearth evidence 1"')

    report, _, _ = verify_pack(changed(pack, tmp_path / "earlier.zip", {MANIFEST: earlier}))
    assert report.findings == [] and any(line.startswith("NOT CHECKED: summary.html") for line in report.checked)


def test_a_changed_published_value_is_named(pack: Path, tmp_path: Path) -> None:
    def better(content: bytes) -> bytes:
        lines = content.split(b"\n")
        index = next(n for n, line in enumerate(lines) if b"2017-01-15" in line and b"company,company,room_comp" in line)
        fields = lines[index].split(b",")
        lines[index] = b",".join([*fields[:5], b"99.9", *fields[6:]])
        return b"\n".join(lines)

    said = findings(changed(pack, tmp_path / "better.zip", {"kpi/season_kpi.tsv": better}, with_digests=True))
    assert said[0].startswith("kpi/season_kpi.tsv 2017-01-15: ")
    assert "room_compliance_percent of company company" in said[0]


def test_landing_files_are_checked_beside_the_pack(pack: Path, warehouse: Warehouse, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(warehouse.variables["HEARTH_LANDING"], landing)
    assert hearth("evidence", "verify", str(pack), "--landing", str(landing)).exit_code == 0
    place = warehouse.rows("select stored_as from ledger.landing_file where file_id = 1")[0][0]
    (landing / place).chmod(0o600)
    (landing / place).write_bytes(b"other")
    answer = hearth("evidence", "verify", str(pack), "--landing", str(landing))
    assert answer.exit_code == 1 and f"landing file {place}: was changed" in answer.output


def test_it_is_compared_with_the_live_warehouse(pack: Path, copy: Warehouse) -> None:
    from hearth.proof.seal import seal

    assert hearth("evidence", "verify", str(pack), "--warehouse").exit_code == 0
    with psycopg.connect(copy.administrator) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("delete from ledger.seal_part")
        owner.execute("delete from ledger.seal")
    assert seal("anew") is not None
    answer = hearth("evidence", "verify", str(pack), "--warehouse")
    assert answer.exit_code == 1 and "ledger.seal seal 1: the pack has" in answer.output


def test_rows_not_sealed_yet_are_in_the_pack(copy: Warehouse, tmp_path: Path) -> None:
    with psycopg.connect(copy.url) as owner:
        owner.execute("insert into ledger.step (run_id, subject, step, outcome) values ('new', 'a', 'b', 'skipped')")
    path = tmp_path / "pack.zip"
    assert hearth("evidence", "--season", SEASON, "--out", str(path)).exit_code == 0
    assert findings(path) == []
    assert any(line[0] == "0" and ",new," in str(line[4]) for line in PackReader(path).lines("rows/ledger.step.tsv"))


def test_a_season_nobody_published_is_refused_with_those_that_were(warehouse: Warehouse, tmp_path: Path) -> None:
    answer = hearth("evidence", "--season", "1999-00", "--out", str(tmp_path / "x.zip"))
    assert answer.exit_code == 1 and "2016-17" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_something_else_is_not_a_pack(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(b"PK no zip")
    answer = hearth("evidence", "verify", str(other))
    assert answer.exit_code == 1 and "is not an evidence pack" in answer.output


@pytest.mark.fault("F32")
def test_a_cell_cannot_be_a_formula_and_numbers_stay_numbers(copy: Warehouse, tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://x","y")'
    with psycopg.connect(copy.url) as owner:
        owner.execute(
            "insert into ledger.step (run_id, subject, step, outcome, message, seconds)"
            " values (%s, '+1+1', '-cmd', 'skipped', E'\\t@x', -5)",
            (evil,),
        )
    path = tmp_path / "pack.zip"
    assert hearth("evidence", "--season", SEASON, "--out", str(path)).exit_code == 0
    text = zipfile.ZipFile(path).read("tables/ledger.step.csv").decode("utf-8-sig")
    (row,) = [row for row in csv.DictReader(io.StringIO(text)) if row["subject"] == "'+1+1"]
    assert (row["run_id"], row["step"], row["message"], row["seconds"]) == (f"'{evil}", "'-cmd", "'\t@x", "-5")


@given(st.text(), st.text(alphabet=" \u00a0\u3000\t\r\n"), st.sampled_from(["", "=", "+", "-", "@", "＝", "＋", "－", "＠"]))
def test_no_text_begins_like_a_formula(text: str, blanks: str, sign: str) -> None:
    cell = guarded(blanks + sign + text)
    number = cell.lstrip("-+").replace(".", "", 1).replace("e", "", 1).replace("E", "", 1).replace("+", "", 1).replace("-", "", 1)
    assert number.isdigit() or (not (cell[:1] in "\t\r\n" and cell) and not cell.lstrip().startswith(tuple("=+-@＝＋－＠")))


NASTY = ["", " ", "a,b", 'say "x"', "back\\slash", "line\nfeed", "tab\tstop", "(paren)", "\r", "室温", "\\N", None]


def test_rows_are_read_back_as_the_database_wrote_them(warehouse: Warehouse) -> None:
    names = ", ".join(f"c{n} text" for n in range(len(NASTY)))
    with psycopg.connect(warehouse.url) as connection:
        connection.execute(f"create temp table nasty ({names})")
        connection.execute(f"insert into nasty values ({', '.join(['%s'] * len(NASTY))})", NASTY)
        with connection.cursor() as cursor, cursor.copy("copy (select 1, n::text, n.* from nasty n) to stdout") as copied:
            line = b"".join(copied)
    first, record, *fields = copy_fields(line)
    assert first == "1" and fields == NASTY
    assert record_fields(str(record)) == NASTY
