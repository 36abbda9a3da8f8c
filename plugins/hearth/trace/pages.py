"""Newest numbers as traced pages, with an index: where an auditor who reads the reports begins."""

from __future__ import annotations

from pathlib import Path

from hearth.reports.page import Page
from hearth.trace.text import write_page
from hearth.trace.walk import WALKS, trace
from hearth.warehouse.connections import connect

RECORDS = 3
"""So many records of each number are read again from the landing files."""


def write_headline() -> Path:
    """Trace each KPI on its newest day; returns HEARTH_PAGES/trace/index/index.html.

    Cases and projects of the whole company; of rooms the station that stands lowest, because a whole season of a city's
    readings takes minutes to walk.
    """
    with connect("auditor") as connection:
        newest = connection.execute(
            "select distinct on (kpi) kpi, season, unit_id, heating_date from marts.season_kpi where value is not null"
            " and unit_kind = case kpi when 'room_compliance_percent' then 'station' else 'company' end"
            " order by kpi, heating_date desc, value, unit_id"
        ).fetchall()
    found = [trace(season, kpi, unit, day, RECORDS) for kpi, season, unit, day in newest if kpi in WALKS]
    pages = [(t, write_page(t)) for t in found]
    index = Page("Trace 溯源: where the newest numbers come from", max((t.target.day for t in found), default=None))
    index.todo(f"{t.target.kpi}: {t.broken[0][1].says} does not add up" for t in found if t.broken)
    index.say("Any other number: hearth trace kpi --season ... --org-unit ... --date ... --page")
    index.links(
        "Numbers 指标",
        [(f"{t.target.kpi} of {t.target.unit_id}, {t.target.season} to {t.target.day}", page.parent.name) for t, page in pages],
    )
    return index.write("trace/index")
