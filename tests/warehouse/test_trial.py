"""A limit tried on a copy of a small installation: what differs is what the limit changes, and nothing of the installation does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.loading import REPOSITORY
from hearth.lake.files import Lake
from hearth.landing.store import LandingStore
from local.postgres import Server
from tests.support.whole import files_of, text_of
from tests.support.world import PERSON, Warehouse


@pytest.fixture(autouse=True)
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trials are made; on the disk of the installation's files, as links want it."""
    folder = tmp_path / "trials"
    monkeypatch.setenv("HEARTH_TRIALS", str(folder))
    return folder


@pytest.fixture
def unchanged(installed: Warehouse) -> Iterator[Warehouse]:
    """The installation, of which nothing may be another at the end: not a byte, not the time of a file, not a right."""

    def everything() -> tuple[Any, ...]:
        written = [list(store.everything()) for store in (LandingStore(), Lake())]
        return text_of(installed.url), files_of(LandingStore()), files_of(Lake()), written

    before = everything()
    yield installed
    left = databases(installed)
    for name in left:
        hearth("end", name.removeprefix("installed_trial_"))
    assert (left, everything()) == ([], before)


def hearth(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trial", *arguments])


def done(*arguments: str) -> str:
    told = hearth(*arguments)
    assert told.exit_code == 0, (told.output, told.exception)
    return told.output


def at_work(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")}
    command = [sys.executable, "-m", "hearth.cli", "trial", *arguments]
    return subprocess.Popen(command, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def databases(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in warehouse.rows("select datname from pg_database where datname like 'installed\\_trial\\_%'")]


def test_a_copy_is_equal_and_its_files_are_the_same_ones(unchanged: Warehouse, trials: Path) -> None:
    done("begin", "same")
    assert databases(unchanged) == ["installed_trial_same"]
    for name, store in (("landing", LandingStore()), ("lake", Lake())):
        copy = {path.relative_to(trials / "same" / name).as_posix(): path for path in (trials / "same" / name).rglob("*.*")}
        assert copy.keys() == set(store.settled()) and copy
        assert all(path.samefile(Path(store.root.path) / place) for place, path in copy.items())
    assert (trials / "same" / "trial.env").stat().st_mode & 0o077 == 0
    assert "no mart and no count of rows differs" in done("compare", "same")
    assert PERSON in done("list")
    assert "there is a trial same already" in hearth("begin", "same").output
    done("end", "same")
    assert databases(unchanged) == [] and list(trials.iterdir()) == []
    assert done("list") == ""


def test_what_differs_is_told_row_by_row(unchanged: Warehouse) -> None:
    done("begin", "other")
    url = unchanged.url.replace("/installed", "/installed_trial_other")
    with psycopg.connect(url) as trial:
        limits = trial.execute("select count(*) from before.service_limit").fetchone()
        trial.execute("set role hearth_publisher")
        seasons = dict(trial.execute("select season, count(*)::int from marts.season_kpi group by season order by 1").fetchall())
        season = max(seasons)
        trial.execute("update marts.season_kpi set value = value + 1 where season = %s", (season,))
        gone = trial.execute("delete from marts.org_unit where unit_kind = 'station'").rowcount
        trial.execute("create table marts.of_its_own as select 1 as number")
        trial.execute("drop table marts.service_limit")
    found = json.loads(done("compare", "other", "--json"))
    assert limits is not None
    assert found["marts"] == {
        "of_its_own": [{"season": None, "added": 1, "gone": 0, "changed": 0}],
        "org_unit": [{"season": None, "added": 0, "gone": gone, "changed": 0}],
        "season_kpi": [{"season": season, "added": 0, "gone": 0, "changed": found["marts"]["season_kpi"][0]["changed"]}],
        "service_limit": [{"season": None, "added": 0, "gone": limits[0], "changed": 0}],
    }
    told = sum(row["changed_values"] for row in found["kpis"]["changed"])
    assert 0 < told == found["marts"]["season_kpi"][0]["changed"] <= seasons[season]
    assert found["intake"] == [] and found["published_since"] is False
    done("end", "other")


def test_personal_data_are_as_closed_in_a_copy(unchanged: Warehouse) -> None:
    done("begin", "closed")
    url = unchanged.variables["HEARTH_WAREHOUSE_URL_ENGINEER"].replace("/installed", "/installed_trial_closed")
    with psycopg.connect(url) as engineer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        engineer.execute("select from restricted.personal_value")
    with psycopg.connect(unchanged.administrator, autocommit=True) as administrator:
        administrator.execute("create role stranger login password 'stranger'")
    try:
        _, _, place = url.rpartition("@")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(f"postgresql://stranger:stranger@{place}")  # pragma: allowlist secret
    finally:
        with psycopg.connect(unchanged.administrator, autocommit=True) as administrator:
            administrator.execute("drop role stranger")
    done("end", "closed")


def test_what_comes_again_in_either_is_written_beside_the_other(unchanged: Warehouse, trials: Path) -> None:
    done("begin", "apart")
    theirs = LandingStore(str(trials / "apart" / "landing"))
    name = next(name for name in theirs.settled() if "/pulls/" not in name)
    feed, _, file = name.split("/")
    content = (theirs.root / name).read_bytes()
    assert theirs.store(feed, [content], file[64:])[1] == name
    manifest = next(name for name in theirs.settled() if "/pulls/" in name)
    theirs.write(manifest, {"changed": True})
    for changed in (name, manifest):
        assert not Path((theirs.root / changed).path).samefile(Path(LandingStore().root.path) / changed)
    done("end", "apart")


def test_a_begin_that_is_killed_leaves_what_end_clears(unchanged: Warehouse, trials: Path) -> None:
    for name, there in (("early", trials / "early"), ("late", trials / "late" / "lake")):
        process = at_work("begin", name)
        deadline = time.monotonic() + 120
        while not there.exists():
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert "not whole" in done("list")
        assert "did not become whole" in hearth("run", name, "--", "feeds").output
        assert "did not become whole" in hearth("compare", name).output
        done("end", name)
        assert databases(unchanged) == [] and list(trials.iterdir()) == []


def test_what_is_no_trial_is_refused(unchanged: Warehouse, trials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("installed", "../landing", "No", "x" * 31):
        assert hearth("end", name).exit_code == 1
    assert "there is no trial nothing; there are: none" in hearth("end", "nothing").output
    assert "logins are the server's" in hearth("run", "any", "--", "people", "list").output
    monkeypatch.setenv("HEARTH_TRIAL", "any")
    assert "this environment is that of the trial any" in hearth("begin", "inner").output


def test_a_database_that_only_has_the_name_of_one_is_left_alone(unchanged: Warehouse, postgres: Server, trials: Path) -> None:
    postgres.create_database("installed_trial_theirs")
    assert hearth("list").output == ""
    assert "there is no trial theirs" in hearth("end", "theirs").output
    assert "that is no trial; take another name" in hearth("begin", "theirs").output
    assert databases(unchanged) == ["installed_trial_theirs"] and not (trials / "theirs").exists()
    postgres.drop_database("installed_trial_theirs")


def test_what_is_decided_in_a_trial_is_in_its_ledger_alone(unchanged: Warehouse) -> None:
    done("begin", "decided")
    ((feed, reason),) = unchanged.rows("select feed, first_reason from quarantine.row_open order by 1, 2 limit 1")
    told, _ = at_work("run", "decided", "--", "quarantine", "waive", feed, f"--reason={reason}", "--why=tried").communicate()
    assert "rows waived: tried" in told
    with psycopg.connect(unchanged.url.replace("/installed", "/installed_trial_decided")) as trial:
        assert trial.execute("select distinct who from quarantine.act where why = 'tried'").fetchall() == [(PERSON,)]
    done("end", "decided")


def test_an_owner_who_may_make_no_database_is_told_what_to_ask_for(unchanged: Warehouse, trials: Path) -> None:
    with psycopg.connect(unchanged.administrator, autocommit=True) as administrator:
        administrator.execute("alter role hearth_owner nocreatedb")
        try:
            assert "alter role hearth_owner createdb" in hearth("begin", "never").output
        finally:
            administrator.execute("alter role hearth_owner createdb")
    done("end", "never")
    assert list(trials.iterdir()) == []


@pytest.mark.servers
def test_a_changed_limit_is_tried_compared_and_thrown_away(unchanged: Warehouse, trials: Path) -> None:
    limit = 23
    warmer = Counter(row["feed"] for row in unchanged.accepted("room_reading") if row["temperature_degc"] > limit)
    assert sum(warmer.values()) > 1
    done("begin", "warmer")
    seeds = trials / "warmer" / "seeds" / "validation_limit.csv"
    text = seeds.read_text(encoding="utf-8")
    assert text.count("room_max_degc,room_reading,40,") == 1
    seeds.write_text(text.replace("room_max_degc,room_reading,40,", f"room_max_degc,room_reading,{limit},"), encoding="utf-8")
    rooms = sorted({row["feed"] for row in unchanged.accepted("room_reading")})
    built = at_work("build", "warmer", *(f"--feed={feed}" for feed in rooms))  # contracts of others changed since it was made
    output, _ = built.communicate()
    assert built.returncode == 0 and "published in the trial" in output, output[-3000:]
    found = json.loads(done("compare", "warmer", "--json"))
    refused = {row["feed"]: row["now"] - row["before"] for row in found["intake"] if row["reason"] == "out_of_range"}
    stand = {row["feed"]: row["before"] - row["now"] for row in found["intake"] if row["reason"] is None}
    assert refused == stand == dict(warmer)
    assert {row["kpi"] for row in found["kpis"]["changed"]} <= {"room_compliance_percent"}
    assert "room_compliance" in found["marts"] and not {"complaint_rate", "renewal_progress", "org_unit"} & found["marts"].keys()
    done("end", "warmer")
