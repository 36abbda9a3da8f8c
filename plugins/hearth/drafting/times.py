"""Which formats read a column of times, and whether its days or its months come first."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from hearth.cleaning.columns import normalise

ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
OFFSET = re.compile(r"(?<=:\d\d)(?:\.\d{1,6})?\s?(?:Z|[+-]\d{2}:?\d{2})$")
CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
EPOCHS: dict[str, tuple[float, float]] = {"s": (6e8, 4e9), "ms": (6e11, 4e12), "us": (6e14, 4e15)}
"""1989 to 2096."""
EXCEL_DAYS = (20_000, 80_000)
DAY_FIRST, MONTH_FIRST = "%d{0}%m{0}", "%m{0}%d{0}"

_DATES = (
    (re.compile(r"\d{4}(?P<s>[-/.])\d{1,2}(?P=s)\d{1,2}"), "%Y{0}%m{0}%d"),
    (re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)\d{4}"), "DAY%Y"),
    (re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)\d{2}"), "DAY%y"),
    (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), "%Y年%m月%d日"),
    (re.compile(r"\d{8}"), "%Y%m%d"),
    (re.compile(r"\d{1,2}(?P<s>[- ])[A-Za-z]{3}(?P=s)\d{4}"), "%d{0}%b{0}%Y"),
)
_CLOCKS = (
    (re.compile(""), ""),
    (re.compile(r"(?P<t>[T ])\d{1,2}:\d{2}:\d{2}\.\d{1,6}"), "{0}%H:%M:%S.%f"),
    (re.compile(r"(?P<t>[T ])\d{1,2}:\d{2}:\d{2}"), "{0}%H:%M:%S"),
    (re.compile(r"(?P<t>[T ])\d{1,2}:\d{2}"), "{0}%H:%M"),
    (re.compile(r"(?P<t> )\d{1,2}:\d{2}:\d{2} [APap][Mm]"), "{0}%I:%M:%S %p"),
    (re.compile(r"(?P<t> )\d{1,2}:\d{2} [APap][Mm]"), "{0}%I:%M %p"),
    (re.compile(r"(?P<t> ?)\d{1,2}时\d{1,2}分\d{1,2}秒"), "{0}%H时%M分%S秒"),
    (re.compile(r"(?P<t> ?)\d{1,2}时\d{1,2}分"), "{0}%H时%M分"),
    (re.compile(r"\d{6}"), "%H%M%S"),
    (re.compile(r"\d{4}"), "%H%M"),
)


@dataclass
class Times:
    """How the values of a column read as times. `formats` is empty where ISO 8601 (or the workbook itself) reads all.

    `order`: what the sample says of 03/04/2015. `share`: of the values that are there, those that could be read.
    """

    formats: list[str] = field(default_factory=list)
    order: Literal["day first", "month first", "unknown", "mixed"] | None = None
    proofs: int = 0
    share: float = 0.0
    epoch: str | None = None
    has_offset: bool = False
    has_clock: bool = False
    is_clock: bool = False
    """Times of day alone."""


def times_of(values: Iterable[Any], is_workbook: bool) -> Times:
    """What the values that are there say. `values`: distinct ones are enough."""
    values = list(values)
    if not values:
        return Times()
    if epoch := _epoch(values):
        return Times(epoch=epoch, share=1.0, has_clock=True, has_offset=True)
    clocks = sum(
        isinstance(v, (dt.time, dt.timedelta)) or (isinstance(v, str) and bool(CLOCK.fullmatch(normalise(v)))) for v in values
    )
    if clocks >= 0.8 * len(values):
        return Times(is_clock=True, share=clocks / len(values))
    native = [v for v in values if isinstance(v, dt.date) or (is_workbook and _is_excel_day(v))]
    texts = [normalise(v) for v in values if isinstance(v, (str, int)) and not isinstance(v, bool)]
    found = _of_texts(texts if len(native) < len(values) else [])
    found.share = (len(native) + round(found.share * len(texts))) / len(values)
    found.has_clock |= any(isinstance(v, dt.datetime) and v.time() != dt.time() for v in native)
    return found


def _epoch(values: list[Any]) -> str | None:
    numbers = [_whole(value) for value in values]
    for name, (low, high) in EPOCHS.items():
        if all(low <= number <= high for number in numbers):
            return name
    return None


def _whole(value: Any) -> float:
    """A number, or a text of digits alone; NaN for anything else."""
    if isinstance(value, (int, float)):
        return float(value)
    text = normalise(value)
    return float(text) if text.isascii() and text.isdecimal() else math.nan


def _is_excel_day(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and EXCEL_DAYS[0] <= value <= EXCEL_DAYS[1]


def _of_texts(texts: list[str]) -> Times:
    made, forms, first, second, days = Times(), Counter[str](), 0, 0, 0
    for text in texts:
        made.has_offset |= bool(OFFSET.search(text))
        form, a, b = _form(text)
        if form is None:
            continue
        forms[form] += 1
        made.has_clock |= "%H" in form or "%I" in form or (form == "ISO" and ":" in text)
        days += a is not None
        first, second = first + (a is not None and a > 12), second + (b is not None and b > 12)
    made.share = forms.total() / len(texts) if texts else 0.0
    if days:
        made.order = "mixed" if first and second else "day first" if first else "month first" if second else "unknown"
        made.proofs = max(first, second)
    if set(forms) - {"ISO"}:
        order = MONTH_FIRST if made.order == "month first" else DAY_FIRST
        made.formats = _written([form for form, _ in forms.most_common()], texts, order)
    return made


def _form(text: str) -> tuple[str | None, int | None, int | None]:
    """(strptime format with DAY<sign> for two numbers whose order is to be found, the first of them, the second)."""
    if ISO.fullmatch(text):
        return "ISO", None, None
    offset = OFFSET.search(text)
    zone = re.search(r"\s?(?:Z|[+-]\d{2}:?\d{2})$", text) if offset else None
    bare = text[: zone.start()] if zone else text
    for date, form in _DATES:
        if not (found := date.match(bare)):
            continue
        for clock, part in _CLOCKS:
            if not (rest := clock.fullmatch(bare, found.end())):
                continue
            named = found.groupdict()
            made = form.replace("DAY", f"DAY{named.get('s')}").format(named.get("s")) + part.format(rest.groupdict().get("t", ""))
            made += (" %z" if zone[0].startswith(" ") else "%z") if zone else ""
            a, b = (int(named[name]) if name in named else None for name in ("a", "b"))
            if _is_time(text, made):
                return made, a, b
    return None, None, None


def _is_time(text: str, form: str) -> bool:
    for order in (DAY_FIRST, MONTH_FIRST):
        try:
            return dt.datetime.strptime(text, resolved(form, order)) is not None
        except ValueError:
            continue
    return False


def resolved(form: str, order: str) -> str:
    """The strptime format, with day and month in the order."""
    return re.sub(r"DAY(.)", lambda found: order.format(found[1]), form)


def _written(forms: list[str], texts: list[str], order: str) -> list[str]:
    """strptime formats of the forms found; ISO 8601 among others is spelled out, for with formats nothing else is tried."""
    made = [resolved(form, order) for form in forms if form != "ISO"]
    if "ISO" in forms:
        made += [
            form for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d") if _reads_any(texts, form)
        ]
    return list(dict.fromkeys(made))


def _reads_any(texts: list[str], form: str) -> bool:
    for text in texts:
        try:
            dt.datetime.strptime(text, form)
        except ValueError:
            continue
        return True
    return False
