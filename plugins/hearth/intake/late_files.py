"""Files that a folder lists after the interval of their delivery was pulled, with the modification time they had before.

Each completes the pull of that interval: the interval is pulled again, from the files that landed then and the late ones. So a
file belongs to the interval of its delivery whenever it appears, and pulling that interval by hand gives the same rows.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hearth.contracts.file_source import FileSource
from hearth.contracts.interval import Interval
from hearth.landing.landing import LandedPull, Landing
from hearth.landing.store import StoredFile
from hearth.sources.delivery import SourceError, printable
from hearth.warehouse import ledger

if TYPE_CHECKING:
    from hearth.sources.files import Entry

log = logging.getLogger(__name__)
TOLD = 50
"""Files that the ledger's facts name; the manifests name all."""


@dataclass
class Completions:
    """What late files made of pulled intervals: (what landed, the pull it completes, number of late files), and facts to tell."""

    pulls: list[tuple[LandedPull, int, int]] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)


def complete(landing: Landing, interval: Interval) -> Completions:
    """Look, while `interval` is pulled, for late files of others.

    Those that cannot be had now are left for the next pull, which sees them again; the pull at hand goes on.
    """
    made, source = Completions(), landing.contract.source
    if not isinstance(source, FileSource):
        return made
    from hearth.sources import files

    feed, names, left = landing.contract.feed, list[str](), list[str]()
    try:
        late, nowhere = _late(feed, interval, files.listed(source, source.looked_through(interval)))
    except SourceError as error:
        late, nowhere, left = {}, 0, [str(error)]
    for standing, entries in late.items():
        mine = [printable(entry.name) for entry in entries]
        told = {"completes": standing.manifest, "late_files": mine}
        try:
            kept = _kept(landing, standing, set(mine))
            landed = landing.land(standing.interval, files.fetch(landing.contract, source, entries), kept, told)
        except (SourceError, FileNotFoundError) as error:
            left.append(f"{', '.join(mine)} of {standing.interval}: {error}")
            continue
        made.pulls.append((landed, standing.pull_id, len(mine)))
        names += mine
    for what, found in (("late_files", names), ("late_files_left", left)):
        if found:
            log.warning("%s: %s: %s", feed, what.replace("_", " "), "; ".join(found[:TOLD]))
            made.facts[what] = [text[:500] for text in found[:TOLD]]
    if nowhere:
        log.info("%s: the folder lists %d files of times before this interval that no pull has covered", feed, nowhere)
        made.facts["files_of_no_pulled_interval"] = nowhere
    return made


def _late(feed: str, interval: Interval, entries: list[Entry]) -> tuple[dict[ledger.Standing, list[Entry]], int]:
    """(files no pull has taken, by the pulled interval of their delivery; how many more lie before `interval` in none)."""
    others = [entry for entry in entries if not interval.start <= entry.delivered_at < interval.end]
    taken = ledger.taken_files(feed, [printable(entry.name) for entry in others])
    fresh = [entry for entry in others if (printable(entry.name), entry.size, entry.delivered_at) not in taken]
    standing = ledger.standing_pulls(feed) if fresh else []
    found, nowhere = defaultdict(list), 0
    for entry in fresh:
        pulled = [one for one in standing if one.interval.start <= entry.delivered_at < one.interval.end]
        if pulled:
            found[pulled[0]].append(entry)
        else:
            nowhere += entry.delivered_at < interval.start
    return found, nowhere


def _kept(landing: Landing, standing: ledger.Standing, late: set[str]) -> list[StoredFile]:
    """Files of the pull that is completed, but for those that come anew, changed. Raises FileNotFoundError."""
    kept = [file for file in landing.store.read_manifest(standing.manifest) if file.source_name not in late]
    for file in kept:
        if not (landing.store.root / file.stored_as).exists():
            raise FileNotFoundError(f"landing file {file.stored_as} of pull {standing.pull_id} is gone, deleted by rule or lost")
    return kept
