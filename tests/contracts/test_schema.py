"""The JSON schema of contracts that editors use: every contract is valid by it, and what it refuses the check refuses too."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from hearth.contracts.contract import Contract
from hearth.contracts.loading import REPOSITORY
from hearth.contracts.schema import PUBLISHED, contract_schema

CONTRACTS = sorted([*(REPOSITORY / "feeds").glob("*.yml"), *(REPOSITORY / "examples").glob("*/feeds/*.yml")])
SCHEMA = jsonschema.Draft202012Validator(contract_schema())


def as_json(value: Any) -> Any:
    """As an editor reads YAML: days are texts."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def read(path: Path) -> dict[str, Any]:
    found = as_json(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_every_contract_is_valid_by_the_schema(path: Path) -> None:
    assert [error.message for error in SCHEMA.iter_errors(read(path))] == []


def test_the_published_schema_is_the_one_of_this_version() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert published == contract_schema(), "write it again: bin/hearth contract schema > docs/contract-schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda c: c["columns"].update(temperatur_degc="temp"), "columns"),
        (lambda c: c["columns"].update(temperature_degc={"unit": "degC"}), "columns"),
        (lambda c: c["columns"].update(temperature_degc={"from": "temp", "unit": "degC", "formatz": []}), "columns"),
        (lambda c: c.update(entity="outdoor"), "entity"),
        (lambda c: c["format"].update(kind="pdf"), "format"),
        (lambda c: c["source"].pop("connection"), "source"),
        (lambda c: c.update(colums={}), ""),
        (lambda c: c.pop("time_zone"), ""),
    ],
)
def test_what_the_schema_refuses_the_check_refuses(change: Any, where: str) -> None:
    contract = read(REPOSITORY / "feeds" / "weather.yml")
    wrong = deepcopy(contract)
    change(wrong)
    errors = list(SCHEMA.iter_errors(wrong))
    assert errors and all((error.absolute_path[0] if error.absolute_path else "") == where for error in errors)
    with pytest.raises(ValidationError):
        Contract.model_validate(wrong)


def test_canonical_columns_are_explained() -> None:
    of_rooms = next(e for e in contract_schema()["allOf"] if e["if"]["properties"]["entity"]["const"] == "room_reading")
    told = of_rooms["then"]["properties"]["columns"]["properties"]
    assert told["temperature_degc"]["description"] == "number; required; stored in degC; unit: degC, degF, 0.1 degC"
    assert "personal" in told["resident_phone"]["description"]
