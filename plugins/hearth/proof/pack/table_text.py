"""Rows as text: PostgreSQL's COPY lines and records read back, and tables no cell of which a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from hearth.reports.export import guarded

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FIELD = re.compile(r'"((?:[^"\\]|""|\\.)*)"|([^,"]*)', re.DOTALL)
_QUOTED = re.compile(r'""|\\(.)', re.DOTALL)


def copy_fields(line: bytes) -> list[str | None]:
    r"""Fields of one line of COPY's text format; `\N` is null. Bytes that are no UTF-8 are shown as such; no digest fits them."""
    return [
        None if field == "\\N" else _unescaped(field) for field in line.decode("utf-8", "backslashreplace").rstrip("\n").split("\t")
    ]


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda mark: _PLAIN.get(mark[1], mark[1]), field) if "\\" in field else field


def record_fields(record: str) -> list[str | None]:
    """Fields of a composite value as PostgreSQL writes it: `(1,"two, three",)` has three, the last null.

    Raises ValueError for anything else.
    """
    if not (record.startswith("(") and record.endswith(")")):
        raise ValueError(f"not a record: {record[:80]!r}")
    body, fields, position = record[1:-1], [], 0
    while True:
        match = _FIELD.match(body, position)
        assert match is not None  # the pattern also matches nothing
        quoted, plain = match[1], match[2]
        fields.append(_QUOTED.sub(lambda mark: mark[1] or '"', quoted) if quoted is not None else plain or None)
        position = match.end()
        if position == len(body):
            return fields
        if body[position] != ",":
            raise ValueError(f"not a record: {record[:80]!r}")
        position += 1


def csv_lines(header: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> Iterator[bytes]:
    """CSV of rows given as (columns, record), guarded against formulas; null, and a column the row did not have yet, is empty.
    UTF-8 with a byte order mark."""
    yield b"\xef\xbb\xbf" + _csv_line(header)
    for columns, record in rows:
        values = dict(zip(columns, record_fields(record), strict=True))
        yield _csv_line([guarded(values.get(name) or "") for name in header])


def _csv_line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
