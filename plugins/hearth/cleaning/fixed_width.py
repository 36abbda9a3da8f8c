"""Lines whose columns stand at fixed places, as old systems print them, become records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
import pandas as pd

from hearth.cleaning.bounded import too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.records import LandedFile, Records, require_columns
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import FixedWidthFormat
from hearth.contracts.reasons import BIT

LINES_AT_ONCE = 50_000


def read_fixed_width(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """Blank lines are no records; a line that ends before a column has begun is unreadable. Raises UnreadableFile."""
    form = contract.format
    assert isinstance(form, FixedWidthFormat)
    require_columns(contract, file, set(form.columns))
    lines = _lines(file, stream, form)
    while chunk := [line for _, line in zip(range(LINES_AT_ONCE), lines, strict=False)]:
        yield _records(contract, file, form, chunk, first)
        first += len(chunk)


def _lines(file: LandedFile, stream: IO[bytes], form: FixedWidthFormat) -> Iterator[bytes]:
    above, limit = form.skip_rows, form.limits.line_bytes
    while line := stream.readline(limit + 1):
        if len(line) > limit:
            raise too_much(file.name, form.limits, "line_bytes", "a line is longer")
        if above:
            above -= 1
        elif line.strip():
            yield line.rstrip(b"\r\n")


def _records(contract: Contract, file: LandedFile, form: FixedWidthFormat, lines: list[bytes], first: int) -> Records:
    wanted = {name: form.columns[name] for name in contract.source_columns if name in form.columns}
    begins = max(start for start, _ in wanted.values())
    bits = np.zeros(len(lines), np.int32)
    cells: dict[str, list[str | None]] = {name: [] for name in wanted}
    for at, line in enumerate(lines):
        text = line if form.counted_in == "bytes" else _decoded(file, form, line, first + at)
        if len(text) < begins:
            bits[at] = BIT["unreadable_record"]
        for name, (start, width) in wanted.items():
            part = text[start - 1 : start - 1 + width]
            cell = part if isinstance(part, str) else _decoded(file, form, part, first + at)
            cells[name].append(None if bits[at] else cell.strip())
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})
    return Records.of(file, frame, first, bits, sum(map(len, lines)))


def _decoded(file: LandedFile, form: FixedWidthFormat, part: bytes, number: int) -> str:
    try:
        return part.decode(form.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise UnreadableFile(
            f"{file.name}: record {number}: {part[:8].hex(' ')} is not {form.encoding}: {getattr(error, 'reason', error)}. Say the"
            " file's encoding in the contract's format.encoding, and whether its places are counted_in bytes or characters."
        ) from error
