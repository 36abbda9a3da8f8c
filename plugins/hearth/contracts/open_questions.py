"""Questions a drafted contract leaves to a person: a key or a value that begins with OPEN, and the remarks above its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

OPEN = "OPEN "
_REMARK = re.compile(r"\s*# ((?:guess|open): .+)")


def open_questions(node: yaml.Node, place: str = "") -> Iterator[tuple[int, str, str]]:
    """(line from 1, dotted place, the question) of each."""
    if isinstance(node, yaml.ScalarNode):
        if node.value.startswith(OPEN):
            yield node.start_mark.line + 1, place, node.value.removeprefix(OPEN)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from open_questions(key, place)
            yield from open_questions(value, f"{place}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from open_questions(value, place)


def remarks(text: str) -> Iterator[tuple[int, str]]:
    """(line from 1, its words) of each remark of the draft that still stands in a contract."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _REMARK.fullmatch(line):
            yield number, found[1]
