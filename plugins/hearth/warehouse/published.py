"""Whether the marts hold anything yet: before the first publication they do not exist."""

from __future__ import annotations

import psycopg


class NothingPublished(LookupError):
    """The published marts do not hold what was asked for; the message says what they hold instead."""


def require_publication(connection: psycopg.Connection) -> None:
    """Raises NothingPublished before the first publication: the marts are then not even there as tables."""
    if connection.execute("select from ledger.publication limit 1").fetchone() is None:
        raise NothingPublished("nothing is published yet; the DAG build_marts does it when the first feeds have loaded")
