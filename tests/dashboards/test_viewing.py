"""What people see: every dashboard opens, every chart is drawn, the numbers are those of the marts, filters and languages work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from hearth.dashboards import files
from tests.support.viewing import CHART, Site, View, log_in, open_dashboard, wait_until_drawn

pytestmark = pytest.mark.servers

FILES = files.read()
SLUGS = sorted(content["slug"] for path, content in FILES.items() if path.startswith("dashboards/"))
MAY_BE_EMPTY = {
    "预警清单 Warnings",
    "今日调阀 Valves to turn",
    "新建小区 New communities without heat",
    "冷楼冷户 Cold buildings and homes",
    "极寒日 Extreme days",
}
"""Lists of what needs doing: a small city may have nothing in them, and then they say so."""
MINUS = "\u2212"
"""What a chart writes for a minus; a table writes the hyphen."""


@pytest.fixture(scope="module")
def director(browser: Browser, site: Site) -> Iterator[Page]:
    page = log_in(browser, site, "director")
    yield page
    page.context.close()


def titles(slug: str) -> list[str]:
    position = FILES[f"dashboards/{slug}.yaml"]["position"]
    return [part["meta"]["sliceName"] for part in position.values() if isinstance(part, dict) and part["type"] == "CHART"]


def one(site: Site, query: str) -> Any:
    return site.warehouse.rows(query)[0][0]


SEASON = "season = (select max(season) from marts.season_kpi where unit_kind = 'company')"
LAST = f"where unit_kind = 'company' and {SEASON}"
NEWEST = "order by heating_date desc limit 1"
ROOM = f"from marts.room_compliance {LAST} and period = 'to_date' and point_kind = 'all' {NEWEST}"
COMPLAINTS = f"from marts.complaint_rate {LAST} and period = 'to_date' and line = 'all' and category = 'all' {NEWEST}"
RENEWAL = (
    f"from marts.renewal_progress {LAST} and work_type = 'renewal' and network_level = 'all' order by progress_date desc limit 1"
)


def kpi(column: str, name: str) -> str:
    return f"select {column} from marts.season_kpi {LAST} and kpi = '{name}' {NEWEST}"


TARGETS = "指标、目标与上季同日 KPIs, targets, last season"
POINTS = "按测点类型 By point kind"
NUMBERS = [
    ("season-overview", "室温合格率 Room compliance", kpi("value", "room_compliance_percent"), ",.2f"),
    ("season-overview", "万户投诉率 Complaint rate", kpi("value", "complaints_per_10000_households"), ",.2f"),
    ("season-overview", "管网改造完成率 Pipe renewal", kpi("value", "renewal_progress_percent"), ",.2f"),
    ("season-overview", TARGETS, kpi("previous_value", "room_compliance_percent"), ",.2f"),
    ("season-overview", TARGETS, kpi("target", "complaints_per_10000_households"), ",.2f"),
    ("room-temperature", "测温覆盖率 Coverage", f"select coverage_percent {ROOM}", ",.2f"),
    ("room-temperature", POINTS, f"select judged_household_days {ROOM}", ",d"),
    ("room-temperature", POINTS, f"select interval_low_percent {ROOM}", ",.2f"),
    ("complaints-and-service", "同比 Against last season", f"select change_percent {COMPLAINTS}", "+,.1f"),
    ("renewal-and-works", "逾期项目 Projects late", f"select projects_late {RENEWAL}", ",d"),
    ("network-today", "传感器工单 Sensor cards", f"select count(*) from marts.sensor_worklist where {SEASON}", ",d"),
    ("network-today", "本季故障抢修 Incidents of the season", f"select count(*) from marts.incident_response where {SEASON}", ",d"),
    ("data-quality", "隔离区滞留 Rejected rows that wait", "select sum(open_rows) from marts.quarantine_ageing", ",d"),
]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_chart_is_drawn_and_its_numbers_are_those_of_the_marts(director: Page, site: Site, slug: str) -> None:
    director.set_viewport_size({"width": 1440, "height": 900})
    view = open_dashboard(director, site, slug)
    view.save(slug)
    assert director.locator(CHART).count() == len(titles(slug))
    assert view.errors() == []
    assert [title for title in titles(slug) if view.is_empty(title) and title not in MAY_BE_EMPTY] == []
    assert view.troubles == []
    assert {url.split("/")[2] for url in view.asked} == {site.url.split("/")[2]}, "nothing is loaded from another host"
    wrong = []
    for at, title, query, form in NUMBERS:
        if at == slug:
            value = one(site, query)
            expected = format(int(value) if form.endswith("d") else float(value), form).replace("-", MINUS)
            if expected not in view.chart(title).replace("-", MINUS):
                wrong.append(f"{title}: {expected} is not in {view.chart(title)!r}")
    assert wrong == []


def choose(page: Page, name: str, value: str) -> None:
    """Set a filter of the bar as a person does, and apply it."""
    page.locator(f"[data-test='NATIVE_FILTER-{name}']").first.click()
    page.keyboard.type(value)
    page.locator(".ant-select-item-option").filter(has_text=value).first.click()
    page.keyboard.press("Escape")
    page.locator("[data-test='filter-bar__apply-button']").click()
    wait_until_drawn(page)


def test_the_filters_change_what_is_shown(browser: Browser, site: Site) -> None:
    page = log_in(browser, site, "director")
    view = open_dashboard(page, site, "season-overview")
    rooms = "from marts.season_kpi where kpi = 'room_compliance_percent' and unit_kind = 'branch'"
    branch = one(site, f"select unit_id {rooms} and value is not null order by season desc, heating_date desc, unit_id limit 1")
    of_branch = f"{rooms} and unit_id = '{branch}'"
    choose(page, "branch", branch)
    expected = one(site, f"select value {of_branch} and {SEASON} {NEWEST}")
    assert f"{expected:,.2f}" in view.chart("室温合格率 Room compliance")
    season = one(site, "select min(season) from marts.season_kpi where unit_kind = 'company'")
    choose(page, "season", season)
    expected = one(site, f"select value {of_branch} and season = '{season}' {NEWEST}")
    assert f"{expected:,.2f}" in view.chart("室温合格率 Room compliance")
    page.context.close()


def test_the_interface_speaks_both_languages(browser: Browser, site: Site) -> None:
    page = log_in(browser, site, "director")
    for language, word in (("en", "Apply"), ("zh", "应")):
        page.goto(f"{site.url}/lang/{language}")
        view = open_dashboard(page, site, "season-overview")
        assert word in page.locator("[data-test='filter-bar__apply-button']").inner_text()
        view.save(f"season-overview-{language}")
    page.context.close()


def test_a_branch_manager_sees_the_own_branch_on_the_screen(browser: Browser, site: Site) -> None:
    page = log_in(browser, site, "branch-01")
    view = open_dashboard(page, site, "season-overview")
    view.save("season-overview-branch")
    rooms = "from marts.season_kpi where kpi = 'room_compliance_percent' and unit_kind = 'branch' and unit_id = 'BRANCH-01'"
    shown = one(site, f"select value {rooms} and {SEASON} {NEWEST}")
    assert f"{shown:,.2f}" in view.chart("室温合格率 Room compliance")
    whole = page.inner_text("body")
    assert "BRANCH-01" in whole
    others = {row[0] for row in site.warehouse.rows("select distinct branch_id from marts.org_unit where branch_id <> 'BRANCH-01'")}
    assert others and not [branch for branch in others if branch in whole]
    assert page.locator("text=SQL Lab").count() == 0
    assert view.troubles == []
    page.context.close()


@pytest.mark.parametrize(("name", "width", "height"), [("phone", 390, 844), ("wall", 1920, 1080)])
def test_it_fits_a_telephone_and_a_wall(browser: Browser, site: Site, name: str, width: int, height: int) -> None:
    page = log_in(browser, site, "director", width, height)
    view: View = open_dashboard(page, site, "season-overview")
    view.save(f"season-overview-{name}")
    for title in titles("season-overview")[:3]:
        box = view.holder(title).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width + 1
        assert box["width"] >= 300, "wide enough to read"
    page.context.close()
