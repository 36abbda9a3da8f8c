"""A person at a browser: logs in, opens a dashboard, waits until every chart is drawn, reads what stands there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Request, Response

from local import superset
from local.instance import REPOSITORY, Instance
from tests.support.world import Warehouse

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
DRAWN_SECONDS = 60
HOLDER = ".dashboard-component-chart-holder"
CHART = f"{HOLDER} [data-test='slice-header']"
BUSY = ".dashboard-component-chart-holder .loading, [data-test='loading-indicator']"
BROKEN = "[data-test='error-message'], .ant-alert-error, .chart-container .ant-result-error"
EMPTY = ("此查询没有数据返回", "没有数据", "No results were returned", "No data")


@dataclass(frozen=True)
class Site:
    """A Superset under test."""

    url: str
    instance: Instance
    warehouse: Warehouse

    def password(self, user: str) -> str:
        return self.instance.secret({superset.ADMIN: "superset_admin", **superset.VIEWERS}[user])


@dataclass
class View:
    """One dashboard as it stands in the browser."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("response", self._answered)
        self.page.on("requestfailed", self._failed)

    def _answered(self, answer: Response) -> None:
        if answer.url.startswith("http"):
            self.asked.append(answer.url)
        # Superset tries to keep the colours it chose for a dashboard; a viewer may not write, and the page does without.
        if answer.status >= 400 and not (answer.status == 403 and "/colors?" in answer.url):
            self.troubles.append(f"{answer.status} {answer.url}")

    def _failed(self, request: Request) -> None:
        """Not sent at all: what the content security policy forbids, and what a page gives up when it is left."""
        if request.failure not in ("csp", "net::ERR_ABORTED"):
            self.troubles.append(f"{request.failure} {request.url}")

    def holder(self, title: str) -> Locator:
        return self.page.locator(HOLDER).filter(has=self.page.get_by_text(title, exact=True)).first

    def chart(self, title: str) -> str:
        """All text of the chart that is called so."""
        return self.holder(title).inner_text()

    def is_empty(self, title: str) -> bool:
        return any(words in self.chart(title) for words in EMPTY)

    def errors(self) -> list[str]:
        """What the charts that could not be drawn say."""
        holders = self.page.locator(HOLDER).filter(has=self.page.locator(BROKEN))
        return [holders.nth(index).inner_text()[:300] for index in range(holders.count())]

    def save(self, name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        target = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=target)
        return target


def log_in(browser: Browser, site: Site, user: str, width: int = 1440, height: int = 900) -> Page:
    """A fresh browser session of a user."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai")
    page = context.new_page()
    end = time.monotonic() + DRAWN_SECONDS
    while "/login" in page.url or page.url == "about:blank":  # on a busy machine the form may forget what was typed: type again
        assert time.monotonic() < end, f"{user} is still at {page.url} after {DRAWN_SECONDS} s"
        page.goto(f"{site.url}/login/", wait_until="networkidle")
        page.fill("#username, input[name=username]", user)
        page.fill("#password, input[name=password]", site.password(user))
        page.keyboard.press("Enter")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1000)
    return page


def open_dashboard(page: Page, site: Site, slug: str, query: str = "") -> View:
    """Open a dashboard, let the window be as high as the page, so that no chart waits to be scrolled to, and wait for all."""
    view = View(page)
    view.listen()
    page.goto(f"{site.url}/superset/dashboard/{slug}/{query}")
    page.wait_for_selector(HOLDER, timeout=DRAWN_SECONDS * 1000)
    wait_until_drawn(page)
    high = page.evaluate("Math.max(...[...document.querySelectorAll('.grid-content, body')].map(e => e.scrollHeight))")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": int(high) + 300})  # type: ignore[index]
    wait_until_drawn(page)
    return view


def wait_until_drawn(page: Page) -> None:
    """No chart shows that it is busy, twice in a row: one that has just been asked for may not show it yet."""
    end, calm = time.monotonic() + DRAWN_SECONDS, 0
    while calm < 3:
        assert time.monotonic() < end, f"charts are still busy after {DRAWN_SECONDS} s"
        page.wait_for_timeout(250)
        calm = 0 if page.locator(BUSY).count() else calm + 1
