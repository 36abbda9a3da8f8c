"""CSV files for spreadsheets: what came from outside must not run as a formula when somebody opens the file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_STARTS_A_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


def guarded(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    begins = value[:1] + value.lstrip()[:1]  # blanks before it, wide ones too, do not make it harmless
    return f"'{value}" if any(sign in _STARTS_A_FORMULA for sign in begins) else value


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a guarded CSV (UTF-8 with mark, as Excel expects it); returns the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([guarded(name) for name in header])
        for row in rows:
            writer.writerow([guarded(value) for value in row])
            count += 1
    return count
