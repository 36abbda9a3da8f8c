"""A table with a line for each measure, loaded for real: whole rows, and what fits in none waits at its own line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearth.contracts.loading import find_contract
from hearth.quarantine.replay import replay
from tests.support.cases import END, START, Case
from tests.support.world import Warehouse, World

CONTRACT = """
feed: {feed}
title: Heat meters, a line for each measure
title_zh: 热量表
entity: heat_meter_reading
owner: {{team: metering}}
source: {{kind: sftp, connection: hearth_files, folder: /cases/{folder}, pattern: "*"}}
schedule: {{season: "0 0 * * *"}}
format: {{kind: csv, delimiter: ";"}}
time_zone: Asia/Shanghai
arrival: file
measures: {{name: tag, value: value, columns: [E1, V1, TF], ignore: [{ignored}]}}
columns:
  meter_id: meter
  building_id: meter
  read_at: time
  heat_counter_gj: {{from: E1, unit: kWh}}
  volume_counter_m3: {{from: V1, unit: m3}}
  supply_degc: {{from: TF, unit: degC}}
"""
LINES = "meter;time;tag;value\n" + "".join(
    f"{meter};2016-01-12 {hour:02d}:00:00;{tag};{value}\n"
    for tag, value in (("E1", 100), ("V1", 7), ("TF", 45.5))
    for meter in ("M1", "M2")
    for hour in range(20)
)


@pytest.fixture(scope="module")
def loaded(world: World) -> Iterator[Warehouse]:
    with world.warehouse("lines_of_a_measure") as warehouse:
        yield warehouse


@pytest.fixture
def case(world: World, loaded: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    made = Case(world, tmp_path, "lines_of_a_measure")
    say(made, "")
    yield made
    shutil.rmtree(made.files)


def say(case: Case, ignored: str) -> None:
    text = CONTRACT.format(feed=case.name, folder=case.files.name, ignored=ignored)
    (case.contracts / f"{case.name}.yml").write_text(text, encoding="utf-8")


def test_lines_become_rows_and_what_fits_in_none_waits(loaded: Warehouse, case: Case) -> None:
    case.deliver("meters.csv", LINES + "M1;2016-01-12 00:00:00;E1;999\nM2;2016-01-12 05:00:00;P9;1\n")
    counts = loaded.load(case.name, START, END)
    assert counts == {"rows_read": 42, "rows_loaded": 40, "rows_quarantined": 2, "rows_duplicate": 0}
    rows = {(row["meter_id"], row["read_at"].hour): row for row in loaded.accepted("heat_meter_reading", case.name)}
    whole = rows["M2", min(hour for meter, hour in rows if meter == "M2")]
    assert (whole["heat_counter_gj"], whole["volume_counter_m3"], whole["supply_degc"]) == (pytest.approx(0.36), 7, 45.5)
    assert sorted(row["position"] for row in rows.values()) == [n + 1 for n in range(40)], "a row stands at the first of its lines"
    doubled = [row for row in rows.values() if row["heat_counter_gj"] is None]
    assert [row["left_out"] for row in doubled] == ["heat_counter_gj:conflicting_duplicate"]
    waiting = (
        "select first_reason, position, record ->> 'tag', record ->> 'value' from quarantine.row_open where feed = %s order by 2"
    )
    assert loaded.rows(waiting, case.name) == [("conflicting_duplicate", 121, "E1", "999"), ("unknown_code", 122, "P9", "1")]
    say(case, "P9")
    (done,) = replay(find_contract(case.name), "test", "P9 is a pressure nobody needs")
    assert done["rows_loaded"] == 0 and loaded.rows(waiting, case.name)[1][0] == "unknown_code", "only a person waives it"
    assert len(loaded.accepted("heat_meter_reading", case.name)) == 40
