"""Workbooks of before 2007 (.xls): another process, held to its limits, writes them as .xlsx; then they are as any other."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.workbook_check import refuse_oversized
from hearth.contracts.limits import FileLimits

PROGRAM = Path(__file__).with_name("xls_to_xlsx.py")
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
"""What a compound file starts with: an old workbook, and a new one behind a password."""
READER_BYTES = 128 << 20
"""Memory of its reader before it has read anything, and some to say in what went wrong."""
MEMORY_TIMES = 4
"""Memory that may be taken for what stands in it, in times of `workbook_bytes`."""


def as_xlsx(name: str, data: bytes, limits: FileLimits) -> bytes:
    """The workbook as .xlsx, measured before anything reads it. Raises UnreadableFile for what is none, or beyond the limits."""
    made = _converted(name, data, limits) if data.startswith(COMPOUND) else data
    refuse_oversized(name, io.BytesIO(made), limits)
    return made


def _converted(name: str, data: bytes, limits: FileLimits) -> bytes:
    command = [sys.executable, "-I", str(PROGRAM), str(READER_BYTES + limits.workbook_bytes * MEMORY_TIMES)]
    ended = subprocess.run(command, input=data, capture_output=True, check=False)
    if ended.returncode != 0:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"its reader ended with {ended.returncode}"
        raise UnreadableFile(
            f"{name}: not an old workbook (.xls) that can be read: {why}. Have it saved as .xlsx, without a password; if it is"
            f" that large, set format.limits.workbook_bytes (now {limits.workbook_bytes}) in the contract."
        )
    return ended.stdout
