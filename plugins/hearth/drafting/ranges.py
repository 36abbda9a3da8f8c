"""The unit of a column whose name does not say it: the one by which its values are such as the intake accepts."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache

from hearth.contracts.loading import expectations_folder
from hearth.contracts.units import CONVERSIONS
from hearth.dated.limits import Limits

FITS = 0.95


@lru_cache(maxsize=64)
def bounds(entity: str) -> dict[str, tuple[float, float]]:
    """What today's suite and limits accept of each column."""
    limits, found = Limits.from_seeds().on(date.today()), {}
    for rule in json.loads((expectations_folder() / f"{entity}.json").read_text(encoding="utf-8"))["expectations"]:
        given = rule["kwargs"]
        if rule["meta"].get("reason") == "out_of_range":
            low, high = (given.get(side) for side in ("min_value", "max_value"))
            found[given["column"]] = (
                limits[low["$PARAMETER"]] if low is not None else float("-inf"),
                limits[high["$PARAMETER"]] if high is not None else float("inf"),
            )
    return found


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
