"""A contract drafted from a file: what can be seen is right, what cannot be known is asked, and nobody's data stand in it."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.loading import ContractError, load_contract, load_contracts
from hearth.drafting.draft import draft
from hearth.drafting.looking import look_at
from hearth.drafting.sample import NotASample
from hearth.drafting.tables import may_say
from hearth.intake.dry_run import try_sample
from tests.support.drafts import answered
from tests.support.kept_installation import FOLDER, VERSIONS

ROOMS = "测点编号,测温时间,室温(℃)\n"


def drafted(path: Path, entity: str = "room_reading", **known: Any) -> tuple[str, Path]:
    """(the draft, the file it was written to with what every draft asks answered)."""
    made = draft(look_at(path), entity, "drafted", **known)
    written = path.with_name("drafted.yml")
    written.write_text(answered(made.text), encoding="utf-8")
    return made.text, written


def contract_of(path: Path, entity: str = "room_reading", **known: Any) -> Contract:
    return load_contract(drafted(path, entity, **known)[1])


def open_questions(path: Path, entity: str = "room_reading") -> list[str]:
    """What stops the check of a draft, without file and line."""
    return [line.split(": ", 1)[1] for line in still_open(drafted(path, entity)[1])]


def still_open(written: Path) -> list[str]:
    """What stops the check of a draft; nothing but open questions may."""
    try:
        load_contract(written)
    except ContractError as error:
        told = str(error).splitlines()
        if not all(": still open: " in line for line in told):
            raise
        return told
    return []


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return tmp_path / "sample.csv"


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The largest landing file of each feed of a kept installation: real bytes of all kinds of sources."""
    folder = tmp_path_factory.mktemp("kept")
    with tarfile.open(FOLDER / VERSIONS[0] / "landing.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    found: dict[str, tuple[int, Path]] = {}
    for manifest in folder.rglob("pulls/*.json"):
        said = json.loads(manifest.read_text())
        for file in said["files"]:
            path = folder / "landing" / file["stored_as"]
            if path.exists():
                found[said["feed"]] = max(found.get(said["feed"], (0, path)), (file["size_bytes"], path))
    return {feed: path for feed, (_, path) in found.items()}


def test_what_the_feeds_send_is_mapped_as_their_contracts_do(landed: dict[str, Path]) -> None:
    """No column is mapped wrong, and of all there are to find nearly none is missed; formats, units and words read as many rows."""
    wrong, right, missed, checked = [], 0, [], 0
    for feed, path in landed.items():
        own = load_contracts()[feed]
        if path.stat().st_size < 200:  # a day on which nothing happened
            continue
        text, written = drafted(path, own.entity)
        checked += not still_open(written)
        columns = {n: {"from": m} if isinstance(m, str) else m for n, m in yaml.safe_load(text)["columns"].items()}
        for name, mapping in own.columns.items():
            mine = columns.get(name, {"from": "OPEN "})
            if mapping.from_ is None:
                continue
            if str(mine["from"]).startswith("OPEN "):
                missed.append((feed, name))
            elif (mine["from"], mine.get("unit")) != (mapping.from_, mapping.unit):
                wrong.append((feed, name, mine))
            else:
                right += 1
            assert mine.get("values", {}).items() <= (mapping.values or {}).items(), (feed, name)
    assert wrong == []
    assert len(missed) <= 3, missed
    assert right > 180 and checked >= 15


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_seen(sample: Path, encoding: str, delimiter: str) -> None:
    text = (ROOMS + "".join(f"甲-{n},2015-11-{n:02d} 10:00,2{n % 10}.5\n" for n in range(1, 20))).replace(",", delimiter)
    sample.write_bytes(text.encode(encoding))
    trial = try_sample(contract_of(sample), sample, 5)
    assert (trial.rows_read, trial.rows_rejected - trial.reasons["time_too_old"]) == (19, 0)
    got = list(_rows(contract_of(sample), sample))
    assert got[0] == ("甲-1", "2015-11-01T02:00:00Z", 21.5) and len(got) == 19


def _rows(contract: Contract, sample: Path) -> list[tuple[Any, ...]]:
    from datetime import UTC, datetime

    trial = try_sample(contract, sample, 5, accepted=1000, arrived_at=datetime(2015, 12, 20, tzinfo=UTC))
    return [(row["point_id"], row["read_at"], row["temperature_degc"]) for row in trial.rows]


@pytest.mark.parametrize(
    ("dates", "formats"),
    [
        (["05/01/2015 10:00", "13/01/2015 10:00"], ["%d/%m/%Y %H:%M"]),
        (["01/05/2015 10:00:00 AM", "01/13/2015 10:00:00 PM"], ["%m/%d/%Y %I:%M:%S %p"]),
        (["5.1.15 10:00", "13.1.15 10:00"], ["%d.%m.%y %H:%M"]),
        (["2015/1/5 7:05", "2015/1/13 7:05"], ["%Y/%m/%d %H:%M"]),
        (["20150105070500", "20150113070500"], ["%Y%m%d%H%M%S"]),
        (["2015年1月5日 7时05分", "2015年1月13日 7时05分"], ["%Y年%m月%d日 %H时%M分"]),
        (["2015-01-05 10:00", "2015-01-13T10:00:00+08:00"], []),
        (["05-Jan-2015 10:00", "13-Jan-2015 10:00"], ["%d-%b-%Y %H:%M"]),
    ],
)
def test_formats_of_times_are_seen(sample: Path, dates: list[str], formats: list[str]) -> None:
    sample.write_text(ROOMS + "".join(f"A,{date},20.5\n" for date in dates), encoding="utf-8")
    assert contract_of(sample).columns["read_at"].formats == formats


def test_day_or_month_first_is_asked_where_no_date_shows_it(sample: Path) -> None:
    sample.write_text(ROOMS + "A,05/01/2015 10:00,20.5\nA,06/01/2015 10:00,20.5\n", encoding="utf-8")
    assert open_questions(sample) == [
        "columns.read_at.formats: still open: %d/%m/%Y %H:%M or %m/%d/%Y %H:%M; put the answer in its place"
    ]
    both = "测点编号,测温时间,室温(℃),检定日期\nA,05/01/2015 10:00,20.5,13/02/2014\nA,06/01/2015 10:00,20.5,01/02/2014\n"
    sample.write_text(both, encoding="utf-8")
    assert contract_of(sample).columns["read_at"].formats == ["%d/%m/%Y %H:%M"], "another column of the file shows it"
    sample.write_text(ROOMS + "A,13/01/2015 10:00,20.5\nA,01/13/2015 10:00,20.5\n", encoding="utf-8")
    assert "some dates are day first, others month first" in drafted(sample)[0]
    assert len(open_questions(sample)) == 1


def test_times_of_another_kind(sample: Path) -> None:
    sample.write_text("测点编号,测温时间,室温\nA,1420070400000,20.5\nA,1420074000000,20.5\n", encoding="utf-8")
    assert contract_of(sample).columns["read_at"].epoch == "ms"
    sample.write_text("测点编号,日期,时间,室温\nA,2015-11-01,08:30,20.5\n", encoding="utf-8")
    assert _rows(contract_of(sample), sample) == [("A", "2015-11-01T00:30:00Z", 20.5)]
    sample.write_text("Sensor,Time,Temp\nA,2015-11-01 10:00,20.5\n", encoding="utf-8")
    text, _ = drafted(sample, zone="America/New_York")
    assert "doubled_hour says which one" in text and "time_zone: America/New_York" in text


@pytest.mark.parametrize(
    ("name", "values", "unit", "degc"),
    [
        ("Temp F", ["68", "70"], "degF", 20.0),
        ("室温（℃）", ["20", "21"], "degC", 20.0),
        ("temp", ["200", "215"], "0.1 degC", 20.0),
        ("温度", ["20", "21.5"], "degC", 20.0),
    ],
)
def test_units_are_told_by_the_name_or_by_what_is_possible(
    sample: Path, name: str, values: list[str], unit: str, degc: float
) -> None:
    lines = "".join(f"A,2015-11-0{n + 1} 10:00,{value}\n" for n, value in enumerate(values))
    sample.write_text(f"Sensor,Time,{name}\n{lines}", encoding="utf-8")
    contract = contract_of(sample)
    assert contract.columns["temperature_degc"].unit == unit
    assert _rows(contract, sample)[0][2] == pytest.approx(degc)


def test_codes_and_words_for_no_value_are_told_from_values(sample: Path) -> None:
    lines = [f"A,2015-11-01 {hour:02d}:00,{20 + hour / 10}" for hour in range(20)]
    lines += ["A,2015-11-02 01:00,-9999", "A,2015-11-02 02:00,85", "A,2015-11-02 03:00,--", *["A,2015-11-02 04:00,断线"] * 2]
    sample.write_text(ROOMS + "\n".join(lines) + "\n", encoding="utf-8")
    text, written = drafted(sample)
    mapped = load_contract(written).columns["temperature_degc"]
    assert mapped.error_codes == [-9999, 85] and mapped.empty == ["", "NULL", "null", "--"]
    assert "'断线' (2)" in text and "belongs in empty" in text
    warm = "".join(f"A,2015-11-01 {hour:02d}:00,{70 + hour}\n" for hour in range(20))
    sample.write_text("Sensor,Time,Temp F\n" + warm, encoding="utf-8")
    assert contract_of(sample).columns["temperature_degc"].error_codes == [], "85 is a warm room in degF"


def test_what_contradicts_itself_is_asked(sample: Path) -> None:
    sample.write_text("测点编号;测温时间;室温(℃)\nA;2015-11-01 10:00;20,5\nA;2015-11-02 10:00;21,5\n", encoding="utf-8")
    assert "2 row(s) write numbers with a comma before the decimals" in drafted(sample)[0]
    assert contract_of(sample).columns["temperature_degc"].decimal == ","
    sample.write_text("测点编号;测温时间;室温(℃)\nA;2015-11-01 10:00;1,205.5\nA;2015-11-02 10:00;20.5\n", encoding="utf-8")
    assert "which of them stands before the decimals?" in drafted(sample)[0]
    sample.write_text(ROOMS + "A,2015-11-01 10:00,205\nA,2015-11-02 10:00,211\n", encoding="utf-8")
    assert "the name says degC, and many of the values (205 to 211) are not possible in it" in drafted(sample)[0]
    sample.write_text(ROOMS + "A,2015-11-01 10:00,20\nA,2015-11-01 10:00,21\n", encoding="utf-8")
    assert "1 row(s) have the key (point_id, read_at) of another row and differ" in drafted(sample)[0]
    sample.write_text(ROOMS.replace(",", ";") + "x" * (9 << 20), encoding="utf-8")
    with pytest.raises(NotASample, match="a line is longer than"):
        look_at(sample)


def test_nothing_personal_stands_in_a_draft(sample: Path) -> None:
    people = [("王小明", "13912345678", "幸福小区3栋2单元501"), ("李晓华", "13812345678", "和平路12号楼1单元302")]
    lines = [
        f"T{n},2015-11-{n + 1:02d} 10:00,{people[n % 2][0]},{people[n % 2][1]},{people[n % 2][2]},{kind},{people[n % 2][1]}"
        for n, kind in enumerate(["投诉", "报修", "投诉", "王小明来电", "催单", "催单"])
    ]
    sample.write_text("工单编号,创建时间,姓名,联系电话,地址,工单类型,备用\n" + "\n".join(lines) + "\n", encoding="utf-8")
    text, _ = drafted(sample, "service_ticket")
    for secret in ("王小明", "李晓华", "139", "138", "幸福", "和平"):
        assert secret not in text
    assert "'催单'" in text and "personal data seem to stand in '备用'" in text
    assert "{from: 工单类型, values: {投诉: complaint, 报修: repair}}" in text


def test_headers_that_are_none_doubled_or_under_a_title(sample: Path) -> None:
    rows = "".join(f"A,2015-11-{n:02d} 10:00,20.5\n" for n in range(1, 9))
    sample.write_text(rows, encoding="utf-8")
    text, _ = drafted(sample)
    assert "header: [column_1, column_2, column_3]" in text and "no header line was found" in text
    assert "read_at: column_2" in text, "the only column of times"
    sample.write_text("2015年室温\n" + ROOMS + rows, encoding="utf-8")
    if may_say("csv", "skip_rows"):
        assert len(_rows(contract_of(sample), sample)) == 8
    else:
        assert open_questions(sample)[0].startswith("format.kind: still open: 1 line(s) of a title")
    sample.write_text("测点编号,测温时间,室温,室温\n" + "A,2015-11-01 10:00,20.5,20\n", encoding="utf-8")
    assert "['室温'] stand twice" in drafted(sample)[0]


def test_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "rounds.xlsx"
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        book.add_worksheet("说明").write(0, 0, "see the next sheet")
        sheet = book.add_worksheet("记录")
        sheet.merge_range(0, 0, 0, 1, "测点")
        sheet.merge_range(0, 2, 0, 3, "读数")
        sheet.write_row(1, 0, ["测点编号", "备注", "测温时间", "室温(℃)"])
        for row in range(2, 8):
            sheet.write_row(row, 0, [f"P-{row}", "-"])
            sheet.write_datetime(row, 2, __import__("datetime").datetime(2015, 11, row, 10), day)
            sheet.write(row, 3, 20.5 if row < 7 else -999)
    contract = contract_of(path)
    assert contract.format.kind == "xlsx"
    assert (contract.format.sheet, contract.format.header_rows) == ("记录", 2)
    assert contract.columns["temperature_degc"].error_codes == [-999]
    assert [row[0] for row in _rows(contract, path)] == ["P-2", "P-3", "P-4", "P-5", "P-6"]


def test_rows_that_go_on_in_a_second_sheet(tmp_path: Path) -> None:
    path = tmp_path / "months.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for number, month in enumerate(("一月", "二月"), 1):
            sheet = book.add_worksheet(month)
            sheet.write_row(0, 0, ["测点编号", "测温时间", "室温(℃)"])
            for day in range(13, 13 + number):
                sheet.write_row(day - 12, 0, ["A", f"{day}/{number:02d}/2015 10:00", 20.5])
    contract = contract_of(path)
    if may_say("xlsx", "sheets"):
        assert len(_rows(contract, path)) == 3
    else:
        assert contract.format.model_dump()["sheet"] == "二月" and "['一月'] hold tables too, and are not read" in drafted(path)[0]


def test_answers_in_pages_packets_and_json_lines(tmp_path: Path) -> None:
    packets = [
        {
            "devId": f"D{n}",
            "packTime": f"2015110{n}103000",
            "temps": [20.5, 20.6, -1010],
            "interval": 10,
            "recvTime": f"2015-11-0{n} 11:00:00",
        }
        for n in range(1, 6)
    ]
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"code": 0, "data": {"items": packets, "next": "abc", "total": 5}}))
    contract = contract_of(page)
    assert contract.source.model_dump(include={"pages"})["pages"].items() >= {
        "items": "data.items", "next": "data.next", "total": "data.total", "success": {"code": 0},
    }.items()  # fmt: skip
    assert contract.unnest is not None
    assert (contract.unnest.readings, contract.unnest.base[0].formats) == ("temps", ["%Y%m%d%H%M%S"])
    assert contract.arrival.from_ == "recvTime"  # type: ignore[union-attr]
    assert contract.columns["temperature_degc"].error_codes == [-1010]
    trial = try_sample(contract, page, 0, accepted=2)
    assert [(row["read_at"], row["temperature_degc"]) for row in trial.rows] == [
        ("2015-11-01T02:30:00Z", 20.5), ("2015-11-01T02:20:00Z", 20.6),
    ]  # fmt: skip
    assert (trial.rows_read, dict(trial.reasons)) == (15, {"error_code": 5})
    lines = tmp_path / "lines.ndjson.gz"
    lines.write_bytes(gzip.compress("\n".join(map(json.dumps, packets)).encode()))
    assert contract_of(lines).format.model_dump(exclude={"limits"}) == {"kind": "ndjson", "compression": "gzip"}
    cut = lines.read_bytes()[:-9]
    lines.write_bytes(cut)
    assert contract_of(lines).columns.keys() == {"point_id", "temperature_degc"}, "a sample may be cut off"


def test_a_long_file_is_looked_at_in_part_and_far_into_it(sample: Path) -> None:
    """The day that shows the order of day and month stands in row 60,000; memory is that of the rows kept."""
    with sample.open("w", encoding="utf-8") as file:
        file.write(ROOMS.replace("\n", ",备注\n"))
        for number in range(150_000):
            day = 5 if number < 60_000 else 13
            file.write(f"P-{number},{day:02d}/01/2015 10:00,20.5,{'x' * 40}\n")
    tracemalloc.start()
    looked = look_at(sample)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(looked.rows) <= 40_000 and not looked.is_whole
    assert peak < 60 << 20
    text = draft(looked, "room_reading", "long").text
    assert 'formats: ["%d/%m/%Y %H:%M"]' in text and "rows out of more" in text


CELL = st.one_of(
    st.sampled_from(
        [
            "",
            "1",
            "-9999",
            "2015-01-05 10:00",
            "05/01/2015",
            "是",
            "OPEN x",
            "a: b",
            "{",
            "'",
            '"',
            "%d",
            "no",
            "1e5",
            "#",
            "王先生",
        ]
    ),
    st.text(max_size=12),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entity=st.sampled_from(list(ENTITIES)),
    names=st.lists(
        st.one_of(CELL, st.sampled_from(["室温(℃)", "时间", "编号", "kind", "状态", "#x", "a b: c"])), min_size=1, max_size=6
    ),
    rows=st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=8),
    is_json=st.booleans(),
)
def test_whatever_comes_the_draft_is_a_contract_or_says_what_is_open(
    tmp_path: Path, entity: str, names: list[str], rows: list[list[str]], is_json: bool
) -> None:
    import csv

    path = tmp_path / "any.csv"
    if is_json:
        path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=False))) for row in rows) + "\n", encoding="utf-8")
    else:
        text = io.StringIO()
        csv.writer(text).writerows([names, *rows])
        path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass").replace(b"\0", b""))
    looked = None
    with contextlib.suppress(NotASample):
        looked = look_at(path)
    if looked is not None:
        still_open(drafted(path, entity)[1])


def test_what_is_no_sample_is_told(tmp_path: Path) -> None:
    for content, words in (
        (b"", "is empty"),
        (b"PK\x03\x04 cut off", "not a zip file"),
        (b"[1, 2]", "no list of JSON objects"),
    ):
        path = tmp_path / "odd"
        path.write_bytes(content)
        with pytest.raises(NotASample, match=words):
            look_at(path)
