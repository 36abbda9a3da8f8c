"""Samples of tables: CSV of any encoding and delimiter, and sheets of a workbook."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from python_calamine import CalamineError, CalamineWorkbook

from hearth.cleaning.bounded import read_whole
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.old_workbook import as_xlsx
from hearth.cleaning.workbook import _merge_header
from hearth.contracts.contract import Format
from hearth.contracts.limits import FileLimits
from hearth.drafting.open_file import encoding_of, is_gzip, lines_of, unpacked
from hearth.drafting.sample import MOST_COLUMNS, NotASample, Sample, kept, unique

DELIMITERS = (",", ";", "\t", "|")
FIRST_LINES = 200
TITLE_LINES = 10
"""So many lines above a header may be a title."""
_DATA = re.compile(r"[-+]?[\d.,]+(?:e[-+]?\d+)?%?|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}.*|\d{1,2}:\d{2}.*|true|false", re.I)


@lru_cache(maxsize=8)
def may_say(kind: str, option: str) -> bool:
    """Whether a contract's format of a kind has an option."""
    forms = TypeAdapter(Format).json_schema()["$defs"].values()
    return any(option in form["properties"] for form in forms if form["properties"].get("kind", {}).get("const") == kind)


def csv_sample(path: Path) -> Sample:
    """Raises NotASample."""
    encoding, ask = encoding_of(path)
    delimiter = _delimiter(path, encoding)
    lines = _lines(path, encoding, delimiter)
    first = list(islice(lines, FIRST_LINES))
    if not first:
        raise NotASample(f"{path.name}: no line holds anything; a draft needs a file with rows")
    sample = Sample(path.name, {"kind": "csv", "encoding": encoding, "delimiter": delimiter}, [], [])
    if ask:
        sample.asks.append(ask)
    if is_gzip(path):
        _say_gzip(sample)
    _header_and_rows(sample, first, lines)
    return sample


def _say_gzip(sample: Sample) -> None:
    if may_say("csv", "compression"):
        sample.format["compression"] = "gzip"
    else:
        sample.asks.append("the file is gzip, and tables are read unpacked: have it delivered as plain CSV")


def _delimiter(path: Path, encoding: str) -> str:
    """The one by which most lines have the same number of cells, the most cells of those."""
    scores = []
    for delimiter in DELIMITERS:
        widths = Counter(len(line) for line in islice(_lines(path, encoding, delimiter), FIRST_LINES))
        width, lines = max(widths.items(), key=lambda found: (found[1] * (found[0] > 1), found[0]), default=(1, 0))
        scores.append((lines >= 0.8 * widths.total() and width > 1, width, delimiter))
    good, _, delimiter = max(scores, key=lambda score: score[:2])
    return delimiter if good else ","


def _lines(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    with unpacked(path) as stream:
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        reader = csv.reader(lines_of(path.name, text), delimiter=delimiter)
        while True:
            try:
                line = next(reader)
            except StopIteration:
                return
            except csv.Error:
                continue
            if any(cell.strip() for cell in line):
                yield [cell.lstrip("\ufeff") for cell in line]


def _header_and_rows(sample: Sample, first: list[list[str]], rest: Iterator[list[str]]) -> None:
    """Where the names stand, and the rows below them that have as many cells."""
    width = Counter(map(len, first)).most_common(1)[0][0]
    named = [at for at, line in enumerate(first[:TITLE_LINES]) if _is_header(line)]
    at = next((at for wide in (width, width - 1) for at in named if len(first[at]) >= wide), None)
    if at is None:
        names = [f"column_{number}" for number in range(1, width + 1)]
        sample.format["header"] = names
        sample.guesses.append(
            "no header line was found: the columns are numbered; give them the names you like, here and in columns"
        )
        at = -1
    else:
        names = [name.strip() for name in first[at]]
        _skip(sample, at)
    if len(names) == width - 1:
        sample.asks.append("lines of data end with a delimiter the header line does not have: ask the sender to mend it")
    _take(sample, names, chain(first[at + 1 :], rest))


def _skip(sample: Sample, lines: int) -> None:
    """Lines above the header, where contracts can say so."""
    if not lines:
        return
    if may_say(sample.format["kind"], "skip_rows"):
        sample.format["skip_rows"] = lines
        sample.guesses.append(f"{lines} line(s) above the header are a title")
    else:
        sample.asks.append(f"OPEN {lines} line(s) of a title stand above the header line: ask the sender to leave them out")


def _take(sample: Sample, names: list[str], lines: Iterator[list[Any]]) -> None:
    sample.columns = list(unique(names))[:MOST_COLUMNS]
    if doubled := sorted({name for name in names if name and names.count(name) > 1}):
        sample.asks.append(f"column(s) {doubled} stand twice in the header: files like this are refused, ask the sender")
    places = [names.index(name) for name in sample.columns]
    rows = ([line[place] for place in places] for line in lines if len(names) <= len(line) <= len(names) + 1)
    sample.rows, sample.is_whole = kept(rows)


def _is_header(line: list[Any]) -> bool:
    """Names are texts, each once, and no numbers or times."""
    texts = [str(cell).strip() for cell in line]
    named = [text for text in texts if text]
    return len(named) >= max(1, 0.6 * len(texts)) and not any(_DATA.fullmatch(text) for text in named) and _are_texts(line)


def _are_texts(line: list[Any]) -> bool:
    return all(isinstance(cell, str) for cell in line)


def workbook_sample(path: Path) -> Sample:
    """The first sheet with a table. Raises NotASample."""
    limits = FileLimits()
    try:
        with path.open("rb") as file:
            data = as_xlsx(path.name, read_whole(path.name, file, limits), limits)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(name, workbook.get_sheet_by_name(name)) for name in workbook.sheet_names]
        tables = [(name, sheet) for name, sheet in sheets if sheet.height > 1 and sheet.width > 1]
    except (CalamineError, OSError) as error:
        raise NotASample(f"{path.name}: not a readable workbook: {error}; ask the sender for it again") from error
    except UnreadableFile as error:
        raise NotASample(str(error)) from error
    if not tables:
        raise NotASample(f"{path.name}: no sheet holds a table of two rows and columns; sheets: {[name for name, _ in sheets]}")
    name, sheet = max(tables, key=lambda table: table[1].height)
    sample = Sample(path.name, {"kind": "xlsx"}, [], [])
    if len(sheets) > 1:
        _choose_sheets(sample, name, tables)
    _sheet_rows(sample, (list(row) for row in sheet.iter_rows()))
    return sample


def _choose_sheets(sample: Sample, name: str, tables: list[tuple[str, Any]]) -> None:
    """The largest sheet, and where contracts can say so those that go on with the same columns."""
    begins: dict[str, list[Any]] = {
        other: next((row for row in sheet.iter_rows() if any(str(cell).strip() for cell in row)), []) for other, sheet in tables
    }
    alike = [other for other, row in begins.items() if row == begins[name]]
    if len(alike) > 1 and may_say("xlsx", "sheets"):
        sample.format["sheets"] = alike
        sample.guesses.append(f"{len(alike)} sheets begin with the same line: rows go on from one to the next")
    else:
        alike, sample.format["sheet"] = [name], name
    if others := [other for other in begins if other not in alike]:
        sample.asks.append(f"the sheets {others} hold tables too, and are not read; {name!r} is the largest")


def _sheet_rows(sample: Sample, rows: Iterator[list[Any]]) -> None:
    first = list(islice(rows, TITLE_LINES + 5))
    at = next((at for at, row in enumerate(first[:TITLE_LINES]) if _is_header(row)), None)
    if at is None:
        raise NotASample(
            f"{sample.name}: no line of the sheet's first {TITLE_LINES} looks like names of columns; a sheet needs a header"
        )
    grouped = at + 1 < len(first) and _is_header(first[at + 1]) and any(not str(cell).strip() for cell in first[at])
    if not grouped and at and _is_group(first[at - 1]):
        at, grouped = at - 1, True
    _skip(sample, sum(any(str(cell).strip() for cell in row) for row in first[:at]))
    depth = 2 if grouped else 1
    if grouped:
        sample.format["header_rows"] = depth
        sample.guesses.append("two lines of merged headers: columns are called `group / name`")
    names = _merge_header(first[at : at + depth])
    lines = (row for row in chain(first[at + depth :], rows) if any(str(cell).strip() for cell in row))
    _take(sample, names, lines)


def _is_group(row: list[Any]) -> bool:
    """A line of merged group headers: two or more texts with empty cells between them."""
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    return _are_texts(row) and len(texts) >= 2 and not any(_DATA.fullmatch(text.strip()) for text in texts)
