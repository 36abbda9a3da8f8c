"""Settings for the servers of tests. What dies in a test is a process, never the machine: nothing has to be forced to a disk."""

from __future__ import annotations

from collections.abc import Mapping

from local.postgres import SMALL

QUICK: Mapping[str, str] = {**SMALL, "fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}
"""For PostgreSQL 16 and later. dbt opens a connection for each of its nodes, and a password is proved each time."""
