"""The feeds a command is told to look at: one nobody knows is an error, not an empty answer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import click

from hearth.contracts.loading import feeds_folder
from hearth.warehouse.connections import connect


def refuse_unknown(feeds: Iterable[str | None], role: str | None = None) -> None:
    """Raises ClickException at a feed without a contract. `role`: sees the ledger, where feeds of old are known too."""
    folder = feeds_folder()
    known = {path.stem for path in folder.glob("*.yml")}
    unknown = sorted({feed for feed in feeds if feed and feed not in known})
    if unknown and role is not None:
        with connect(role) as connection:
            loaded = {feed for (feed,) in connection.execute("select distinct feed from ledger.pull")}
        unknown, known = [feed for feed in unknown if feed not in loaded], known | loaded
    for feed in unknown:
        near = difflib.get_close_matches(feed, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise click.ClickException(f"no feed {feed!r} in {folder}{hint}; known: {', '.join(sorted(known)) or 'none'}")
