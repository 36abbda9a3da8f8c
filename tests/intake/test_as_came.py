"""Two records that contradict each other wait as they came, whatever they are written in, and heal by a replay like any other."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter

from hearth.approvals.in_force import in_force
from hearth.quarantine.replay import replay
from tests.support.cases import END, HEADER, START, Case, line, points
from tests.support.world import Warehouse, World

NAMES = HEADER.split(",")
Table = list[dict[str, Any]]


@pytest.fixture(scope="module")
def loaded(world: World) -> Iterator[Warehouse]:
    with world.warehouse("as_came") as warehouse:
        warehouse.load("register_points")
        yield warehouse


@pytest.fixture
def case(world: World, loaded: Warehouse, tmp_path: Path, request, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    made = Case(world, tmp_path, f"as_came_{zlib.crc32(request.node.name.encode()):08x}")
    yield made
    shutil.rmtree(made.files)


def as_csv(records: Table) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode("gb18030")


def as_lines(records: Table) -> bytes:
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def as_page(records: Table) -> bytes:
    return json.dumps(records, ensure_ascii=False).encode()


def as_workbook(records: Table) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for row, values in enumerate([NAMES, *(list(record.values()) for record in records)]):
            sheet.write_row(row, 0, values)
    return content.getvalue()


def format_is(case: Case, kind: str, more: str = "") -> None:
    path = case.contracts / f"{case.name}.yml"
    text = path.read_text(encoding="utf-8").replace("format: {kind: csv, encoding: gb18030}", f"format: {kind}")
    path.write_text(text.replace("127.9]", f"127.9{more}]"), encoding="utf-8")


def quarantined(loaded: Warehouse, case: Case) -> list[tuple[int, list[str], dict[str, Any]]]:
    query = "select position, reasons, record from quarantine.row_open where feed = %s order by position"
    return loaded.rows(query, case.name)


FORMATS = {
    "csv": ("{kind: csv, encoding: gb18030}", as_csv, "21.50"),
    "lines": ("{kind: ndjson}", as_lines, "21.50"),
    "page": ("{kind: json}", as_page, 21.5),
    "workbook": ("{kind: xlsx}", as_workbook, 21.5),
}


@pytest.mark.parametrize(("kind", "written", "value"), FORMATS.values(), ids=FORMATS)
def test_a_contradiction_is_kept_as_it_came_and_heals(
    loaded: Warehouse, case: Case, kind: str, written: Callable[[Table], bytes], value: object
) -> None:
    point = points(loaded, 1)[0]
    records: Table = [dict(zip(NAMES, line(point, minute).split(","), strict=True)) for minute in range(30)]
    one, other = {**records[7], "室温": "20.0"}, {**records[7], "室温": value}
    unknown = {**records[8], "测点编号": "nobody", "室温": value}
    format_is(case, kind)
    case.deliver("a", written([*records[:7], one, *records[8:], unknown]))
    case.deliver("b", written([other]), 0)
    counts = loaded.load(case.name, START, END)
    assert counts == {"rows_read": 32, "rows_loaded": 29, "rows_quarantined": 3, "rows_duplicate": 0}

    (_, second_reasons, second), (_, first_reasons, first), (_, _, ordinary) = quarantined(loaded, case)
    assert first_reasons == second_reasons == ["conflicting_duplicate"]
    hashed = ordinary["测温员"]
    assert hashed != "测温员甲" and len(hashed) == 32, "personal values stand there as hashes alone"
    assert first == {**one, "测温员": hashed}
    assert second == {**other, "测温员": hashed}
    assert list(ordinary) == list(first), "it is written down like any other rejected row"
    assert loaded.rows("select count(*) from restricted.personal_value where value_hash = %s", hashed) == [(1,)]

    canonical = json.dumps({"point_id": point, "temperature_degc": 21.5})
    with psycopg.connect(loaded.url) as owner:  # as versions before wrote it
        owner.execute("alter table quarantine.row disable trigger append_only")
        owner.execute("update quarantine.row set record = %s where feed = %s and position = 1", (canonical, case.name))
        owner.execute("alter table quarantine.row enable trigger append_only")
    format_is(case, kind, ", 21.5")
    done = replay(in_force(case.name).contract, "test", "21.5 means broken", "conflicting_duplicate")
    assert [(d["rows_read"], d["rows_loaded"], d["rows_quarantined"]) for d in done] == [(2, 1, 1)]
    rows = loaded.accepted("room_reading", case.name)
    assert [row["temperature_degc"] for row in rows if row["position"] == 8] == [20.0]
    assert [(reasons, record["室温"]) for _, reasons, record in quarantined(loaded, case)] == [
        (["error_code"], value),
        (["unknown_point"], value),
    ]


def test_a_replayed_row_that_contradicts_what_stands_is_kept_as_it_came(loaded: Warehouse, case: Case) -> None:
    """It was refused for its value; by a corrected contract it is fit, and another reading of its minute is loaded."""
    point = points(loaded, 1)[0]
    doubtful = [line(point, 3, "21.50"), line(point, 40, "21.50")]
    case.deliver("a.csv", "\n".join([HEADER, *(line(point, minute) for minute in range(30)), *doubtful]))
    format_is(case, "{kind: csv, encoding: gb18030}", ", 21.5")
    assert loaded.load(case.name, START, END)["rows_quarantined"] == 2
    case.write_contract()
    done = replay(in_force(case.name).contract, "test", "21.5 is a reading")
    assert [(d["rows_loaded"], d["rows_quarantined"]) for d in done] == [(1, 1)]
    ((position, reasons, record),) = quarantined(loaded, case)
    assert (position, reasons) == (31, ["conflicting_duplicate"])
    assert {name: record[name] for name in NAMES[:3]} == {"测点编号": point, "测温时间": "2016/01/12 18:03", "室温": "21.50"}
