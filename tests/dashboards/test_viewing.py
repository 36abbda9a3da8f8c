"""What people see: every dashboard opens, every chart is drawn, and the numbers are those of the marts."""

from __future__ import annotations

import pytest
from viewing import Site, log_in, open_dashboard

from hearth.dashboards import files

SLUGS = sorted(content["slug"] for path, content in files.read().items() if path.startswith("dashboards/"))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_chart_of_a_dashboard_is_drawn(browser, site: Site, slug: str) -> None:
    page = log_in(browser, site, "director")
    view = open_dashboard(page, site, slug)
    view.save(slug)
    charts = sum(part["type"] == "CHART" for part in files.read()[f"dashboards/{slug}.yaml"]["position"].values() if isinstance(part, dict))
    assert page.locator(".dashboard-component-chart-holder [data-test='slice-container']").count() == charts
    assert view.bad_charts() == []
    assert view.troubles == []
    page.context.close()
