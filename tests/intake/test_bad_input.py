"""Files that are not what they should be, really served over SFTP: a clear error or quarantine, nothing lost."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import xlsxwriter

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.loading import REPOSITORY
from hearth.intake import take_in
from hearth.quarantine.replay import points_now_known, replay
from tests.support.cases import ARRIVED, END, HEADER, START, Case, line, points
from tests.support.world import ZONE, Warehouse, World


@pytest.fixture(scope="module")
def loaded(world: World) -> Iterator[Warehouse]:
    """A warehouse that knows the register's points."""
    with world.warehouse("bad_input") as warehouse:
        warehouse.load("register_points")
        yield warehouse


@pytest.fixture
def case(
    world: World, loaded: Warehouse, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Case]:
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    words = "".join(c for c in request.node.originalname.removeprefix("test_") if c.isalnum() or c == "_")
    made = Case(world, tmp_path, f"{words[:30]}_{zlib.crc32(request.node.name.encode()):08x}")
    yield made
    shutil.rmtree(made.files)


def load(loaded: Warehouse, case: Case) -> dict:
    return loaded.load(case.name, START, END)


def rows(loaded: Warehouse, number: int, temperature: object = "19.5") -> str:
    point = points(loaded, 1)[0]
    return "\n".join([HEADER, *(line(point, minute, temperature) for minute in range(number))]) + "\n"


def reasons(loaded: Warehouse, case: Case) -> dict[str, int]:
    return dict(loaded.rows("select first_reason, count(*) from quarantine.row_open where feed = %s group by 1", case.name))


def raw_rows(loaded: Warehouse, case: Case) -> int:
    return len(loaded.accepted("room_reading", case.name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda text: text.encode("utf-16"), r"not gb18030 at byte|expected column"),
        (lambda text: text.replace("室温", "温度").encode("gb18030"), r"expected column\(s\) '室温'.*'温度'"),
        (
            lambda text: "\n".join(",".join(x.split(",")[:2]) for x in text.splitlines()).encode("gb18030"),
            "expected column",
        ),
        (lambda text: b"", "the file is empty"),
        (lambda text: text.replace("测点高度", "室温").encode("gb18030"), "stand twice in the header"),
    ],
    ids=["encoding", "renamed", "gone", "empty", "doubled"],
)
@pytest.mark.fault("F26", "F27", "F29", "F45")
def test_a_file_that_cannot_be_read_is_refused_whole(loaded: Warehouse, case: Case, content, message: str) -> None:
    case.deliver("round.csv", content(rows(loaded, 3)))
    with pytest.raises(UnreadableFile, match=message):
        load(loaded, case)
    assert raw_rows(loaded, case) == 0
    kept = loaded.rows("select size_bytes, stored_as from ledger.landing_file where feed = %s", case.name)
    assert len(kept) == 1 and (Path(os.environ["HEARTH_LANDING"]) / kept[0][1]).exists(), "the landing file is kept"
    failed = loaded.rows("select message from ledger.step where subject = %s and outcome = 'failed'", case.name)
    assert len(failed) == 1 and "round.csv" in failed[0][0]


@pytest.mark.fault("F26")
def test_a_wrong_encoding_is_mended_by_the_contract(loaded: Warehouse, case: Case) -> None:
    case.deliver("round.csv", rows(loaded, 3).encode("gb18030"))
    case.write_contract(gb18030="utf-8")
    with pytest.raises(UnreadableFile, match=r"not utf-8 at byte 0 \(line 1\).*gb18030 reads GBK"):
        load(loaded, case)
    case.write_contract()
    assert load(loaded, case)["rows_loaded"] == 3


@pytest.mark.fault("F27", "F29", "F45")
def test_header_only_extra_column_cr_line_ends_and_quoted_newlines(loaded: Warehouse, case: Case) -> None:
    point = points(loaded, 1)[0]
    case.deliver("a_header_only.csv", HEADER + "\n")
    case.deliver("b_extra.csv", f"{HEADER},备注\n{line(point, 1)},新\n", 1)
    case.deliver("c_cr.csv", f"{HEADER}\r{line(point, 2)}\r", 2)
    quoted = line(point, 3).replace("测温员甲", '"甲\n乙"')
    case.deliver("d_quoted.csv", f"{HEADER}\n{quoted}\n", 3)
    case.deliver("e_blank.csv", f"{HEADER}\n\n,,,,,,,,\n{line(point, 4)}\n\n", 4)
    assert load(loaded, case) == {"rows_read": 4, "rows_loaded": 4, "rows_quarantined": 0, "rows_duplicate": 0}


@pytest.mark.fault("F27", "F31", "F35")
def test_ragged_and_hostile_lines_wait_in_quarantine(loaded: Warehouse, case: Case) -> None:
    point = points(loaded, 1)[0]
    bad = [
        line(point, 50) + ",zuviel",
        "nur,drei,felder",
        line("'; drop table raw.room_reading; --", 51),
        line("{{ 7*7 }}", 52),
        line(point, 53, "=1+1"),
    ]
    case.deliver("x'; drop table ledger.batch; --.csv", "\n".join([HEADER, *(line(point, m) for m in range(40)), *bad]))
    assert load(loaded, case) == {"rows_read": 45, "rows_loaded": 40, "rows_quarantined": 5, "rows_duplicate": 0}
    assert reasons(loaded, case) == {"unreadable_record": 2, "unknown_point": 2, "unreadable_value": 1}
    names = loaded.rows("select stored_as from ledger.landing_file where feed = %s", case.name)
    assert all(set(n[0]) <= set("abcdefghijklmnopqrstuvwxyz0123456789_/.") for n in names)


@pytest.mark.fault("F29", "F42")
def test_duplicates_and_contradictions(loaded: Warehouse, case: Case) -> None:
    a, b = points(loaded, 2)
    same, other = line(a, 1), line(b, 1, "18.0")
    case.deliver("one.csv", "\n".join([HEADER, *(line(a, m) for m in range(2, 30)), same, same, other, line(b, 1, "22.0")]))
    case.deliver("again.csv", "\n".join([HEADER, same]), minutes=10)
    counts = load(loaded, case)
    assert counts == {"rows_read": 33, "rows_loaded": 30, "rows_quarantined": 2, "rows_duplicate": 1}
    assert reasons(loaded, case) == {"conflicting_duplicate": 2}
    at = datetime(2016, 1, 12, 18, 1, tzinfo=ZONE)
    times = [row["read_at"] for row in loaded.accepted("room_reading", case.name)]
    assert times.count(at) == 2, "another delivery of the same reading stands beside the first; staging picks one"


def test_a_contract_may_have_a_stricter_limit_of_its_own(loaded: Warehouse, case: Case) -> None:
    """34 of 40 rows are fit: more than the dated 80 % for all feeds, fewer than the 90 % this contract asks for."""
    case.write_contract(entity="expected: {stop_accepted_percent: 90}\nentity:")
    case.deliver("round.csv", rows(loaded, 34) + "\n".join(line("P-0", minute) for minute in range(40, 46)))
    with pytest.raises(take_in.BatchHeld, match=r"held 40 rows"):
        load(loaded, case)
    case.write_contract()
    assert load(loaded, case)["rows_loaded"] == 34


@pytest.mark.fault("F47")
def test_degrees_fahrenheit_taken_for_celsius_are_held_and_heal(loaded: Warehouse, case: Case) -> None:
    """The gate stops the batch, all of it waits; correcting the contract and replaying loads it, once."""
    case.deliver("round.csv", rows(loaded, 40, "68"))
    with pytest.raises(take_in.BatchHeld, match=r"held 40 rows"):
        load(loaded, case)
    assert raw_rows(loaded, case) == 0
    assert reasons(loaded, case) == {"batch_held": 40}
    every = loaded.rows("select distinct reasons from quarantine.row_open where feed = %s", case.name)
    assert every == [(["batch_held", "out_of_range"],)], "every reason is kept"
    held = loaded.rows("select status, rows_read, rows_quarantined from ledger.batch where feed = %s", case.name)
    assert held == [("held", 40, 40)]
    case.write_contract(unit_degc="unit: degF")
    from hearth.contracts.loading import find_contract

    done = replay(find_contract(case.name), "test", "the vendor sends degF")
    assert [d["rows_loaded"] for d in done] == [40]
    assert reasons(loaded, case) == {}
    assert {round(row["temperature_degc"], 6) for row in loaded.accepted("room_reading", case.name)} == {20}
    assert replay(find_contract(case.name), "test", "again") == []
    loaded.load(case.name, START, END, run_id="rerun")
    assert raw_rows(loaded, case) == 40, "pulling the interval again replaces the replayed rows"


def test_rows_of_a_point_known_by_now_wait_until_they_themselves_were_replayed(loaded: Warehouse, case: Case) -> None:
    """Neither a replay of another reason nor one that stopped at another pull counts as a try for them."""
    from hearth.contracts.loading import find_contract

    contract, point = find_contract(case.name), points(loaded, 1)[0]
    good = [line(point, minute) for minute in range(20)]
    for day in range(2):
        case.deliver(
            f"{day}.csv", "\n".join([HEADER, *good, line(f"P-late {case.name}", 50 + day), line(point, 52, "99")]), day * 1440
        )
        loaded.load(case.name, START + timedelta(days=day), END + timedelta(days=day))
    assert reasons(loaded, case) == {"unknown_point": 2, "out_of_range": 2}
    assert points_now_known(contract) == 0
    with psycopg.connect(loaded.url) as register:
        register.execute(
            "insert into raw.measuring_point select (jsonb_populate_record(p, jsonb_build_object('point_id', %s::text))).*"
            " from raw.measuring_point p where point_id = %s limit 1",
            (f"P-late {case.name}", point),
        )
    assert points_now_known(contract) == 2
    replay(contract, "person", "try the limits", "out_of_range")
    assert points_now_known(contract) == 2
    second = Path(os.environ["HEARTH_LANDING"]) / newest_file(loaded, case)
    whole = second.read_bytes()
    second.chmod(0o600)
    second.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="was changed"):
        replay(contract, "automatic", "the register knows the point now", "unknown_point")
    assert points_now_known(contract) == 1
    second.write_bytes(whole)
    replay(contract, "automatic", "the register knows the point now", "unknown_point")
    assert points_now_known(contract) == 0
    assert reasons(loaded, case) == {"out_of_range": 2}


def newest_file(loaded: Warehouse, case: Case) -> str:
    """Where the newest landing file of the case lies below the landing store."""
    return loaded.rows("select stored_as from ledger.landing_file where feed = %s order by file_id desc limit 1", case.name)[0][0]


def test_a_bad_batch_leaves_the_good_one_before_it(loaded: Warehouse, case: Case) -> None:
    path = case.deliver("round.csv", rows(loaded, 40))
    load(loaded, case)
    path.write_bytes(rows(loaded, 40, "99").encode("gb18030"))
    os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    with pytest.raises(take_in.BatchHeld):
        load(loaded, case)
    assert raw_rows(loaded, case) == 40


def workbook(loaded: Warehouse, empty_rows: int) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("测温记录")
        names = [
            "测温日期",
            "测温时间",
            "分公司",
            "换热站",
            "小区",
            "测点编号",
            "房间",
            "室温(℃)",
            "测点高度(m)",
            "仪器编号",
            "检定日期",
            "关窗时长(min)",
            "测温员",
            "用户签字",
        ]
        sheet.write_row(0, 0, names)
        day, grey = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bg_color": "#eeeeee"})
        cells = ["18:05", "", "", "", points(loaded, 1)[0], "", "１９.５", 1.4, "I-1", "2015-09-20", 130, "甲", "是"]
        sheet.write_datetime(1, 0, datetime(2016, 1, 12), day)
        sheet.write_row(1, 1, cells)
        for row in range(2, 2 + empty_rows):
            sheet.write_blank(row, 7, None, grey)
    return buffer.getvalue()


@pytest.mark.fault("F28")
def test_a_sheet_with_65000_empty_rows_has_one_row(loaded: Warehouse, case: Case) -> None:
    case.write_contract(base="fixed_rounds_xlsx")
    case.deliver("round.xlsx", workbook(loaded, 65_000))
    assert load(loaded, case) == {"rows_read": 1, "rows_loaded": 1, "rows_quarantined": 0, "rows_duplicate": 0}
    stored = [(row["read_at"], row["temperature_degc"]) for row in loaded.accepted("room_reading", case.name)]
    assert stored == [(datetime(2016, 1, 12, 18, 5, tzinfo=ZONE), 19.5)]


@pytest.mark.fault("F34")
def test_an_archive_bomb_and_a_text_called_xlsx_are_refused(loaded: Warehouse, case: Case) -> None:
    case.write_contract(base="fixed_rounds_xlsx")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (600 << 20))
    path = case.deliver("round.xlsx", bomb.getvalue())
    with pytest.raises(UnreadableFile, match="archive bomb"):
        load(loaded, case)
    path.unlink()
    case.deliver("round.xlsx", "just text")
    with pytest.raises(UnreadableFile, match=r"not an \.xlsx file"):
        load(loaded, case)


def packed(parts: dict[str, bytes], into: bytes = b"") -> bytes:
    """An archive of these parts; `into`: another one, whose parts come first."""
    made = io.BytesIO(into)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.fault("F34")
def test_an_archive_in_an_archive_is_not_opened_and_its_names_lead_nowhere(loaded: Warehouse, case: Case) -> None:
    """A packed workbook is refused. What a workbook holds beside its sheets is neither read nor written anywhere."""
    case.write_contract(base="fixed_rounds_xlsx")
    book, bomb = workbook(loaded, 0), packed({"bomb.xml": b" " * (600 << 20)})
    for content in (packed({"round.xlsx": book}), packed({"a.zip": packed({"b.zip": bomb})})):
        case.deliver("round.xlsx", content)
        with pytest.raises(UnreadableFile, match=r"round\.xlsx: not an \.xlsx file but another kind of archive"):
            load(loaded, case)
    slipped = f"slipped-{case.name}"
    names = [slipped, *("../" * up + slipped for up in range(1, 9)), f"/tmp/{slipped}", f"..\\..\\{slipped}"]
    case.deliver("round.xlsx", packed({"xl/embeddings/sheet.xlsx": bomb, **dict.fromkeys(names, b"x")}, into=book))
    assert load(loaded, case) == {"rows_read": 1, "rows_loaded": 1, "rows_quarantined": 0, "rows_duplicate": 0}
    store = Path(os.environ["HEARTH_LANDING"])
    folders = {Path("/tmp"), Path.cwd(), *Path.cwd().parents, store, *store.parents, *store.glob("*/*")}
    assert [found for folder in folders for found in folder.glob("*slipped-*")] == []
    assert not list(store.rglob("*slipped-*"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda entry: b"XX" + entry[2:], "its list of contents is damaged: Bad magic number"),
        (lambda entry: entry[:6] + b"\xff" + entry[7:], "its list of contents is damaged: zip file version"),
        (lambda entry: entry[:9] + b"\x08" + entry[10:46] + b"\xff" + entry[47:], "its list of contents is damaged: 'utf-8'"),
    ],
    ids=["signature", "version", "name"],
)
@pytest.mark.fault("F28")
def test_a_workbook_whose_list_of_contents_is_damaged_is_refused(loaded: Warehouse, case: Case, damage, message: str) -> None:
    case.write_contract(base="fixed_rounds_xlsx")
    content = workbook(loaded, 0)
    at = content.rfind(b"PK\x01\x02")
    case.deliver("round.xlsx", content[:at] + damage(content[at:]))
    with pytest.raises(UnreadableFile, match=rf"round\.xlsx: .*{message}.*Ask the sender"):
        load(loaded, case)


def test_a_workbook_without_a_sheet_is_refused(loaded: Warehouse, case: Case) -> None:
    case.write_contract(base="fixed_rounds_xlsx")
    contract = case.contracts / f"{case.name}.yml"
    contract.write_text(contract.read_text(encoding="utf-8").replace(", sheet: 测温记录", ""), encoding="utf-8")
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(loaded, 0))) as whole, zipfile.ZipFile(content, "w") as changed:
        for name in whole.namelist():
            changed.writestr(name, re.sub(rb"<sheet .*?/>", b"", whole.read(name)))
    case.deliver("round.xlsx", content.getvalue())
    with pytest.raises(UnreadableFile, match=r"round\.xlsx: expected a sheet, came \[\]"):
        load(loaded, case)


def test_a_landing_file_that_was_changed_is_noticed(loaded: Warehouse, case: Case) -> None:
    from hearth.contracts.interval import Interval
    from hearth.contracts.loading import find_contract

    case.deliver("round.csv", rows(loaded, 3))
    contract = find_contract(case.name)
    pull_id = take_in.pull_and_land(contract, Interval(START, END), "test")
    stored = (
        Path(os.environ["HEARTH_LANDING"])
        / loaded.rows("select stored_as from ledger.landing_file where pull_id = %s", pull_id)[0][0]
    )
    assert stored.stat().st_mode & 0o777 == 0o400 and stored.parents[2].stat().st_mode & 0o077 == 0
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes().replace(b"19.5", b"21.5"))
    with pytest.raises(ValueError, match="was changed"):
        take_in.clean_validate_load(contract, pull_id, "test")


@pytest.mark.fault("F1")
def test_a_killed_load_leaves_nothing_half_and_the_next_one_succeeds(loaded: Warehouse, case: Case) -> None:
    """kill -9 while the rows are going into raw (held there by a lock), then again from the start."""
    from hearth.contracts.interval import Interval
    from hearth.contracts.loading import find_contract

    case.deliver("round.csv", rows(loaded, 50))
    pull_id = take_in.pull_and_land(find_contract(case.name), Interval(START, END), "test")
    code = (
        "from hearth.intake import take_in; from hearth.contracts.loading import find_contract;"
        f"take_in.clean_validate_load(find_contract({case.name!r}), {pull_id}, 'killed')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)])}
    with psycopg.connect(loaded.url) as lock:
        lock.execute("lock table ledger.reading_file in exclusive mode")
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        waiting = "query like 'insert into ledger.reading_file%' and wait_event_type = 'Lock'"
        deadline = time.monotonic() + 120
        while not loaded.activity(waiting):
            assert process.poll() is None and time.monotonic() < deadline, "the load never came to its files"
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert raw_rows(loaded, case) == 0
    assert loaded.rows("select count(*) from ledger.batch where feed = %s", case.name) == [(0,)]
    assert take_in.clean_validate_load(find_contract(case.name), pull_id, "again")["rows_loaded"] == 50


GIBIBYTE = 1 << 30
MEASURED = """
import sys, resource
from hearth.intake import take_in
from hearth.contracts.loading import find_contract
try:
    print(take_in.clean_validate_load(find_contract(sys.argv[1]), int(sys.argv[2]), "measured"))
except Exception as error:
    print(type(error).__name__, error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def hostile_csv(loaded: Warehouse) -> bytes:
    """As wide as may be, and texts as long as may be."""
    header = HEADER + "".join(f",c{number}" for number in range(1990))
    wide = (line(points(loaded, 1)[0]) + ",xy" * 1990 + "\n") * 3_000
    return f"{header}\n{wide}{('测' * 100_000 + ',') * 8 + ',' * 1990}\n".encode("gb18030")


def hostile_workbook(loaded: Warehouse) -> bytes:
    """Nearly as many cells as may be, all of them with a text of some length that is stored once."""
    buffer = io.BytesIO(workbook(loaded, 0))
    with zipfile.ZipFile(buffer) as old:
        parts = {entry.filename: old.read(entry) for entry in old.infolist()}
    rows = b"".join(b"<row>" + b'<c t="s"><v>0</v></c>' * 140 + b"</row>" for _ in range(35_000))
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", rows + b"</sheetData>")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize(
    ("name", "base", "make"),
    [("round.csv", "fixed_rounds_csv", hostile_csv), ("round.xlsx", "fixed_rounds_xlsx", hostile_workbook)],
    ids=["csv", "workbook"],
)
@pytest.mark.fault("F12")
def test_a_load_stays_under_two_gibibytes(loaded: Warehouse, case: Case, name: str, base: str, make) -> None:
    """The whole load of a file that is just within its limits, in a process of its own, measured at its peak."""
    from hearth.contracts.interval import Interval
    from hearth.contracts.loading import find_contract

    case.write_contract(base=base)
    case.deliver(name, make(loaded))
    pull_id = take_in.pull_and_land(find_contract(case.name), Interval(START, END), "test")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)])}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, case.name, str(pull_id)], env=environment, capture_output=True, text=True, check=True
    )
    told, peak = done.stdout.strip().splitlines()[-2:]
    assert re.match(r"\{'rows_read': 3001|BatchHeld .* 35001 rows", told), done.stdout
    assert int(peak) < 2 * GIBIBYTE


@pytest.mark.fault("F56")
def test_a_small_workbook_with_a_value_in_its_very_last_cell_is_refused(loaded: Warehouse, case: Case) -> None:
    """Its reader would make room for 17 billion cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("测温记录").write(1_048_575, 16_383, 1)
    case.write_contract(base="fixed_rounds_xlsx")
    case.deliver("last.xlsx", buffer.getvalue())
    with pytest.raises(UnreadableFile, match=r"last\.xlsx: its table reaches to row 1048576 and column 16384"):
        load(loaded, case)
    failed = loaded.rows("select message from ledger.step where subject = %s and outcome = 'failed'", case.name)
    assert len(failed) == 1 and "last.xlsx" in failed[0][0] and "format.limits.columns is 2000" in failed[0][0]
