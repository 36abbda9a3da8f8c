"""A draft as YAML, with a comment at every guess and every open question."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

WIDEST = 120


@dataclass
class Note:
    """A remark above a line: a `guess` (what the sample suggests) or an `open` question (what it cannot tell)."""

    mark: str
    text: str


@dataclass
class Line:
    """A key of the contract with its value and the remarks about it; `inner`: lines below it instead of a value."""

    key: str
    value: Any = None
    notes: list[Note] = field(default_factory=list)
    inner: list[Line] | None = None

    def guess(self, text: str) -> None:
        self.notes.append(Note("guess", text))

    def ask(self, text: str) -> None:
        self.notes.append(Note("open", text))


def written(lines: list[Line], depth: int = 0) -> str:
    """The lines as YAML."""
    indent, made = "  " * depth, []
    for line in lines:
        made += [f"{indent}# {part}" for note in line.notes for part in _folded(f"{note.mark}: {note.text}")]
        if line.inner is not None:
            made.append(f"{indent}{plain(line.key)}:\n{written(line.inner, depth + 1)}".rstrip("\n"))
            continue
        short = f"{indent}{plain(line.key)}: {_flow(line.value)}"
        is_long = (
            line.value
            and isinstance(line.value, dict)
            and (len(short) > WIDEST or any("\n" in str(each) for each in line.value.values()))
        )
        made.append(short if not is_long else "\n".join([f"{indent}{plain(line.key)}:", *_block(line.value, depth + 1)]))
    return "\n".join(made) + "\n"


def _block(value: dict[str, Any], depth: int) -> list[str]:
    """One line a key; a mapping that is long itself goes on below."""
    indent, made = "  " * depth, []
    for key, inner in value.items():
        short = f"{indent}{plain(key)}: {_flow(inner)}"
        if isinstance(inner, str) and "\n" in inner and _is_readable(inner):
            lines = inner.removesuffix("\n").split("\n")
            mark = "|" if inner.endswith("\n") else "|-"
            made += [f"{indent}{plain(key)}: {mark}", *(f"{indent}  {line}".rstrip() for line in lines)]
        elif inner and len(short) > WIDEST and isinstance(inner, dict):
            made += [f"{indent}{plain(key)}:", *_block(inner, depth + 1)]
        elif inner and len(short) > WIDEST and isinstance(inner, list):
            made += [f"{indent}{plain(key)}:", *(f"{indent}  - {_flow(item)}" for item in inner)]
        else:
            made.append(short)
    return made


def _is_readable(text: str) -> bool:
    """Whether the lines of a text can stand as they are."""
    lines = text.removesuffix("\n").split("\n")
    return all(line.isprintable() and line == line.rstrip() for line in lines) and lines[-1] != "" and not lines[0].startswith(" ")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")  # YAML reads 1e-09 as a text
    return str(value) if isinstance(value, int) else plain(str(value))


def plain(text: str) -> str:
    """A text without quotation marks where YAML reads it as the same text, within brackets too."""
    try:
        is_plain = yaml.load(f"[{text}]", yaml.CSafeLoader) == [text] and yaml.load(f"{text}: 1", yaml.CSafeLoader) == {text: 1}
    except (yaml.YAMLError, ValueError, TypeError):
        is_plain = False
    if is_plain and text.isprintable() and "%" not in text and not text.startswith("="):
        return text
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in json.dumps(text, ensure_ascii=False))


def _escaped(sign: str) -> str:
    """Half of a surrogate pair becomes the sign it is read as."""
    return f"\\U{0xFFFD if 0xD800 <= ord(sign) < 0xE000 else ord(sign):08X}"


def _folded(text: str) -> list[str]:
    """Lines of a comment: no line end of a source's name breaks out of it."""
    words, lines = "".join(sign if sign.isprintable() else " " for sign in text).split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > WIDEST and lines[-1]:
            lines.append("  ")
        lines[-1] += (" " if lines[-1].strip() else "") + word
    return lines
