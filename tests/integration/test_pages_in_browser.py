"""Every page for people, opened in a real browser: no error on its console, the words and numbers it is there for.

Screenshots are left in build/screenshots for whoever wants to look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from http.server import ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser

from local.instance import REPOSITORY
from local.pages import Handler
from tests.support.world import Warehouse

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
pytestmark = pytest.mark.slow


class Quiet(Handler):
    def log_message(self, *arguments: Any) -> None:
        """The tests look at the pages."""


@pytest.fixture(scope="module")
def site(_published: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All pages as the DAGs write them, served as the demo serves them; their address."""
    from hearth.reports import season_pages
    from hearth.tasks.brief import write_brief
    from hearth.tasks.reports import trace_headline, write_reports

    folder = tmp_path_factory.mktemp("pages")
    run = SimpleNamespace(run_type="manual", run_after=datetime(2017, 1, 16, 1, tzinfo=UTC))
    context = {"params": {}, "run_id": "test", "dag_run": run}
    with _published.active(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_PAGES", str(folder))
        write_reports(context)
        trace_headline()
        write_brief(context)
        for page in season_pages.WRITERS:
            season_pages.write(page, {"params": {"day": "2016-08-01"}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def look(browser: Browser, url: str, name: str, width: int = 1200, known: str = "favicon") -> str:
    """The page's text, after it has shown itself without an error (but those that name `known`); a screenshot is kept."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on(
        "console",
        lambda message: errors.append(f"{message.text} {message.location.get('url')}") if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    answer = page.goto(url, wait_until="networkidle", timeout=90_000)
    assert answer is not None and answer.status == 200, url
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=page.evaluate("document.body.scrollHeight") < 8000)
    text = page.inner_text("body")
    overflow = page.evaluate("document.documentElement.scrollWidth") - width
    page.close()
    assert [error for error in errors if known not in error and "favicon" not in error] == [], url
    assert width > 500 or overflow <= 0, f"{url} is {overflow} pixels too wide for a telephone"
    return text


@pytest.mark.parametrize("width", [1200, 390])
def test_the_brief(browser: Browser, site: str, published: Warehouse, width: int) -> None:
    day = date(2017, 1, 15)
    text = look(browser, f"{site}/brief/{day}/index.html", f"brief-{width}", width)
    ((value,),) = published.rows(
        "select value from marts.season_kpi where unit_kind = 'company' and kpi = 'room_compliance_percent' and heating_date = %s",
        day,
    )
    for said in (
        "供热晨报",
        "Morning brief",
        f"{value:.1f} %",
        "达标 target met",
        "最差换热站",
        "超时工单",
        "预警",
        "数据质量",
        "STATION-",
    ):
        assert said in text, said


def test_the_brief_draws_the_trend(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/brief/2017-01-15/index.html")
    lines = page.eval_on_selector_all("figure svg", "all => all.map(svg => svg.querySelectorAll('polyline, path').length)")
    height = page.eval_on_selector_all("figure svg", "all => all.map(svg => svg.getBoundingClientRect().height)")
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    page.close()
    assert len(lines) == 3 and all(number > 10 for number in lines) and min(height) > 100
    assert len(ids) == len(set(ids)), "each drawing has ids of its own"


def test_the_quality_report_opens_fast(browser: Browser, site: str) -> None:
    begun = time.monotonic()
    text = look(browser, f"{site}/data-docs/index.html", "quality-report")
    print(f"index of the quality report: {time.monotonic() - begun:.2f} s with its screenshot")
    page = browser.new_page()
    page.goto(f"{site}/data-docs/index.html")
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    page.close()
    print(f"index of the quality report: loaded in {timing:.0f} ms")
    for said in ("Data quality 数据质量", "remote_points", "2017-04", "critical"):
        assert said in text, said


def test_the_quarantine(browser: Browser, site: str, published: Warehouse) -> None:
    text = look(browser, f"{site}/quarantine/index.html", "quarantine")
    ((feed, reason, number),) = published.rows(
        "select feed, reason, open_rows from marts.quarantine_ageing where open_rows > 0"
        " order by open_rows desc, feed, reason limit 1"
    )
    for said in (
        "Quarantine 隔离区",
        feed,
        reason,
        f"{number:,}",
        f"hearth quarantine list --feed {feed} --reason {reason}",
        "Owner 责任方",
    ):
        assert said in text, said


def test_the_documents(browser: Browser, site: str) -> None:
    english = look(browser, f"{site}/docs/kpi-catalogue.html", "kpi-catalogue")
    chinese = look(browser, f"{site}/docs/kpi-catalogue.zh-CN.html", "kpi-catalogue-zh")
    assert "overdue_case" in english and "Denominator" in english and "指标目录" in chinese and "分母" in chinese
    runbook = look(browser, f"{site}/docs/runbook.html", "runbook")
    assert "The brief does not arrive" in runbook
    page = browser.new_page()
    for name in ("runbook.html", "runbook.zh-CN.html"):
        page.goto(f"{site}/docs/{name}#the-marts-gate-is-red")
        assert page.evaluate("document.getElementById('the-marts-gate-is-red') !== null"), name
    page.close()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("index.html", ("Morning brief 供热晨报", "Quarantine 隔离区", "KPI catalogue 指标目录")),
        ("brief/index.html", ("2017-01-15", "PDF")),
        ("trace/index/index.html", ("Trace 溯源", "room_compliance_percent", "complaints_per_10000_households")),
        ("summer-works/index.html", ("夏季检修计划", "2015-16")),
        ("season-readiness/index.html", ("2016-17",)),
    ],
)
def test_the_others(browser: Browser, site: str, path: str, said: tuple[str, ...]) -> None:
    text = look(browser, f"{site}/{path}", path.split("/")[0].removesuffix(".html"))
    for words in said:
        assert words in text, words


def test_dbt_docs(browser: Browser, site: str) -> None:
    """A program of dbt's: it asks for pictures by its own template's name before that is filled in; nothing else may fail."""
    text = look(browser, f"{site}/dbt-docs/index.html#!/model/model.hearth.overdue_case", "dbt-docs", known="/%7B%7B%20getIcon")
    assert "overdue_case" in text and "overdue_hours" in text


def test_every_link_of_the_front_page_opens(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/index.html")
    targets = page.eval_on_selector_all("a", "all => all.map(a => a.href)")
    assert len(targets) == 9
    for target in targets:
        assert page.request.get(target).status == 200, target
    page.close()
