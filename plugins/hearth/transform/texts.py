"""The texts of dbt_project/reductions, written out in the words of the engine that runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hearth.transform.engines.engine import Words
from hearth.transform.plan import DBT_PROJECT

FOLDER = DBT_PROJECT / "reductions"

Days = list[tuple[date, date]]
Span = tuple[datetime, datetime]


def statement(
    name: str,
    words: Words,
    zone: ZoneInfo,
    days: Days | None,
    spans: Sequence[Span],
    waiting_feeds: Sequence[str],
    standing: Mapping[str, Any],
) -> str:
    """A reduction as the engine runs it. `days`: those to make anew, None for all; `spans`: the times that are read, none for all;
    `standing`: limits that hold for all days."""
    dated = {
        "made_days": lambda column: _any(f"{column} between date '{a}' and date '{b}'" for a, b in days or []),
        "standing_limit": lambda code: _double(standing[code]),
    }
    return _environment().get_template(f"{name}.sql").render({**_said(words, zone, spans, waiting_feeds), **dated})


def picked(entity: str, words: Words, zone: ZoneInfo, span: Span, waiting_feeds: Sequence[str]) -> str:
    """The rule by which one reading of each key is picked, of a span: the picked ones have `nth` 1."""
    return _environment().get_template(f"picked/{entity}.sql").render(_said(words, zone, [span], waiting_feeds))


def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def _said(words: Words, zone: ZoneInfo, spans: Sequence[Span], waiting_feeds: Sequence[str]) -> dict[str, Any]:
    """What the texts say."""
    names = ", ".join(f"'{feed}'" for feed in waiting_feeds)  # names are [a-z0-9_]
    return {
        "not_waiting": lambda feed: f"{feed} not in ({names})" if names else "true",
        "in_days": lambda column: _any(f"{column} >= {words.instant(a)} and {column} < {words.instant(b)}" for a, b in spans),
        "local_date": lambda column: words.local_date(column, zone),
        "local_date_of_us": lambda us: words.local_date(words.instant_of_us(us), zone),
        "epoch_us": words.epoch_us,
        "hour_no": lambda column: f"cast(floor({words.epoch_us(column)} / 3600000000) as bigint)",
        "whole_division": words.whole_division,
        "nearest": words.nearest,
        "microseconds": lambda hours: str(round(float(hours) * 3_600_000_000)),
    }


def _any(terms: Iterable[str]) -> str:
    """Any of them; all days, where none are named."""
    told = " or ".join(f"({term})" for term in terms)
    return f"({told})" if told else "true"


def _double(value: Any) -> str:
    """As a double: an engine may compute exact decimals otherwise, and round them elsewhere."""
    return f"{float(value)!r}" if "e" in f"{float(value)!r}" else f"{float(value)!r}e0"
