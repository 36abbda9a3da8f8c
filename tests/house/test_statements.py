"""SQL of the way in stands in files: each is read by its room, none is missing, and no long statement stands in Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from local.instance import REPOSITORY

ROOMS = sorted({path.parent for path in REPOSITORY.glob("plugins/hearth/*/sql")})
NAMED = re.compile(r'SQL\[f?"(\w+?)(\{\w+\})?"\]')
STATEMENT = re.compile(r"\s*(--.*\n\s*)*(select|insert into|delete from|update|create|with)\s", re.IGNORECASE)


def test_the_rooms_of_the_way_in_have_their_statements() -> None:
    assert {room.name for room in ROOMS} == {"intake", "keeping", "lake", "loading", "quarantine", "warehouse"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_statement_is_read_and_every_one_read_is_there(room: Path) -> None:
    files = {path.stem for path in (room / "sql").glob("*.sql")}
    read = set[str]()
    for module in room.glob("*.py"):
        for name, varying in NAMED.findall(module.read_text(encoding="utf-8")):
            found = {file for file in files if file.startswith(name) and (varying or file == name)}
            assert found, f"{module.name} reads {name}, and there is no such file"
            read |= found
    assert files == read


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_statement_of_more_than_two_lines_stands_in_a_file(room: Path) -> None:
    long = [
        f"{module.name}:{node.lineno}"
        for module in room.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)))
        and STATEMENT.match(_text(node))
        and (node.end_lineno or node.lineno) - node.lineno > 1
    ]
    assert long == []


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
