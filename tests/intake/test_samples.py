"""A company's contracts and entities are tested by samples beside them, by the command its own CI runs."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.loading import REPOSITORY

CSV = (
    "器具编号,器具类型,检定日期,修正值(℃),有效期至,检定单位\n"
    "A1,测温仪,2015-09-01,0.1,2016-09-01,所\nA2,测温仪,2015-09-01,77,2016-09-01,所\n"
)
DELIVERED = datetime(2016, 1, 4, tzinfo=UTC).timestamp()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(REPOSITORY / "feeds/calibrations.yml", tmp_path)
    (tmp_path / "samples/calibrations").mkdir(parents=True)
    sample = tmp_path / "samples/calibrations/JD_2016.csv"
    sample.write_bytes(CSV.encode("gb18030"))
    os.utime(sample, (DELIVERED, DELIVERED))
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["contract", "test", *arguments])


def test_what_a_contract_makes_of_a_sample_is_kept_and_a_change_is_shown(folder: Path) -> None:
    assert run().exit_code == 1 and "MISSING  calibrations  JD_2016.csv" in run().output
    assert run("--write").exit_code == 0
    expected = json.loads((folder / "samples/calibrations/JD_2016.csv.expected.json").read_text(encoding="utf-8"))
    assert (expected["rows_accepted"], expected["reasons"]) == (1, {"out_of_range": 1})
    assert expected["rows"][0]["serial_no"] == "A1" and expected["delivered_at"]
    os.utime(folder / "samples/calibrations/JD_2016.csv")  # a checkout gives files times of its own
    assert run().exit_code == 0 and run("calibrations").exit_code == 0

    contract = folder / "calibrations.yml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("serial_no: 器具编号", "serial_no: 检定单位"), encoding="utf-8")
    said = run()
    assert said.exit_code == 1 and "DIFFERS" in said.output and '+   "serial_no": "所"' in said.output
    contract.write_text(text.replace("encoding: gb18030", "encoding: utf-8"), encoding="utf-8")
    assert "not utf-8" in run().output, "a file that is refused is an outcome too"


def test_no_sample_and_no_json_are_told(folder: Path) -> None:
    said = run("weather")
    assert said.exit_code == 1 and "samples/weather; put a file there as the source sends it" in said.output
    (folder / "samples/calibrations/JD_2016.csv.expected.json").write_text("{")
    assert "not JSON" in run().output
