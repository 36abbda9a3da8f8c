"""The texts of dbt_project/reductions, written out in the words of the engine that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hearth.transform.asked import ALL, Asked, Days, Span
from hearth.transform.engines.engine import Words
from hearth.transform.plan import DBT_PROJECT

FOLDER = DBT_PROJECT / "reductions"


def statement(
    name: str, words: Words, zone: ZoneInfo, waiting_feeds: Sequence[str], standing_limits: Mapping[str, Any], asked: Asked = ALL
) -> str:
    """A reduction as the engine runs it. `standing_limits`: those that hold for all days."""
    dated = {
        "made_days": _days(asked.days or []),
        "standing_limit": lambda code: _double(standing_limits[code]),
        "standing": asked.standing and _standing(asked, words),
    }
    return _environment().get_template(f"{name}.sql").render({**_said(words, zone, asked.spans, waiting_feeds), **dated})


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
        "in_days": _times(spans, words),
        "local_date": lambda column: words.local_date(column, zone),
        "local_date_of_us": lambda us: words.local_date(words.instant_of_us(us), zone),
        "epoch_us": words.epoch_us,
        "hour_no": lambda column: f"cast(floor({words.epoch_us(column)} / 3600000000) as bigint)",
        "whole_division": words.whole_division,
        "nearest": words.nearest,
        "millionths": lambda number: str(round(float(number) * 1_000_000)),
        "microseconds": lambda hours: str(round(float(hours) * 3_600_000_000)),
    }


def _standing(asked: Asked, words: Words) -> dict[str, Any]:
    """What the text says of points that stand still at an edge."""
    standing = asked.standing
    assert standing is not None
    near, far, edges = _times(asked.spans, words), _times(standing.spans, words), standing.edges
    return {
        "made_days": _days(standing.days),
        "in_days_beyond": lambda column: f"{far(column)} and not {near(column)}",
        "in_edges": _times(edges, words),
        "edges": [_times([edge], words) for edge in edges],
        "seconds": standing.hours * 3600,
    }


def _days(days: Days) -> Callable[[str], str]:
    return lambda column: _any(f"{column} between date '{a}' and date '{b}'" for a, b in days)


def _times(spans: Sequence[Span], words: Words) -> Callable[[str], str]:
    return lambda column: _any(f"{column} >= {words.instant(a)} and {column} < {words.instant(b)}" for a, b in spans)


def _any(terms: Iterable[str]) -> str:
    """Any of them; all days, where none are named."""
    told = " or ".join(f"({term})" for term in terms)
    return f"({told})" if told else "true"


def _double(value: Any) -> str:
    """As a double: an engine may compute exact decimals otherwise, and round them elsewhere."""
    return f"{float(value)!r}" if "e" in f"{float(value)!r}" else f"{float(value)!r}e0"
