"""Personal values planted in tickets and visits stand in the restricted schema and in the landing files, and nowhere else.

In their own fields and where people write them by mistake: no table, log, page, manifest or evidence pack shows them.
"""

from __future__ import annotations

import json
import logging
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from hearth.cleaning.personal_text import mask_column, mask_text
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cli import main
from hearth.sources.delivery import Delivery
from tests.support.planted import PLANTED, planted_items
from tests.support.world import END, Warehouse


def deliver(contract: Any, interval: Any) -> list[Delivery]:
    items = planted_items(contract.feed, interval.start)
    body = {"code": 0, "msg": "ok", "data": {"total": len(items), "items": items, "next": None}}
    return [Delivery("page-1", [json.dumps(body, ensure_ascii=False).encode()], "json")]


@pytest.mark.slow
@pytest.mark.fault("F37")
def test_planted_personal_values_reach_no_output(
    copy: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from hearth.brief import site
    from hearth.brief.facts import gather
    from hearth.proof.seal import seal
    from hearth.reports import season_pages
    from hearth.tasks.reports import write_reports
    from hearth.warehouse.connections import connect

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("hearth.intake.take_in.deliveries", deliver)
    monkeypatch.setenv("HEARTH_PAGES", str(tmp_path / "pages"))
    for feed in ("city_line_12345", "household_visits"):
        counts = copy.load(feed, END, END + timedelta(days=1), run_id="planted")
        assert (counts["rows_read"], counts["rows_loaded"], counts["rows_quarantined"]) == (3, 1, 2), feed
    assert copy.build("planted") is not None
    write_reports({})
    with connect("reader") as connection:
        found_today = gather(connection)
    site.write(found_today, found_today.day)
    for name in season_pages.WRITERS:
        season_pages.write(name, {"params": {"day": "2017-08-01"}})
    seal("planted")
    pack = tmp_path / "pack.zip"
    answer = CliRunner().invoke(main, ["evidence", "--season", "2016-17", "--out", str(pack)])
    assert answer.exit_code == 0, answer.output
    listed = CliRunner().invoke(main, ["quarantine", "list", "--feed", "city_line_12345", "--rows", "10"]).output
    assert "PLANTED" in listed

    kept = " ".join(value for (value,) in copy.rows("select value from restricted.personal_value"))
    assert [what for what, value in PLANTED.items() if value not in kept] == [], "each is kept where it belongs"
    outputs = {
        **tables_outside_restricted(copy),
        **{f"page {path.relative_to(tmp_path)}": path.read_text("utf-8", "replace")
           for path in (tmp_path / "pages").rglob("*.*") if path.is_file()},
        **{f"manifest {p.name}": p.read_text() for p in Path(copy.variables["HEARTH_LANDING"]).glob("*/pulls/*.json")},
        **{f"pack {name}": text for name, text in members(pack)},
        "pdf": PdfReader(tmp_path / "pages" / "brief" / str(found_today.day) / "brief.pdf").pages[0].extract_text(),
        "log": caplog.text,
        "shown": "".join(capfd.readouterr()) + answer.output + listed,
    }  # fmt: skip
    assert sum("PLANTED" in text for text in outputs.values()) >= 4, "the rows themselves were looked at"
    for page in ("brief", "quarantine", "dbt-docs", "summer-works", "season-readiness", "data-docs", "docs"):
        assert list((tmp_path / "pages" / page).rglob("*.html")), page
    found = {(where, what) for where, text in outputs.items() for what, value in PLANTED.items() if value in text}
    assert found == set()


def members(pack: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(pack) as file:
        return [(name, file.read(name).decode("utf-8", "replace")) for name in file.namelist()]


def tables_outside_restricted(warehouse: Warehouse) -> dict[str, str]:
    """The text of every row of every table that could hold one of the planted values."""
    tables = warehouse.rows(
        "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'restricted')"
    )
    found = {}
    with psycopg.connect(warehouse.url) as connection:
        for schema, table in tables:
            rows = connection.execute(
                f"select t::text from {schema}.\"{table}\" t where t::text like any(%s) or t::text like '%%PLANTED%%'",
                ([f"%{value}%" for value in PLANTED.values()],),
            ).fetchall()
            found[f"{schema}.{table}"] = "\n".join(text for (text,) in rows)
    return found


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请联系张伟先生13912345678", "请联系[name]先生[phone]"),
        ("业主:李小红反映 0431-88888888", "业主:[name]反映 [phone]"),
        ("+86 139 1234 5678", "[phone]"),
        ("住人民大街123号5栋2单元301室", "[address]"),
        ("身份证220102199001011234", "身份证[identity_number]"),
    ],
)
def test_what_is_personal_is_recognised_in_free_text(text: str, masked: str) -> None:
    import re

    found = mask_text(text, Pseudonyms("a key for tests only"))
    assert re.sub(r"\[(\w+):[0-9a-f]{32}\]", r"[\1]", found).replace("住[address]", "[address]") == masked


@pytest.mark.parametrize(
    "text",
    ["STATION-042", "2016-11-20 13:00:00", "一号换热站 15 min", "客服中心", "供热集团", "1479600000000", "DN300 高温管网", "18.5"],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask_text(text, Pseudonyms("a key for tests only")) == text


def test_a_known_name_is_found_without_any_hint() -> None:
    asked = []

    def names() -> frozenset[str]:
        asked.append(1)
        return frozenset({"周美华", "罗洋", "罗洋洋"})

    pseudonyms = Pseudonyms("a key for tests only", names)
    assert mask_text("18.5 degC, STATION-042", pseudonyms) == "18.5 degC, STATION-042" and asked == []
    masked = mask_text("罗洋洋来过，周美华不在", pseudonyms)
    assert "罗洋" not in masked and "周美华" not in masked and "来过" in masked and "不在" in masked
    assert len(asked) == 1


def test_a_column_without_anything_personal_is_not_even_copied() -> None:
    import pandas as pd

    column = pd.Series(["供热集团", None, "客服中心"])
    assert mask_column(column, Pseudonyms("a key for tests only")) is column
