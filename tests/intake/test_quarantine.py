"""The quarantine as a workplace, by the commands themselves: look, try a corrected contract, waive, replay; every act stays."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.quarantine import desk
from hearth.warehouse.acting import logged_in
from tests.support.cases import END, HEADER, START, Case, line, points
from tests.support.world import PERSON, Warehouse, World

GOOD, OTHER_FORMAT = 40, 3


@pytest.fixture(scope="module")
def desk_warehouse(world: World) -> Iterator[Warehouse]:
    with world.warehouse("quarantine_desk") as warehouse:
        warehouse.load("register_points")
        yield warehouse


@pytest.fixture
def case(world: World, desk_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request) -> Iterator[Case]:
    """A file with good rows, three times written another way, an impossible temperature and a formula for a value."""
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    made = Case(world, tmp_path, "desk_" + str(abs(hash(request.node.name)) % 10**6))
    point = points(desk_warehouse, 1)[0]
    other = [line(point, 50 + n).replace("2016/01/12", "2016-01-12") for n in range(OTHER_FORMAT)]
    bad = [line(point, 55, "99"), line("=cmd|' /C calc'!A0", 56)]
    made.deliver("round.csv", "\n".join([HEADER, *(line(point, m) for m in range(GOOD)), *other, *bad]))
    counts = desk_warehouse.load(made.name, START, END)
    assert counts == {"rows_read": GOOD + 5, "rows_loaded": GOOD, "rows_quarantined": 5, "rows_duplicate": 0}
    yield made
    shutil.rmtree(made.files)


def run(*arguments: str, code: int = 0) -> str:
    answer = CliRunner().invoke(main, ["quarantine", *arguments])
    assert answer.exit_code == code, answer.output
    return answer.output


def corrected(case: Case, folder: Path) -> Path:
    """The contract with the other way of writing times, in a folder of its own."""
    folder.mkdir()
    path = folder / f"{case.name}.yml"
    text = (case.contracts / f"{case.name}.yml").read_text(encoding="utf-8")
    path.write_text(text.replace('"%Y/%m/%d %H:%M"', '"%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M"'), encoding="utf-8")
    return path


def row_of(case: Case, reason: str) -> str:
    return str(desk.listed(case.name, reason, "open", 1)[0][desk.LISTED.index("row")])


def state(case: Case) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in desk.listed(case.name, None, "all", None):
        name = f"{row[1]} {row[3]}"
        found[name] = found.get(name, 0) + 1
    return found


def test_a_row_is_shown_with_reasons_place_and_the_line_of_the_contract(case: Case) -> None:
    text = run("list", "--feed", case.name, "--rows", "9")
    assert "unreadable_time" in text and "时间无法识别" in text and "'round.csv' record 41.0" in text
    shown = run("show", case.name, row_of(case, "unreadable_time"))
    for words in ("open", "'round.csv'", "2016-01-12 18:5", "time cannot be read", "nobody has acted"):
        assert words in shown
    assert "no rejected row" in run("show", case.name, "abcdef12:1", code=1)
    assert "does not name a row" in run("show", case.name, "'; drop table", code=1)
    correct = run("correct", case.name, "--reason", "unreadable_time")
    number = next(
        n for n, text in enumerate((case.contracts / f"{case.name}.yml").read_text(encoding="utf-8").splitlines(), 1)
        if text.strip().startswith("read_at:")
    )  # fmt: skip
    assert f"{case.name}.yml:{number}: read_at:" in correct
    assert "temperature_degc:" in run("correct", case.name, "--reason", "out_of_range")
    assert "point_id:" in run("correct", case.name, "--reason", "unknown_point")


def test_a_corrected_contract_is_tried_without_writing_then_replayed_once(
    desk_warehouse: Warehouse, case: Case, tmp_path: Path
) -> None:
    ledger = "select (select count(*) from ledger.batch), (select count(*) from quarantine.act), (select count(*) from ledger.step)"
    before, file = desk_warehouse.rows(ledger), corrected(case, tmp_path / "copy")
    assert "5 open rows tried, 0 would pass now" in run(
        "correct", case.name, "--contract", str(case.contracts / f"{case.name}.yml")
    )
    tried = run("correct", case.name, "--contract", str(file))
    assert (
        "5 open rows tried, 3 would pass now, 2 would not" in tried
        and "out_of_range: 1" in tried
        and "Nothing was written" in tried
    )
    assert desk_warehouse.rows(ledger) == before
    shutil.copy(file, case.contracts / file.name)
    replayed = run("replay", case.name, "--why", "the branch writes dates with dashes now")
    assert "5 read, 3 loaded, 2 still refused" in replayed
    assert len(desk_warehouse.accepted("room_reading", case.name)) == GOOD + 3
    after = len(desk_warehouse.accepted("room_reading")), state(case)
    run("replay", case.name, "--why", "once more")
    assert (len(desk_warehouse.accepted("room_reading")), state(case)) == after
    assert state(case)["unreadable_time replayed"] == 3


def test_a_waiver_says_who_why_and_until_when_and_ends(desk_warehouse: Warehouse, case: Case) -> None:
    until = date.today() + timedelta(days=30)
    row = row_of(case, "out_of_range")
    waive = ("waive", case.name, "--why", "the sensor was replaced")
    assert "name the rows" in run(*waive, code=1)
    assert "is over" in run(*waive, "--reason", "out_of_range", "--until", "2016-01-01", code=1)
    assert "1 rows waived" in run(*waive, "--reason", "out_of_range", "--until", str(until))
    assert "0 rows waived" in run(*waive, "--row", row), "a waived row is not waived twice"
    shown = run("show", case.name, row)
    assert f"waived by {PERSON}: the sensor was replaced until {until}" in shown and ": waived" in shown
    steps = desk_warehouse.rows(
        "select facts ->> 'who', facts ->> 'why', facts ->> 'rows' from ledger.step where subject = %s and step = 'waive'"
        " and outcome = 'succeeded' order by step_id limit 1",
        case.name,
    )
    assert steps == [(PERSON, "the sensor was replaced", "1")]
    assert state(case)["out_of_range waived"] == 1
    desk_warehouse.load(case.name, START, END, run_id="again")
    assert state(case)["out_of_range waived"] == 1, "a waiver survives pulling the interval again"


@pytest.mark.fault("F32")
def test_what_came_from_outside_is_no_formula_in_an_export(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    assert "5 rows" in run("list", "--feed", case.name, "--csv", str(target))
    with target.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]


def test_the_form_does_the_same_acts(desk_warehouse: Warehouse, case: Case) -> None:
    """What the DAG `quarantine` calls with the fields of its form."""
    common = ("form-run", logged_in(SimpleNamespace(triggering_user_name="li.wei")), "seen on site")
    assert desk.act(case.name, "try", *common, None, None)["tried"] == 5
    assert desk.act(case.name, "waive", *common, "out_of_range", None) == {"waived": 1}
    assert desk.act(case.name, "replay", *common, "unknown_point", None)["rows_loaded"] == 0
    with pytest.raises(ValueError, match="expected waive, replay or try"):
        desk.act(case.name, "delete", *common, None, None)
    acts = desk_warehouse.rows("select act, who, login, acting_for, why from quarantine.act where feed = %s", case.name)
    assert acts == [("waived", "li.wei", "hearth_desk", "li.wei", "seen on site")]
    ordered = desk_warehouse.rows("select who, login, acting_for, reason from ledger.replay_order where feed = %s", case.name)
    assert ordered == [("li.wei", "hearth_desk", "li.wei", "unknown_point")]
