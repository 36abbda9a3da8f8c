"""Files that commands write: what stands in the way is said before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class FileToWrite(click.Path):
    """A path in a folder that is there and may be written to."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"{path}: the folder {path.parent} is not there; make it, or choose another", param, ctx)
        if not os.access(path.parent, os.W_OK):
            self.fail(f"{path}: nothing may be written into {path.parent}; choose another folder", param, ctx)
        return path
