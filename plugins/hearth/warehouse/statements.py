"""SQL of more than two lines stands in files, `sql/<name>.sql` beside the code that runs it: one statement a file, linted.

A value is a parameter, `%(name)s`, and is never written into a statement; a table or column that varies is `{name}`, put in by
psycopg.sql.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path


class Statements:
    """The statements of a room: one of these a module, `SQL`; read once, when first asked for."""

    def __init__(self, module: str) -> None:
        self.folder = Path(module).with_name("sql")

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {path.stem: path.read_text(encoding="utf-8") for path in self.folder.glob("*.sql")}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]
