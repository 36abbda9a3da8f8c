"""The brief as HTML: the page with its charts, and the body of the e-mail without them: mail programs drop drawings."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hearth.brief import drawing, words
from hearth.brief.facts import KPIS, Facts
from hearth.brief.fonts import PAGE


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True).get_template("page.html.j2")


def render(facts: Facts, asked: date, *, charts: bool = True, address: str = "") -> str:
    """The whole page. `asked` is the day somebody wanted; `address` of the page replaces links within the site."""
    drawn = {name: Markup(_svg(facts, name)) for name in KPIS} if charts else {}  # noqa: S704 (drawn by us, from numbers)
    return _template().render(
        facts=facts,
        asked=asked,
        title=words.title(facts),
        subtitle=words.subtitle(facts),
        light=words.LIGHTS[facts.light.state],
        cards=words.cards(facts),
        charts=drawn,
        number=words.number,
        category=words.category,
        station_cases=words.station_cases,
        no_stations=words.no_stations(facts),
        overdue_note=words.how_many(facts.overdue, ("超时工单", "overdue cases"), facts),
        warnings_note=words.how_many(facts.warnings, ("预警", "early warnings"), facts),
        warning_words=words.WARNINGS,
        published=words.published(facts),
        address=address,
    )


def _svg(facts: Facts, name: str) -> str:
    said = f"{words.NAMES[name].zh} {words.NAMES[name].en}: 本季与上季走势 this season and the last"
    return drawing.svg(drawing.trend(facts.kpis[name], facts.trend[name], PAGE), name, said)
