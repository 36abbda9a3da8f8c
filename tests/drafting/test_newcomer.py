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
from tests.support.drafts import answered
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
        assert len(named) == 14
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
    open_ = ["owner.team", "source.connection", "source.folder", "columns.point_id"]
    assert re.findall(r":\d+: ([\w.]+): still open", told.output) == open_, "what nobody can guess stops the check"
    mended = (
        answered(draft)
        .replace('"OPEN the source column, or a constant"', "设备编码")
        .replace("error_codes: [-9999]", 'error_codes: [-9999, -77.7], empty: ["", "NULL", "null", 掉线]')
        .replace("ignore: [设备编码, ", "ignore: [")
    )
    output.write_text(mended, encoding="utf-8")
    remarks = len(re.findall(r"^ *# (?:guess|open): ", mended, re.M))
    left = hearth("check", output)
    assert left.exit_code == 0 and f"well-formed; {remarks} remark(s) of a draft are still unanswered:\n" in left.output
    assert f"{output}:6: open: a title for people" in left.output
    output.write_text(re.sub(r"^ *#.*\n", "", mended, flags=re.M), encoding="utf-8")
    assert hearth("check", output).output == "1 contract(s) are well-formed\n"
    trial = try_sample(load_contract(output), sample, 5, accepted=100, arrived_at=datetime(2015, 11, 14, tzinfo=UTC))
    assert (trial.rows_read, trial.rows_accepted) == (65, 61)
    assert trial.reasons == {"error_code": 2, "missing_value": 2}
    first, last = trial.rows[0], trial.rows[-1]
    assert (first["point_id"], first["read_at"], first["temperature_degc"]) == ("SB-0", "2015-10-31T16:00:00Z", 18.5)
    assert (last["read_at"], last["temperature_degc"], last["battery_v"]) == ("2015-11-12T20:00:00Z", 20.0, 3.6)
    assert {row["place_in_room"] for row in trial.rows} == {"客厅"}


def visits(folder: Path, header: str, *rows: str) -> tuple[Path, Path]:
    """(a sample, its contract drafted and answered)."""
    sample, output = folder / "sample.csv", folder / "visits.yml"
    sample.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    output.unlink(missing_ok=True)
    assert hearth("draft", sample, "--entity", "room_reading", "--zone", "Asia/Shanghai", "--output", output).exit_code == 0
    output.write_text(answered(output.read_text(encoding="utf-8")), encoding="utf-8")
    return sample, output


def test_numbers_that_are_unique_only_within_a_place_are_asked_about(tmp_path: Path) -> None:
    """By a column called like a place at the first such number; by any other column of words when most numbers do so."""
    rows = [f"{n % 4},0{1 + n // 4}号院,2015-11-{1 + n:02d} 10:00,20.5,{'检修' if n == 3 else ''},{20 + n % 2}" for n in range(12)]
    sample, output = visits(tmp_path, "测点编号,小区,测温时间,室温(℃),情况,信号", *rows)
    question = "4 of 4 values of point_id stand under 2 or more values of '小区' (3 under 3): if a number is unique only within it"
    draft = " ".join(output.read_text(encoding="utf-8").replace("#  ", "").split())
    assert question in draft and draft.count("stand under") == 1, "neither a remark nor a measure is a place"
    tried = hearth("try", output, sample, "--arrived", "2015-11-20").output
    assert f"look: {question}" in tried and tried.count("stand under") == 1
    sample, output = visits(tmp_path, "测点编号,分组,测温时间,室温(℃)", *(row.rsplit(",", 2)[0] for row in rows))
    assert "stand under 2 or more values of '分组'" in output.read_text(encoding="utf-8")
    alone = [f"{n % 4},0{1 + n % 2}号院,2015-11-{1 + n:02d} 10:00,20.5" for n in range(12)]
    sample, output = visits(tmp_path, "测点编号,小区,测温时间,室温(℃)", *alone)
    assert "stand under" not in output.read_text(encoding="utf-8") + hearth("try", output, sample).output


def test_days_alone_an_old_archive_and_a_batch_the_gate_would_hold_are_told(tmp_path: Path) -> None:
    rows = [f"A{n},2015-11-{1 + n:02d},{20 + n % 3}.5" for n in range(24)]
    sample, output = visits(tmp_path, "测点编号,测温日期,室温(℃)", *rows)
    told = hearth("try", output, sample).output
    assert "more than 400 days before the delivery. The newest day in the sample is 2015-11-24" in told
    assert "as one batch the gate would hold it: 0 of 24 rows accepted (0.00 %); warned below 90 %, held below 80 %" in told
    proposed = re.findall(r"--arrived (\S+)$", told, re.M)
    assert proposed == ["2015-11-25"]
    told = hearth("try", output, sample, "--arrived", proposed[0]).output
    assert "taken as delivered at 2015-11-24T16:00:00Z" in told, "midnight of the contract's zone"
    assert "as one batch the gate would load it: 24 of 24 rows accepted" in told
    assert "look: read_at: every time is 00:00 local" in told
    sample, output = visits(tmp_path, "测点编号,测温日期,室温(℃)", *rows[:3])
    assert "the gate judges no batch of fewer than 20 rows" in hearth("try", output, sample).output
    sample, output = visits(tmp_path, "测点编号,测温日期,钟点,室温(℃)", "A,2015-11-01,08:30,20.5", "A,2015-11-02,00:00,20.5")
    assert "every time is" not in hearth("try", output, sample).output


def test_an_error_of_a_trial_says_what_to_do_in_a_trial(tmp_path: Path) -> None:
    sample, output = visits(tmp_path, "测点编号,测温时间,室温(℃)", "A,2015-11-01 10:00,20.5")
    for header in ("测点编号,测温时间,室温", "a,b,c"):
        sample.write_text(f"{header}\nA,2015-11-01 10:00,20.5\n", encoding="utf-8")
        told = hearth("try", output, sample)
        assert told.exit_code == 1 and f"{output}. Then try it again." in " ".join(told.output.split())
        assert "interval" not in told.output and "landing file" not in told.output
