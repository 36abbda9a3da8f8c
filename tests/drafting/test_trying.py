"""`hearth contract try`: the first accepted rows as they would be loaded, in words and as JSON; archives with their delivery."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.entities import ENTITIES
from hearth.contracts.loading import REPOSITORY
from tests.support import extremes
from tests.support.vendor import AUTUMN, CONTRACT, autumn_night, deliver, line


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HEARTH_WAREHOUSE_URL_LOADER", raising=False)
    deliver(tmp_path, "sample.csv", [*autumn_night(), line("S1", "11/02/2014 03:00 AM", "-999")], AUTUMN)
    return tmp_path / "sample.csv"


def tried(sample: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["contract", "try", str(CONTRACT), str(sample), *more])


def test_accepted_rows_are_shown_in_canonical_columns_units_and_utc(sample: Path) -> None:
    shown = tried(sample).output
    assert "15 rows, 14 accepted, 1 rejected" in shown
    first = {parts[0]: parts[1] for parts in (row.split() for row in shown.splitlines()) if len(parts) > 3}
    assert (first["read_at"], first["temperature_degc"], first["battery_v"]) == ("2014-11-02T04:30:00Z", "17.77777778", "3.6")
    assert "'Temp F' in degF" in shown and "not mapped, empty in every row: is_replay" in shown
    assert "record 15: error_code" in shown


def test_json_for_scripts_is_all_that_stands_in_the_output(sample: Path) -> None:
    command = [sys.executable, "-m", "hearth.cli", "contract", "try", str(CONTRACT), str(sample), "--json", "--rows", "1"]
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings)
    found = json.loads(answer.stdout)
    assert list(found) == ["rows_read", "rows_accepted", "rows_rejected", "reasons", "rows"]
    assert (found["rows_read"], found["rows_accepted"], found["rows_rejected"], found["reasons"]) == (15, 14, 1, {"error_code": 1})
    (row,) = found["rows"]
    assert (row["point_id"], row["read_at"], row["arrived_at"]) == ("S1", "2014-11-02T04:30:00Z", "2014-11-03T06:00:00Z")
    assert row["temperature_degc"] == pytest.approx(160 / 9) and row["height_m"] is None


def test_personal_data_are_masked_in_accepted_and_rejected_rows(tmp_path: Path) -> None:
    contract = tmp_path / "visits.yml"
    contract.write_text(
        CONTRACT.read_text(encoding="utf-8")
        .replace("feed: vendor_rooms", "feed: visits")
        .replace("  battery_v:", "  staff: Firmware\n  place_in_room: Flat\n  battery_v:")
        .replace("ignore: [Firmware]\n", ""),
        encoding="utf-8",
    )
    rows = [line("S1", "11/02/2014 12:30 AM", t).replace("1.7", "王小明").replace("A1", "13912345678") for t in ("68", "warm")]
    deliver(tmp_path, "sample.csv", rows, AUTUMN)
    for more in ((), ("--json",)):
        shown = CliRunner().invoke(main, ["contract", "try", str(contract), str(tmp_path / "sample.csv"), *more]).output
        assert "staff_hash" in shown and "[phone:" in shown
        assert "王小明" not in shown and "13912345678" not in shown
        assert bool(more) or "'Firmware'; no load has these hashes" in shown


def test_an_archive_is_tried_as_of_its_own_delivery(sample: Path) -> None:
    late = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(sample, (late, late))
    now = tried(sample).output
    assert "time_too_old: 14" in now and "say when it was delivered" in now
    then = tried(sample, "--arrived", "2014-11-03")
    assert "15 rows, 14 accepted, 1 rejected" in then.output and "taken as delivered at 2014-11-03T05:00:00Z" in then.output
    assert "expected a time such as 2015-05-01" in tried(sample, "--arrived", "yesterday").output


def test_of_a_sample_refused_whole_only_what_is_shown_is_masked(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masking a row costs more than reading and judging it: an archive of 376,728 rows took twice as long."""
    from hearth.intake import dry_run

    masked: list[int] = []
    real = dry_run.masked_records

    def counted(contract: object, rows: object, which: object, pseudonyms: object) -> list[str]:
        masked.append(len(which))  # type: ignore[arg-type]
        return real(contract, rows, which, pseudonyms)  # type: ignore[arg-type]

    monkeypatch.setattr(dry_run, "masked_records", counted)
    deliver(sample.parent, "sample.csv", [line("S1", "11/02/2014 03:00 AM", "-999")] * 4000, AUTUMN)
    assert "4000 rows, 0 accepted, 4000 rejected" in tried(sample, "--show", "2").output
    assert sum(masked) == 2


def test_what_would_be_left_out_of_accepted_rows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_WAREHOUSE_URL_LOADER", raising=False)
    wide = extremes.contract(ENTITIES["station_reading"], "wide") | {"format": {"kind": "csv"}, "arrival": "arrived"}
    wide["columns"] = {name: wide["columns"][name] for name in ("system_id", "read_at", "heat_kw", "flow_m3_h")}
    wide["columns"]["flow_m3_h"] = {"from": "flow_m3_h", "unit": "m3/h", "error_codes": [-9999]}
    (tmp_path / "wide.yml").write_text(
        json.dumps(wide | {"source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"}})
    )
    at = "2016-12-01T08:00:00+08:00"
    (tmp_path / "sample.csv").write_text(f"system_id,read_at,heat_kw,flow_m3_h,arrived\nA,{at},1,-9999,{at}\nB,{at},1,2,{at}\n")
    command = [main, ["contract", "try", str(tmp_path / "wide.yml"), str(tmp_path / "sample.csv")]]
    assert "left out of accepted rows: flow_m3_h: error_code: 1" in CliRunner().invoke(*command).output
    command[1].append("--json")
    found = json.loads(CliRunner().invoke(*command).stdout)
    assert found["rows_accepted"] == 2 and found["rows"][0]["flow_m3_h"] is None
    assert found["left_out"] == [{"column": "flow_m3_h", "reason": "error_code", "number": 1}]


def test_a_refused_row_names_the_columns_it_is_refused_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_WAREHOUSE_URL_LOADER", raising=False)
    header = "Sensor;Flat;House;District;Local time;Temp F;Battery mV;Firmware\n"
    sample = tmp_path / "rooms.csv"
    sample.write_text(
        header + ";A1;HOUSE-1;N;03/08/2015 02:30 AM;68;3600;1\nS1;;HOUSE-1;N;03/08/2015 01:30 AM;-999;x;1\n"
        "S1;A1;HOUSE-1;N;03/08/2015 01:30 AM;150;99999999;1\n",
        encoding="utf-8-sig",
    )
    told = tried(sample, "--arrived", "2015-03-09").output
    for reasons in (
        "record 1: missing_key of point_id, unreadable_time of read_at: {",
        "record 2: unreadable_value of battery_v, missing_value of household_id, error_code of temperature_degc: {",
        "record 3: out_of_range of temperature_degc and battery_v: {",
    ):
        assert reasons in told, told
