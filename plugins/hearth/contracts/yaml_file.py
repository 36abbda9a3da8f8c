"""Read what people write in YAML; every error names the file, the line and the mend."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from hearth.contracts.open_questions import open_questions
from hearth.contracts.part import Part
from hearth.contracts.plain_words import misread, plain_scalar, quote_it

Model = TypeVar("Model", bound=Part)


class ContractError(ValueError):
    """A contract, or an entity, that cannot be used; the message has one line for each thing to mend."""


def read_part(model: type[Model], path: Path) -> Model:
    """A file as the model has it. Raises ContractError with `file:line: what, why, what to do`."""
    text = path.read_text(encoding="utf-8")
    try:
        node, value = _read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContractError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {error}") from error
    if not isinstance(value, dict) or not isinstance(node, yaml.MappingNode):
        first = next(iter(model.model_fields))
        raise ContractError(f"{path}:1: expected a mapping that starts with `{first}:`, found {type(value).__name__}")
    _refuse_doubled_keys(path, node)
    _refuse_open_questions(path, node)
    if words := [f"{path}:{line}: {words}" for line, words in misread(node)]:
        raise ContractError("\n".join(words))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ContractError("\n".join(_explain(model, path, node, value, e) for e in error.errors())) from error


def _read(text: str) -> tuple[yaml.Node | None, Any]:
    """A document's node with line numbers and its value, by libyaml: every task and every look of Airflow reads contracts."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_doubled_keys(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if key.value in seen:
                raise ContractError(f"{path}:{key.start_mark.line + 1}: {key.value!r} is given twice; keep one")
            seen.add(key.value)
            _refuse_doubled_keys(path, child)


def _refuse_open_questions(path: Path, node: yaml.Node) -> None:
    found = [
        f"{path}:{line}: {place}: still open: {text}; put the answer in its place" for line, place, text in open_questions(node)
    ]
    if found:
        raise ContractError("\n".join(found))


def _explain(model: type[Part], path: Path, node: yaml.Node, value: Any, error: Any) -> str:
    location = _in_document(value, error["loc"], is_missing=error["type"] == "missing")
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, location, value)
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        message = f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known: {', '.join(known)}"
    elif error["type"] == "missing":
        message = "is required and missing"
    elif (word := plain_scalar(node, location)) is not None and error["type"].endswith("_type"):
        message = quote_it(word)
    elif message.partition(":")[0].partition(".")[0] in model.model_fields:
        location = tuple(message.partition(":")[0].split("."))
        return f"{path}:{_line(node, location)}: {message}"
    return f"{path}:{_line(node, location)}: {shown or model.__name__.lower()}: {message}"


def _in_document(value: Any, told: tuple[Any, ...], is_missing: bool) -> tuple[Any, ...]:
    """Where an error is, without what pydantic puts between: names of a union's members, which the document does not have."""
    found: list[Any] = []
    for at, part in enumerate(told):
        if isinstance(value, dict):
            inside = {str(key): each for key, each in value.items()}
        else:
            inside = {str(number): each for number, each in enumerate(value)} if isinstance(value, list) else {}
        if str(part) in inside or part == "[key]" or (is_missing and at == len(told) - 1):
            found.append(part)
            value = inside.get(str(part))
    return tuple(found)


def _known_keys(model: type[Part], location: tuple[Any, ...], value: Any) -> list[str]:
    """The keys the model's schema allows beside the wrong one."""
    root = model.model_json_schema(by_alias=True)
    node: dict[str, Any] = root
    for part in location[:-1]:
        value = value[part] if isinstance(value, (dict, list)) else None
        inner = node.get("properties", {}).get(part) or node.get("additionalProperties") or node.get("items") or {}
        node = _resolve(root, inner, value)
    return sorted(node.get("properties", {}))


def _resolve(root: dict[str, Any], node: dict[str, Any], value: Any) -> dict[str, Any]:
    """Follow references; of a union take the member that `kind` names, else the first object."""
    if mapping := node.get("discriminator", {}).get("mapping"):
        kind = value.get("kind") if isinstance(value, dict) else None
        node = {"$ref": mapping.get(kind, next(iter(mapping.values())))}
    for member in node.get("anyOf", []):
        if "$ref" in member:
            node = member
            break
    if "$ref" in node:
        node = root["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def line_of(path: Path, *location: str) -> tuple[int, str]:
    """(line number from 1, the line's text) of a part of a contract, or of the nearest part around it."""
    text = path.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert node is not None, f"{path} is empty"
    number = _line(node, location)
    return number, text.splitlines()[number - 1].strip()


def _line(node: yaml.Node, location: tuple[Any, ...]) -> int:
    """Line of the innermost part of `location` that stands in the document, from 1."""
    line = node.start_mark.line + 1
    for part in location:
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, candidate in node.value:
                if key.value == str(part):
                    line, child = key.start_mark.line + 1, candidate
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is None:
            break
        node = child
    return line
