"""Where an installation keeps what it says itself."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def feeds_folder() -> Path:
    """HEARTH_FEEDS, or the repository's feeds/: contracts; below it `entities/` and `models/` of the company's own."""
    return Path(os.environ.get("HEARTH_FEEDS") or REPOSITORY / "feeds")


def expectations_folder() -> Path:
    """HEARTH_EXPECTATIONS, or the repository's expectations/."""
    return Path(os.environ.get("HEARTH_EXPECTATIONS") or REPOSITORY / "expectations")
