"""A mart beside the city's truth: the same keys, and the same figures within a rounding of double precision."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.support.world import Warehouse, World


def truth_rows(world: World, name: str) -> list[dict[str, str]]:
    with (Path(world.instance.city) / "truth" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def differences(
    world: World,
    warehouse: Warehouse,
    mart: str,
    key: tuple[str, ...],
    values: tuple[str, ...],
    among: str = "true",
    within: float = 1e-6,
    truth_of: str = "",
) -> tuple[list[Any], list[Any], list[Any]]:
    """(keys the mart lacks, keys it has too many, figures that differ): three empty lists when mart and truth agree.

    `within`: how far figures may be apart, as a share of them; `truth_of`: the truth's name where it is not the mart's.
    """
    truth = {tuple(row[k] for k in key): [row[v] for v in values] for row in truth_rows(world, truth_of or mart)}
    columns = ", ".join((*(f"{k}::text" for k in key), *values))
    rows = warehouse.rows(f"select {columns} from marts.{mart} where {among}")
    found = {row[: len(key)]: row[len(key) :] for row in rows}
    wrong = [
        (k, name, found[k][i], truth[k][i])
        for k in sorted(truth.keys() & found.keys())
        for i, name in enumerate(values)
        if not _same(found[k][i], truth[k][i], within)
    ]
    return sorted(truth.keys() - found.keys()), sorted(found.keys() - truth.keys()), wrong


def _same(found: Any, text: str, within: float) -> bool:
    if found is None or text == "":
        return found is None and text == ""
    if isinstance(found, (str, bool)):
        return str(found) == text
    return abs(float(found) - float(text)) <= within * max(1.0, abs(float(text)))
