"""The shape of a contract as JSON schema, for editors: completion, hover, errors while writing.

It knows what can be seen in one place; whether units, zones and columns go together only `hearth contract check` knows.
"""

from __future__ import annotations

from typing import Any

from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Column, Entity
from hearth.contracts.loading import REPOSITORY
from hearth.contracts.units import CONVERSIONS

PUBLISHED = REPOSITORY / "docs" / "contract-schema.json"
_MAPPING = "#/$defs/Mapping"


def contract_schema() -> dict[str, Any]:
    """Contracts in YAML: a mapping may be a column's name alone, and each entity has its own columns."""
    schema = Contract.model_json_schema(by_alias=True)
    mapping = schema["$defs"]["Mapping"]
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "the names it has had, the newest first"}
    mapping["properties"]["from"] = {"anyOf": [mapping["properties"]["from"], names]}
    origins = {"oneOf": [{"required": ["from"]}, {"required": ["constant"]}]}
    schema["$defs"]["Mapping"] = {
        "description": mapping.pop("description"),
        "anyOf": [{"type": "string", "description": "the source column"}, names, mapping | origins],
    }
    schema["properties"]["entity"] = {"enum": list(ENTITIES), "description": "what one row is"}
    schema["allOf"] = [_of(entity) for entity in ENTITIES.values()]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Hearth contract"}


def _of(entity: Entity) -> dict[str, Any]:
    """The columns a contract of the entity may map."""
    columns = {column.name: {"$ref": _MAPPING, "description": told(entity, column)} for column in entity.columns}
    return {
        "if": {"properties": {"entity": {"const": entity.name}}, "required": ["entity"]},
        "then": {"properties": {"columns": {"properties": columns, "additionalProperties": False}}},
    }


def told(entity: Entity, column: Column) -> str:
    """What is to be known of a canonical column."""
    facts: list[str] = [column.kind]
    facts += ["required"] if column.required else []
    facts += ["part of the key"] if column.name in entity.natural_key else []
    facts += [f"stored in {column.unit}; unit: {', '.join(CONVERSIONS[column.unit])}"] if column.unit else []
    facts += [f"one of {', '.join(column.choices)}"] if column.choices else []
    facts += ["personal: stored as a keyed hash"] if column.personal else []
    facts += [column.doc] if column.doc else []
    return "; ".join(facts)
