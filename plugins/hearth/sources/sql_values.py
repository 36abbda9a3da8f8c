"""Values of databases as JSON has them: what a driver makes of a column, never Python's own way of writing it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

LONGEST_INTEGER = 100
"""Digits of a whole number that is kept exactly: longer than any identifier, and still finite as a float."""


class NoText(TypeError):
    """A value of a kind that has no text of its own."""


def plain(value: Any) -> Any:
    """As JSON has it: whole decimals keep every digit (identifiers of 20 digits are no floats), others become floats.

    Bytes become hexadecimal digits, a span of time hours:minutes:seconds. Raises NoText.
    """
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value.adjusted() < LONGEST_INTEGER and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    if isinstance(value, timedelta):
        return _hours(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if type(value).__str__ is object.__str__:
        raise NoText(type(value).__name__)
    return str(value)


def _hours(span: timedelta) -> str:
    """As databases write it: 09:05:00, -838:59:59, 00:00:00.500000."""
    sign, span = ("-", -span) if span < timedelta() else ("", span)
    minutes, seconds = divmod(span.days * 86_400 + span.seconds, 60)
    parts = f".{span.microseconds:06d}" if span.microseconds else ""
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{parts}"
