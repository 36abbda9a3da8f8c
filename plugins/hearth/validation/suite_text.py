"""What a suite says: as a file of expectations/ has it, or made for an entity of the company's own.

Made of what its file says: each number has its limits, all else those of every entity. No library is needed to read one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.contracts.folders import expectations_folder, feeds_folder

LIMITS_OF_TEXTS = {
    "text_characters": "text_max_characters",
    "note_characters": "note_max_characters",
    "control_characters": "control_characters_max",
}
"""Fact of the texts of a row (hearth.validation.checked) -> code of its dated limit."""


def suite_text(name: str, folder: Path | None = None) -> str:
    """A suite as JSON: of expectations/, beside the entity's own file, or made of that. Raises FileNotFoundError."""
    path = (folder or expectations_folder()) / f"{name}.json"
    for written in (path, feeds_folder() / "entities" / path.name):
        if written.exists():
            return written.read_text(encoding="utf-8")
    if name in ENTITIES and ENTITIES[name].is_own:
        return own_suite(ENTITIES[name])
    raise FileNotFoundError(f"{path}: no such suite; a contract's `suite` names a file of expectations/")


def own_suite(entity: Entity) -> str:
    """Its parameters are the dated limits of `validation_limit`."""
    found = [
        _rule(
            "expect_column_values_to_be_in_set",
            "Every field could be read, and no required value is empty.",
            {"column": "problem_bits", "value_set": [0]},
            {"reasons": "as found by the cleaning"},
        ),
        _between("The event is not later than its arrival.", "age_minutes", low="min_age_minutes", reason="time_after_arrival"),
        _between(
            "The event is not implausibly older than its arrival.", "age_minutes", high="max_age_minutes", reason="time_too_old"
        ),
    ]
    for column in entity.columns:
        if column.limits is not None:
            found.append(
                _between(f"{column.name} is within the limits of entities/{entity.name}.yml.", column.name, *column.limits)
            )
        elif column.kind in ("date", "instant") and column.name != entity.event_column:
            found.append(
                _between(f"The year of {column.name} is one of a calendar.", column.name, "date_min_year", "date_max_year")
            )
    for fact, code in LIMITS_OF_TEXTS.items():
        found.append(_between("Texts are as long as such texts are, and of signs that can be shown.", fact, high=code))
    return json.dumps({"name": entity.name, "expectations": found}, ensure_ascii=False, indent=1)


def _between(
    told: str, column: str, low: float | str | None = None, high: float | str | None = None, reason: str = "out_of_range"
) -> dict[str, Any]:
    given = {"min_value": low, "max_value": high}
    limits = {side: {"$PARAMETER": of} if isinstance(of, str) else of for side, of in given.items() if of is not None}
    return _rule("expect_column_values_to_be_between", told, {"column": column, **limits}, {"reason": reason})


def _rule(kind: str, told: str, given: dict[str, Any], meta: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "kwargs": given, "meta": meta, "description": told, "severity": "critical"}
