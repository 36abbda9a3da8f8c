"""Files that a folder lists after the interval of their delivery was pulled, with the modification time they had before; and
what came into the inbox in the time of an interval that had been pulled already.

Each completes the pull of that interval: the interval is pulled again, from the files that landed then and the late ones. So a
file belongs to the interval of its delivery whenever it appears, and pulling that interval by hand gives the same rows.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hearth.contracts.contract import Contract
from hearth.contracts.file_source import FileSource
from hearth.contracts.interval import Interval
from hearth.contracts.mqtt_source import MqttSource
from hearth.intake.received import arrived
from hearth.landing.inbox import Inbox
from hearth.landing.landing import LandedPull, Landing
from hearth.landing.store import StoredFile
from hearth.sources.delivery import Delivery, SourceError, printable
from hearth.warehouse import ledger

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
    made, elsewhere = Completions(), _elsewhere(landing)
    if elsewhere is None:
        return made
    feed, names, left = landing.contract.feed, list[str](), list[str]()
    try:
        late, nowhere = _late(feed, interval, elsewhere.listed(interval))
    except SourceError as error:
        late, nowhere, left = {}, 0, [str(error)]
    for standing, entries in late.items():
        mine = [printable(entry.name) for entry in entries]
        told = {"completes": standing.manifest, "late_files": mine}
        try:
            kept = _kept(landing, standing, set(mine))
            landed = landing.land(standing.interval, *elsewhere.had(entries, kept), told)
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


class _Folder:
    def __init__(self, contract: Contract, source: FileSource) -> None:
        self.contract, self.source = contract, source

    def listed(self, interval: Interval) -> list[Any]:
        from hearth.sources import files

        return files.listed(self.source, self.source.looked_through(interval))

    def had(self, entries: list[Any], kept: list[StoredFile]) -> tuple[Iterable[Delivery], list[StoredFile]]:
        """(what comes of them, with what lies in the store)."""
        from hearth.sources import files

        return files.fetch(self.contract, self.source, entries), kept


@dataclass(frozen=True)
class _Received:
    """A file of the inbox, as one of a folder is listed."""

    file: StoredFile

    @property
    def name(self) -> str:
        return self.file.source_name

    @property
    def size(self) -> int:
        return self.file.size_bytes

    @property
    def delivered_at(self) -> datetime:
        return arrived(self.file)


class _Inbox:
    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def listed(self, interval: Interval) -> list[Any]:
        return [_Received(file) for file in self.inbox.files()]

    def had(self, entries: list[Any], kept: list[StoredFile]) -> tuple[Iterable[Delivery], list[StoredFile]]:
        return (), [*kept, *(entry.file for entry in entries)]


def _elsewhere(landing: Landing) -> _Folder | _Inbox | None:
    """Where files of other intervals may appear."""
    source = landing.contract.source
    if isinstance(source, FileSource):
        return _Folder(landing.contract, source)
    return _Inbox(Inbox(landing.store, landing.contract.feed)) if isinstance(source, MqttSource) else None


def _late(feed: str, interval: Interval, entries: list[Any]) -> tuple[dict[ledger.Standing, list[Any]], int]:
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
