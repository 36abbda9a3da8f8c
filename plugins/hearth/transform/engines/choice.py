"""The engine HEARTH_READINGS_ENGINE names."""

from __future__ import annotations

import os
import re

from hearth.lake.errors import EngineFailed
from hearth.transform.engines.engine import Engine
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.engines.on_spark import Spark

SPARK = re.compile(r"spark://[^/]+:\d+(,[^/]+:\d+)*|local\[(\d+|\*)\]")


def engine_of_readings() -> Engine:
    """Raises EngineFailed for a name that none has."""
    named = os.environ.get("HEARTH_READINGS_ENGINE") or "duckdb"
    if named == "duckdb":
        return DuckDb()
    if SPARK.fullmatch(named):
        return Spark(named)
    raise EngineFailed(
        f"HEARTH_READINGS_ENGINE is {named!r}; expected duckdb (or nothing), spark://<host>:<port> of a Spark master, or"
        " local[<cores>] for Spark on this machine"
    )
