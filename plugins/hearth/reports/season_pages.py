"""The pages around the season by name, for their DAG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hearth.reports.readiness import write_readiness
from hearth.reports.report_day import report_day
from hearth.reports.summer_works import write_summer_works

WRITERS = {"summer-works": write_summer_works, "season-readiness": write_readiness}


def write(page: str, context: Any) -> Path:
    """Write one page as of the day of the run; returns its path."""
    return WRITERS[page](report_day(context))
