"""The summer programme and the readiness report: what they say for hand-made findings, and of which day they speak."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from hearth.dated.calendar import Season
from hearth.reports.page import Page
from hearth.reports.readiness import dated_checks, sensors_check, works_check
from hearth.reports.report_day import report_day, seasons_around
from hearth.reports.summer_works import ColdSubject, next_steps, task_of

DAY = date(2016, 8, 1)
COMING = Season("2016-17", date(2016, 10, 20), date(2017, 4, 6))


def subject(**given: object) -> ColdSubject:
    ordinary = {
        "kind": "building", "subject_id": "B1", "station_id": "S1", "cause": "building", "measure": "new riser",
        "due": date(2016, 9, 30), "measures": 3, "measures_done": 0, "done": None, "visits": 8, "homes_cold": 5,
    }  # fmt: skip
    return ColdSubject(**{**ordinary, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "planned"),
        ({"due": date(2016, 7, 31)}, "overdue"),
        ({"due": DAY}, "planned"),
        ({"measures_done": 3, "done": date(2016, 7, 20)}, "done"),
        ({"measures_done": 3, "done": date(2016, 8, 2)}, "planned"),
        ({"measures_done": 2, "done": None, "due": date(2016, 7, 31)}, "overdue"),
        ({"measure": None, "measures": 0}, "to_plan"),
        ({"measure": None, "measures": 0, "cause": None}, "to_visit"),
    ],
)
def test_a_cold_building_becomes_a_task(given: dict, state: str) -> None:
    assert task_of(subject(**given), DAY).state == state


def test_a_manager_reads_first_what_is_open() -> None:
    tasks = [task_of(subject(), DAY), task_of(subject(due=date(2016, 7, 1)), DAY)]
    steps = next_steps(tasks, COMING, DAY)
    assert steps[0].startswith("1 measures are overdue")
    assert steps[-1] == "80 days are left until the season 2016-17 begins on 2016-10-20."
    assert next_steps([task_of(subject(measures_done=3, done=date(2016, 7, 1)), DAY)], COMING, DAY) == []


def test_readiness_never_calls_the_unknown_ready() -> None:
    assert works_check([])[0].state == "unknown"
    done, open_ = works_check([("pump_station", 30, 30, 0, DAY), ("major_repair", 95, 90, 5, DAY)])
    assert (done.state, open_.state) == ("ok", "attention")
    assert "finish 5 items" in open_.to_do
    assert sensors_check(0, 0, None).state == "unknown"
    assert sensors_check(10, 10, DAY).state == "ok"
    assert "visit 2 silent points" in sensors_check(10, 8, DAY).to_do


def test_rows_must_hold_on_the_seasons_first_day() -> None:
    """Changchun has no refund tariff; its standard holds, but its source was not read."""
    states = {check.question.split(": ")[1].split(" ")[0]: check for check in dated_checks(COMING, "changchun")}
    assert states["refund"].evidence == "no row holds on that day"
    assert "was not read" in states["room"].evidence
    assert {check.state for check in dated_checks(COMING, "nowhere")} == {"attention"}
    before = Season("2024-25", date(2024, 11, 15), date(2025, 3, 15))
    after = Season("2025-26", date(2025, 11, 15), date(2026, 3, 15))
    tariff = [next(c for c in dated_checks(s, "xuzhou") if "refund" in c.question).state for s in (before, after)]
    assert tariff == ["attention", "ok"]


def test_a_report_speaks_of_the_day_given_or_of_its_run() -> None:
    assert report_day({"params": {"day": "2016-08-01"}}) == DAY
    evening = datetime(2016, 8, 1, 18, 0, tzinfo=UTC)  # already the 2nd in Changchun
    assert report_day({"params": {}, "data_interval_end": evening}) == date(2016, 8, 2)
    assert report_day({"dag_run": SimpleNamespace(run_after=evening)}) == date(2016, 8, 2)
    past, coming = seasons_around(DAY)
    assert past is not None and coming is not None
    assert (past.code, coming.code) == ("2015-16", "2016-17")
    assert seasons_around(date(2016, 10, 20))[0] == coming


def test_a_page_escapes_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PAGES", str(tmp_path))
    page = Page("Title", DAY)
    page.todo(["<b>do it</b>"])
    page.table("Empty", ("a",), [])
    page.table("Rows", ("a", "b"), [("<script>", None), (1234.56, "ok")])
    text = page.write("one").read_text(encoding="utf-8")
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;b&gt;do it" in text
    assert "1,234.6" in text and 'class="ok"' in text and "nothing was reported" in text
