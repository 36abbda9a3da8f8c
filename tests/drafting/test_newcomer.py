"""Somebody new drafts and mends a contract by docs/how-to/add-a-feed.md alone: it shows what is so, and says all there is to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.loading import REPOSITORY, load_contract
from hearth.intake.dry_run import try_sample
from hearth.intake.trial_text import trial_text
from tests.support.vendor import CONTRACT, SPRING, deliver, spring_night

HOW_TO = [REPOSITORY / "docs" / "how-to" / name for name in ("add-a-feed.md", "add-a-feed.zh-CN.md")]


def hearth(*words: object) -> Result:
    return CliRunner().invoke(main, ["contract", *map(str, words)])


@pytest.fixture(autouse=True)
def without_a_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_WAREHOUSE_URL_LOADER", raising=False)


@pytest.mark.parametrize("how_to", HOW_TO, ids=lambda path: path.name)
def test_the_draft_and_the_trial_in_the_docs_are_what_the_commands_say(how_to: Path, tmp_path: Path) -> None:
    text = how_to.read_text(encoding="utf-8")
    deliver(tmp_path, "rooms_20150308.csv", spring_night(), SPRING)
    sample, output = tmp_path / "rooms_20150308.csv", tmp_path / "vendor_rooms.yml"
    said = hearth("draft", sample, "--entity", "room_reading", "--zone", "America/New_York", "--output", output).output
    assert said.replace(str(tmp_path), "feeds") in text
    drafted = output.read_text(encoding="utf-8")
    assert f"```yaml\n{drafted[drafted.index('format:') :]}```" in text
    trial = trial_text(load_contract(CONTRACT), sample.name, try_sample(load_contract(CONTRACT), sample, 5)).splitlines()
    for line in trial:
        begun = line.split('"Battery')[0].split(", windows_closed")[0]
        assert begun in text, "the trial in the docs is another"


def test_every_remark_of_a_draft_is_answered_in_the_docs() -> None:
    """The table names each remark by its words, as the drafts have them."""
    rooms = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "plugins" / "hearth" / "drafting").glob("*.py"))
    for how_to in HOW_TO:
        named = re.findall(r"^\| `([a-z][^`]+)`[^|]* \| ", how_to.read_text(encoding="utf-8").split("## 3.")[0], re.M)
        assert len(named) == 11
        assert [words for words in named if words not in rooms] == []


def test_chinese_headers_days_before_months_and_a_code_for_no_value(tmp_path: Path) -> None:
    """The sample another company would send. By the table: the code that came once more than the draft can know, the unknown word
    for nothing, the register, and the column the draft left out."""
    header = "设备编码,采集时间,室内温度,电池电压(mV),位置,备用电话"
    rows = [f"SB-{n % 3},{1 + n // 24:02d}/11/2015 {n % 24:02d}:00,{18 + n % 7}.5,3600,客厅,13912345678" for n in range(60)]
    rows += [
        f"SB-1,13/11/2015 {n:02d}:00,{value},3600,客厅,13912345678"
        for n, value in enumerate(["-9999", "-77.7", "掉线", "掉线", "20.0"])
    ]
    sample, output = tmp_path / "室温.csv", tmp_path / "shiwen.yml"
    sample.write_bytes("\n".join([header, *rows, ""]).encode("gb18030"))
    assert hearth("draft", sample, "--entity", "room_reading", "--output", output).exit_code == 0
    draft = output.read_text(encoding="utf-8")
    assert "13912345678" not in draft
    told = hearth("check", output)
    assert told.exit_code == 1
    assert re.findall(r"columns\.(\w+): still open", told.output) == ["point_id"]
    mended = (
        draft.replace('"OPEN the source column, or a constant"', "设备编码")
        .replace("error_codes: [-9999]", 'error_codes: [-9999, -77.7], empty: ["", "NULL", "null", 掉线]')
        .replace("ignore: [设备编码, ", "ignore: [")
    )
    output.write_text(mended, encoding="utf-8")
    assert hearth("check", output).output == "1 contract(s) are well-formed\n"
    trial = try_sample(load_contract(output), sample, 5, accepted=100, arrived_at=datetime(2015, 11, 14, tzinfo=UTC))
    assert (trial.rows_read, trial.rows_accepted) == (65, 61)
    assert trial.reasons == {"error_code": 2, "missing_value": 2}
    first, last = trial.rows[0], trial.rows[-1]
    assert (first["point_id"], first["read_at"], first["temperature_degc"]) == ("SB-0", "2015-10-31T16:00:00Z", 18.5)
    assert (last["read_at"], last["temperature_degc"], last["battery_v"]) == ("2015-11-12T20:00:00Z", 20.0, 3.6)
    assert {row["place_in_room"] for row in trial.rows} == {"客厅"}
