"""The unit of a column whose name does not say it: the one by which its values are such as the intake accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from hearth.contracts.units import CONVERSIONS
from hearth.dated.limits import Limits
from hearth.validation.suite_text import suite_text

FITS = 0.95


@lru_cache(maxsize=64)
def bounds(entity: str) -> dict[str, tuple[float, float]]:
    """What today's suite and limits accept of each column."""
    limits, found = Limits.from_seeds().on(date.today()), {}
    for rule in json.loads(suite_text(entity))["expectations"]:
        given = rule["kwargs"]
        if rule["meta"].get("reason") == "out_of_range":
            low, high = (given.get(side) for side in ("min_value", "max_value"))
            found[given["column"]] = (_limit(low, limits, float("-inf")), _limit(high, limits, float("inf")))
    return found


def _limit(given: Any, limits: Mapping[str, float], without: float) -> float:
    """A limit of a suite: a dated one by its code, a number as it stands, or none."""
    if given is None:
        return without
    return limits[given["$PARAMETER"]] if isinstance(given, dict) else float(given)


def units_that_fit(entity: str, column: str, stored: str, numbers: dict[float, int]) -> list[str]:
    """Units by which nearly all the numbers lie within the limits, the stored one first."""
    low, high = bounds(entity).get(column, (float("-inf"), float("inf")))
    total = sum(numbers.values())
    fitting = []
    for unit, (offset, factor) in CONVERSIONS[stored].items():
        inside = sum(rows for number, rows in numbers.items() if low <= (number + offset) * factor <= high)
        if total and inside >= FITS * total:
            fitting.append(unit)
    return fitting
