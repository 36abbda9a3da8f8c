"""What its time is over for is deleted by rule, recorded, and accepted by every check; nothing else is."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.dated.dated_rows import seeds_folder
from hearth.keeping.retention import rules_on
from hearth.landing.store import LandingStore
from hearth.sources.delivery import Delivery, SourceUnavailable
from hearth.warehouse.connections import connect
from tests.support.world import PERSON, Warehouse

LATER = datetime.now(UTC) + timedelta(days=8000)
APPLY = ("retention", "apply", "--now", LATER.isoformat(), "--why", "ten years are over")


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_nothing_is_deleted_before_its_time(copy: Warehouse) -> None:
    answer = hearth("retention", "apply", "--why", "b")
    assert answer.exit_code == 0, answer.output
    assert copy.rows("select count(*) from ledger.retention_act") == [(0,)]


def test_deleted_files_are_recorded_and_accepted_by_live_and_offline_checks(copy: Warehouse, tmp_path: Path) -> None:
    from hearth.proof.seal import seal

    landing = Path(copy.variables["HEARTH_LANDING"])
    needed = {
        p
        for (p,) in copy.rows(
            "select stored_as from ledger.landing_file where sha256 in (select file_sha256 from quarantine.row_open)"
        )
    }
    everything = {p for (p,) in copy.rows("select stored_as from ledger.landing_file")}
    answer = hearth(*APPLY)
    assert answer.exit_code == 0, answer.output
    left = {p for p in everything if (landing / p).exists()}
    assert left == needed and needed < everything
    acts = copy.rows("select count(*), min(who), min(why), min(rule) from ledger.retention_act where subject = 'landing_file'")
    assert acts[0][:3] == (len(everything - needed), PERSON, "ten years are over") and "3650 days" in acts[0][3]
    assert hearth("verify").exit_code == 0
    assert seal("test") is not None
    pack = tmp_path / "pack.zip"
    assert hearth("evidence", "--season", "2016-17", "--out", str(pack)).exit_code == 0
    answer = hearth("evidence", "verify", str(pack), "--landing", str(landing))
    assert answer.exit_code == 0 and f"{len(everything - needed)} deleted by a recorded act" in answer.output
    assert hearth(*APPLY).exit_code == 0
    assert copy.rows("select count(*) from ledger.retention_act where subject = 'landing_file'") == [(len(everything - needed),)]


def test_a_file_deleted_without_an_act_is_not_accepted(copy: Warehouse) -> None:
    hearth(*APPLY)
    landing = Path(copy.variables["HEARTH_LANDING"])
    place = copy.rows(
        "select stored_as from ledger.landing_file where sha256 in (select file_sha256 from quarantine.row_open) limit 1"
    )[0][0]
    (landing / place).unlink()
    answer = hearth("verify")
    assert answer.exit_code == 1 and f"landing file {place}: is missing" in answer.output


def test_the_same_content_of_another_feed_has_a_time_of_its_own(copy: Warehouse) -> None:
    landing = Path(copy.variables["HEARTH_LANDING"])
    hearth(*APPLY)
    place, sha256 = copy.rows("select stored_as, sha256 from ledger.retention_act where subject = 'landing_file' limit 1")[0]
    other = f"other/{sha256}.csv"
    (landing / "other").mkdir()
    (landing / other).write_bytes(b"names and telephone numbers")
    with psycopg.connect(copy.url) as owner:
        owner.execute(
            "insert into ledger.landing_file (pull_id, feed, ordinal, source_name, sha256, size_bytes, stored_as)"
            " select pull_id, 'other', 1000, 'other.csv', sha256, 27, %s from ledger.landing_file where stored_as = %s limit 1",
            (other, place),
        )
    (landing / other).rename(landing / "away")
    assert f"landing file {other}: is missing" in hearth("verify").output, "the act of one place excuses no other"
    (landing / "away").rename(landing / other)
    hearth(*APPLY)
    assert not (landing / other).exists()


def test_a_run_that_died_between_act_and_deletion_is_finished(copy: Warehouse) -> None:
    landing = Path(copy.variables["HEARTH_LANDING"])
    place, sha256 = copy.rows("select stored_as, sha256 from ledger.landing_file order by 1 limit 1")[0]
    with connect("engineer") as engineer:
        engineer.execute(
            "insert into ledger.retention_act (subject, sha256, stored_as, rows_deleted, older_than, rule, why)"
            " values ('landing_file', %s, %s, 1, now(), 'rule', 'why')",
            (sha256, place),
        )
    hearth(*APPLY)
    assert not (landing / place).exists()
    assert copy.rows("select count(*) from ledger.retention_act where stored_as = %s", place) == [(1,)]


def test_personal_values_go_by_rule_through_one_who_cannot_read_them(copy: Warehouse) -> None:
    before = copy.rows("select count(*) from restricted.personal_value")[0][0]
    assert before > 100
    with connect("engineer") as engineer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        engineer.execute("select * from restricted.personal_value")
    hearth(*APPLY)
    assert copy.rows("select count(*) from restricted.personal_value") == [(0,)]
    act = copy.rows("select rows_deleted, who, why from ledger.retention_act where subject = 'personal_value'")
    assert act == [(before, PERSON, "ten years are over")]
    with connect("auditor") as auditor, pytest.raises(psycopg.errors.InsufficientPrivilege):
        auditor.execute("select restricted.forget_personal(now(), 'r', 'y')")


def test_the_rules_are_dated_rows(tmp_path: Path) -> None:
    shutil.copytree(seeds_folder(), tmp_path / "seeds")
    path = tmp_path / "seeds" / "retention_rule.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    rows[0]["valid_to"] = "2016-12-31"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows([*rows, {**rows[0], "value": "30", "valid_from": "2017-01-01", "valid_to": ""}])
    days = [
        [r.keep_days for r in rules_on(datetime(y, 6, 1, tzinfo=UTC).date(), tmp_path / "seeds") if r.subject == "landing_file"]
        for y in (2016, 2017)
    ]
    assert days == [[3650], [30]]


@pytest.mark.fault("F64")
def test_files_of_a_pull_that_failed_half_way_are_found_and_swept(copy: Warehouse) -> None:
    """The second page never comes: the first one is landed, and no pull names it."""
    landing = Path(copy.variables["HEARTH_LANDING"])

    def pages() -> Iterator[Delivery]:
        yield Delivery("page 1", [b'{"name": "somebody"}'], "json")
        raise SourceUnavailable("the source went away")

    def land() -> None:
        for delivery in pages():
            LandingStore().store("weather", delivery.chunks, ".json")

    with pytest.raises(SourceUnavailable):
        land()
    (stray,) = [path for path in landing.rglob("*.json") if path.read_bytes() == b'{"name": "somebody"}']
    assert "but for 1 of pulls that failed or run" in hearth("verify").output
    assert hearth("retention", "apply", "--why", "swept").exit_code == 0
    assert stray.exists(), "a pull may still be at it"
    os.utime(stray, (0, 0))
    assert "is named by no pull" in hearth("verify").output
    assert hearth("retention", "apply", "--why", "swept").exit_code == 0
    assert not stray.exists() and hearth("verify").exit_code == 0
    swept = copy.rows("select subject, stored_as, who, why from ledger.retention_act")
    assert swept == [("stray_file", str(stray.relative_to(landing)), PERSON, "swept")]
