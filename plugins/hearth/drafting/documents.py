"""Samples of JSON: an answer in pages, a document, or a record a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearth.contracts.limits import FileLimits
from hearth.drafting.open_file import is_gzip, lines_of, unpacked
from hearth.drafting.sample import NotASample, Sample, kept

NEXT = ("next", "nextcursor", "cursor", "nextpage", "nexttoken", "continuation", "scrollid")
TOTAL = ("total", "totalcount", "count", "totalelements", "records")
STATUS = ("code", "status", "errcode", "success", "resultcode")
DEEPEST = 4


def is_page(path: Path, start: bytes) -> bool:
    """Whether a JSON file is one document rather than a record a line. `start`: its beginning."""
    first, _, rest = start.partition(b"\n")
    if not (start.startswith(b"{") and first.rstrip().endswith(b"}")):
        return True
    if rest.strip():
        return not rest.lstrip().startswith(b"{")
    record = next(_records(path), {})
    return any(_holds_list(inner) for inner in record.values())


def lines_sample(path: Path) -> Sample:
    """Raises NotASample."""
    form = {"kind": "ndjson"} | ({"compression": "gzip"} if is_gzip(path) else {})
    records, is_whole = kept([record] for record in _records(path))
    if not records:
        raise NotASample(f"{path.name}: no line is a JSON object; expected one record a line")
    return _sample(path, form, [record for (record,) in records], is_whole)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with unpacked(path) as stream:
        for line in lines_of(path.name, stream):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value


def page_sample(path: Path) -> Sample:
    """Raises NotASample."""
    limit = FileLimits().document_bytes
    with unpacked(path) as stream:
        text = stream.read(limit + 1)
    if len(text) > limit:
        raise NotASample(
            f"{path.name}: larger than {limit} bytes, which one JSON page may have; ask for smaller pages or JSON lines"
        )
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotASample(f"{path.name}: not JSON: {error}; save the whole answer") from error
    items, records = max(_lists(value, ()), key=lambda found: len(found[1]), default=((), []))
    if not records:
        raise NotASample(f"{path.name}: no list of JSON objects in it; save an answer that holds records")
    kept_records, is_whole = kept([record] for record in records)
    sample = _sample(path, {"kind": "json"}, [record for (record,) in kept_records], is_whole)
    if items:
        sample.pages = {"items": ".".join(items)} | _paging(value)
    return sample


def _holds_list(value: Any) -> bool:
    """A list of records, or an object with any list in it, which may be a page without a record."""
    if isinstance(value, dict):
        return any(isinstance(inner, list) or _holds_list(inner) for inner in value.values())
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """Every list of objects, with the way to it."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield path, [item for item in value if isinstance(item, dict)]
    elif isinstance(value, dict) and len(path) < DEEPEST:
        for key, inner in value.items():
            yield from _lists(inner, (*path, key))


def _paging(value: Any) -> dict[str, Any]:
    """Where the answer has its cursor, its total and its sign of success, by their names."""
    found: dict[str, Any] = {}
    for path, inner in _leaves(value, ()):
        name = path[-1].lower().replace("_", "").replace("-", "")
        if name in NEXT:
            found.setdefault("next", ".".join(path))
        elif name in TOTAL and isinstance(inner, int):
            found.setdefault("total", ".".join(path))
        elif name in STATUS and len(path) == 1 and isinstance(inner, (str, int)):
            found.setdefault("success", {path[0]: inner})
    return found


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and len(path) < DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif path and not isinstance(value, list):
        yield path, value


def _sample(path: Path, form: dict[str, Any], records: list[dict[str, Any]], is_whole: bool) -> Sample:
    columns = list(dict.fromkeys(key for record in records for key in record))
    sample = Sample(path.name, form, columns, [[record.get(column) for column in columns] for record in records], is_whole)
    nested = [column for column in columns if any(isinstance(record.get(column), dict) for record in records)]
    if nested:
        sample.asks.append(
            f"objects stand in {nested}: a contract reads fields of the record itself; ask for them flat if they are needed"
        )
    return sample
