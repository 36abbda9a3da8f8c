"""Words that YAML takes for something else than what stands there: `No` for false, `012345` for 5349, `12:30` for 750."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_ODD_NUMBER = re.compile(r"[-+]?0[0-9][0-9.]*|.*[:_xXbBoO].*")
_READ_AS = {"bool": "a truth value", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a day"}


def misread(node: yaml.Node, key: str = "") -> Iterator[tuple[int, str]]:
    """(line from 1, what to say) of every word without quotation marks that is something else to YAML."""
    if isinstance(node, yaml.MappingNode):
        for name, child in node.value:
            yield from misread(name)
            yield from misread(child, str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from misread(child)
    elif isinstance(node, yaml.ScalarNode) and not node.style and _is_odd(node, key):
        yield node.start_mark.line + 1, quote_it(node)


def _is_odd(node: yaml.ScalarNode, key: str) -> bool:
    kind = node.tag.removeprefix(_TAG)
    if kind == "bool":
        return node.value.lower() not in ("true", "false")
    if kind in ("int", "float"):
        return _ODD_NUMBER.fullmatch(node.value) is not None
    return kind == "timestamp" and key == "constant"


def quote_it(node: yaml.Node) -> str:
    """What to say of a word that should be text. `node`: of a plain scalar."""
    read = _READ_AS.get(node.tag.removeprefix(_TAG), "something else")
    return f'{node.value} without quotation marks is {read} to YAML; if the text is meant, quote it: "{node.value}"'


def plain_scalar(node: yaml.Node, location: tuple[Any, ...]) -> yaml.ScalarNode | None:
    """The word at a place of the document, or the key there where the place ends in '[key]', when YAML makes no text of it."""
    is_key = bool(location) and location[-1] == "[key]"
    for part in location[: -2 if is_key else None]:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((child for name, child in node.value if name.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = node.value[part]
        if found is None:
            return None
        node = found
    if is_key and isinstance(node, yaml.MappingNode):
        node = next((name for name, _ in node.value if name.value == str(location[-2])), node)
    return node if isinstance(node, yaml.ScalarNode) and not node.style and node.tag != f"{_TAG}str" else None
