"""The morning brief over the published city: numbers are the marts', what is not known is said, page and PDF agree."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from pypdf import PdfReader

from hearth.brief import page, pdf, site, words
from hearth.brief.day import day_before
from hearth.brief.facts import KPIS, Facts, gather
from hearth.brief.light import Light
from hearth.warehouse.connections import connect
from hearth.warehouse.published import NothingPublished
from tests.support.world import Warehouse

DAY = date(2017, 1, 15)
ROOMS, COMPLAINTS, RENEWAL = KPIS


def facts_of(day: date | None = DAY) -> Facts:
    with connect("reader") as connection:
        return gather(connection, day)


def test_every_figure_is_the_marts_own(published: Warehouse) -> None:
    """Checked by hand against the marts, with queries of their own: a card shows what the mart's row says and nothing else."""
    found = facts_of()
    for kpi in KPIS:
        ((value, previous, change, target, verdict),) = published.rows(
            "select value, previous_value, change, target, verdict from marts.season_kpi"
            " where unit_kind = 'company' and kpi = %s and heating_date = %s", kpi, DAY,
        )  # fmt: skip
        ((before,),) = published.rows(
            "select value from marts.season_kpi where unit_kind = 'company' and kpi = %s and heating_date = %s",
            kpi, DAY - timedelta(days=1),
        )  # fmt: skip
        card = found.kpis[kpi]
        assert (card.value, card.previous_value, card.change) == (value, previous, change)
        assert (card.target, card.verdict, card.day_before) == (target, verdict, before)
    ((percent, n, coverage, low),) = published.rows(
        "select percent, judged_household_days, coverage_percent, interval_low_percent from marts.room_compliance"
        " where heating_date = %s and unit_kind = 'company' and point_kind = 'all' and period = 'day'", DAY,
    )  # fmt: skip
    today = found.kpis[ROOMS].today
    assert (today["percent"], today["judged_household_days"], today["coverage_percent"]) == (percent, n, coverage)
    text = page.render(found, DAY)
    for shown in (f"{percent:.1f} %", f"{low:.1f}–", f"n = {n}", f"{found.kpis[COMPLAINTS].value:.1f} 件/万户"):
        assert shown in text, shown
    assert (found.season, found.season_day) == ("2016-17", 88)
    # The same day of the season before, looked up by its number of the season: 2015-16 began on another date.
    ((same_day,),) = published.rows(
        "select value from marts.season_kpi where season = '2015-16' and season_day = 88 and unit_kind = 'company' and kpi = %s",
        ROOMS,
    )
    assert found.kpis[ROOMS].previous_value == same_day


def test_the_worst_stations_are_those_surely_worst(published: Warehouse) -> None:
    ((day,),) = published.rows(
        "select heating_date from marts.room_compliance where unit_kind = 'station' and period = 'day' and point_kind = 'all'"
        " and percent < 100 group by 1 order by count(*) desc, 1 limit 1"
    )
    expected = published.rows(
        "select unit_id, percent from marts.room_compliance where heating_date = %s and unit_kind = 'station' and period = 'day'"
        " and point_kind = 'all' and percent < 100 order by interval_high_percent, percent, unit_id limit 5", day,
    )  # fmt: skip
    found = facts_of(day)
    assert len(expected) >= 2
    assert [(row["unit_id"], row["percent"]) for row in found.stations] == expected


def test_overdue_cases_are_those_no_one_answered(published: Warehouse) -> None:
    """Counted again from the raw tickets of the one limit the city breaks on purpose: 12345 has 24 hours to close."""
    raw = published.rows(
        "select distinct on (ticket_no) ticket_no, closed_at from raw.service_ticket where line = '12345' and created_at >="
        " '2015-10-01' and created_at < '2017-04-06 00:00+08' order by ticket_no, source_version desc, arrived_at desc"
    )
    found = published.rows("select ticket_no, overdue_hours, limit_hours, open_hours from marts.overdue_case where line = '12345'")
    assert {row[0] for row in found} <= {number for number, closed in raw if closed is None}
    assert found and all(open_ == pytest.approx(limit + overdue) for _, overdue, limit, open_ in found)
    listed = facts_of(None).overdue
    counted = dict(published.rows("select created_at >= '2016-10-20 00:00+08', count(*) from marts.overdue_case group by 1"))
    assert (listed.number, listed.older) == (counted[True], counted[False])
    assert len(listed.rows) == min(listed.number, 8)
    returned = "select ticket_no from raw.service_ticket where status = 'returned'"
    assert published.rows(f"select count(*) from marts.overdue_case where ticket_no in ({returned})") == [(0,)]


def test_an_older_day_does_not_pass_todays_worklists_off_as_its_own(published: Warehouse) -> None:
    newest = facts_of(None)
    assert words.as_of(newest.overdue.as_of, newest) == ""
    assert "as of 2017-04-06, not of this day" in page.render(facts_of(), DAY)
    assert newest.day == newest.newest_day == date(2017, 4, 6)


def test_what_is_missing_is_said_and_never_shown_as_zero(published: Warehouse) -> None:
    with pytest.raises(NothingPublished, match="no heating day 2016-07-01 is published; the newest one is 2017-04-06"):
        facts_of(date(2016, 7, 1))
    found = facts_of()
    complaints = replace(found.kpis[COMPLAINTS], data_until=DAY - timedelta(days=2), days_known=90, today={"cases": None})
    rooms = replace(found.kpis[ROOMS], value=None, verdict="no_data", today={"judged_household_days": 0, "percent": None})
    renewal = replace(
        found.kpis[RENEWAL], value=None, verdict="no_data", to_date={}, data_until=None, previous_value=None, change=None
    )
    empty = replace(found, kpis={ROOMS: rooms, COMPLAINTS: complaints, RENEWAL: renewal}, stations=[], trend={k: {} for k in KPIS})
    text = page.render(empty, DAY + timedelta(days=1))
    assert "2017-01-13，此后无 none since" in text and f"90 / {complaints.days}" in text and "当日无测温 no home measured" in text
    assert text.count(words.NO_DATA) >= 4 and ">0.0 %<" not in text.split("数据质量", 1)[0]
    assert "Nothing is published for 2017-01-16 yet" in text
    assert not empty.is_whole


@pytest.mark.fault("F46")
def test_the_light_is_red_for_a_silent_feed_and_yellow_for_an_incomplete_one(published: Warehouse) -> None:
    light = facts_of(None).light
    ((silent,),) = published.rows(
        "select count(*) from marts.feed_quality where heating_date = '2017-04-06' and expected_rows is not null and came_rows = 0"
    )
    assert (light.state == "red") == bool(silent), light.reasons
    assert facts_of().light.state == "yellow", "a small city sends fewer rows than its contracts promise for the whole one"
    assert not facts_of(None).is_whole and facts_of().is_whole


def test_page_and_pdf_say_the_same_on_one_page(published: Warehouse, tmp_path: Path) -> None:
    found = facts_of()
    document = PdfReader(pdf.write(found, tmp_path / "brief.pdf"))
    assert len(document.pages) == 1
    read = re.sub(r"\s+", "", document.pages[0].extract_text())
    text = page.render(found, DAY)
    for card in words.cards(found):
        for shown in (card.value, card.zh, card.verdict_en, *(line.text for line in card.lines)):
            assert re.sub(r"\s+", "", shown) in read, shown
            assert shown in text, shown
    for row in found.overdue.rows:
        assert row["ticket_no"] in read and row["ticket_no"] in text
    assert "供热晨报" in read and "Morningbrief2017-01-15" in read


def test_a_full_page_still_is_one_page(published: Warehouse, tmp_path: Path) -> None:
    found = facts_of()
    case, warning = found.overdue.rows[0], found.warnings.rows[0]
    long_names = {"unit_id": "STATION-" + "9" * 20, "percent": 12.345, "interval_low_percent": 1.0, "interval_high_percent": 20.0,
                  "judged_household_days": 123456, "coverage_percent": 1.0, "to_date_percent": None, "cases": None}  # fmt: skip
    full = replace(
        found,
        stations=[long_names] * 5,
        overdue=replace(found.overdue, rows=[case] * 8, number=4000),
        warnings=replace(found.warnings, rows=[{**warning, "evidence": warning["evidence"] * 3}] * 5, number=77),
        light=Light("red", [f"feed_{n}（unit 部门）无数据 sent nothing" for n in range(30)], found.light.feeds * 4, 1, 1, DAY),
    )
    assert len(PdfReader(pdf.write(full, tmp_path / "full.pdf")).pages) == 1
    text = page.render(full, DAY)
    assert "共 4000 条 overdue cases，列出前 8 条 first 8 shown" in text and "另有 25 项" in text


def test_what_comes_from_the_marts_is_never_markup(published: Warehouse, tmp_path: Path) -> None:
    found = facts_of()
    row = {**found.overdue.rows[0], "ticket_no": "<script>alert(1)</script>&"}
    odd = replace(found, overdue=replace(found.overdue, rows=[row]))
    assert "<script>" not in page.render(odd, DAY) and "&lt;script&gt;" in page.render(odd, DAY)
    assert "<script>" in PdfReader(pdf.write(odd, tmp_path / "odd.pdf")).pages[0].extract_text()


def test_briefs_are_kept_for_a_time_and_listed(published: Warehouse, tmp_path: Path) -> None:
    for day in ("2015-11-01", "2016-03-03", "notes"):
        (tmp_path / day).mkdir()
    folder = site.write(facts_of(None), date(2017, 4, 6), tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [site.PDF, site.PAGE]
    assert site.days(tmp_path) == ["2017-04-06", "2016-03-03"], "older than brief_kept_days is gone"
    assert (tmp_path / "notes").exists(), "what is no day is not ours"
    assert 'href="2017-04-06/index.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_broken_font_is_named(tmp_path: Path, published: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no.ttf").write_bytes(b"not a font")
    monkeypatch.setenv("HEARTH_BRIEF_FONT", str(tmp_path / "no.ttf"))
    with pytest.raises(ValueError, match=r"HEARTH_BRIEF_FONT .*no\.ttf"):
        pdf.write(facts_of(), tmp_path / "brief.pdf")


def test_the_day_of_a_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = date(2017, 1, 20)
    assert day_before(date(2017, 1, 21), newest) == date(2017, 1, 20)
    assert day_before(date(2017, 1, 25), newest) == date(2017, 1, 24), "a late day is asked for, and the page says so"
    assert day_before(date(2017, 7, 1), date(2017, 4, 6)) == date(2017, 4, 6), "between seasons nothing is awaited"
    monkeypatch.setenv("HEARTH_SCHEDULE_END", "2017-01-22")
    assert day_before(date(2017, 1, 25), newest) == newest, "a past season that is tried ends when it is told to"


def test_the_figures_change_the_digest_and_nothing_else_does(published: Warehouse) -> None:
    found = facts_of()
    digest = words.figures_sha256(found)
    again = replace(found, publication_id=99, overdue=replace(found.overdue, number=77), newest_day=DAY)
    assert words.figures_sha256(again) == digest
    rooms = replace(found.kpis[ROOMS], value=found.kpis[ROOMS].value + 0.1)  # type: ignore[operator]
    assert words.figures_sha256(replace(found, kpis={**found.kpis, ROOMS: rooms})) != digest


def test_the_dashboards_role_may_read_all_of_it_but_the_publication(published: Warehouse) -> None:
    """Facts come from the marts alone; only the number and hour of the publication stand in the ledger."""
    with psycopg.connect(published.variables["HEARTH_WAREHOUSE_URL_DASHBOARDS"]) as connection:
        connection.execute("select 1 from marts.season_kpi")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ledger"):
            gather(connection, DAY)
