"""A pull of a feed whose source keeps nothing: all it has is put into the inbox, and the interval is made of what lies there."""

from __future__ import annotations

import gzip
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime

from hearth.contracts.interval import Interval
from hearth.contracts.mqtt_source import MqttSource
from hearth.landing.inbox import LARGE, Inbox
from hearth.landing.landing import LandedPull, Landing
from hearth.landing.store import StoredFile
from hearth.sources.delivery import SourceError
from hearth.sources.mqtt_lines import Message, line, line_of_large

log = logging.getLogger(__name__)


def land_received(landing: Landing, source: MqttSource, interval: Interval) -> tuple[LandedPull, dict[str, object]]:
    """(the interval's pull, facts to tell). Raises what the source raises; what came up to there stays in the inbox.

    Raises SourceError where a file of the interval was deleted by rule: what stands of it cannot be made again.
    """
    facts = empty_the_broker(landing, source)
    inbox = Inbox(landing.store, landing.contract.feed)
    files = [file for file in inbox.files() if interval.start <= arrived(file) < interval.end]
    if gone := [file.stored_as for file in files if not (landing.store.root / file.stored_as).exists()]:
        raise SourceError(
            f"{landing.contract.feed}: {len(gone)} landing file(s) of {interval} are gone, deleted by rule or lost, such as"
            f" {gone[0]}, and the broker has forgotten them. What stands of the interval stays; do not pull it again."
        )
    return landing.land(interval, (), files), facts


def empty_the_broker(landing: Landing, source: MqttSource) -> dict[str, object]:
    """Put everything it has into the inbox, a file a batch; each is acknowledged when it lies there. Returns facts to tell."""
    from hearth.sources.mqtt import batches

    if trial := os.environ.get("HEARTH_TRIAL"):
        raise SourceError(
            f"{landing.contract.feed}: what a broker gives it forgets, and the installation would lack it; trial {trial} takes none"
        )
    feed, messages, files = landing.contract.feed, 0, 0
    inbox, facts = Inbox(landing.store, feed), dict[str, object]()
    for batch in batches(source, feed, facts):
        keep(inbox, batch, landing.run_id, source.limits.message_bytes)
        messages, files = messages + len(batch), files + 1
    log.info("%s: %d message(s) received, in %d file(s)", feed, messages, files)
    return {**facts, "messages_received": messages, "files_received": files}


def keep(inbox: Inbox, batch: list[Message], run_id: str, message_bytes: int) -> None:
    """A batch in one file, which arrives when its last message did; a payload that is too large beside it."""
    at = max(message.received_at for message in batch)
    facts = {"run_id": run_id, "messages": len(batch), "first_received_at": min(message.received_at for message in batch)}

    def lines() -> Iterator[bytes]:
        for message in batch:
            if len(message.payload) > message_bytes:
                sha256 = inbox.put([message.payload], message.received_at, {"run_id": run_id, "topic": message.topic}, LARGE)
                yield line_of_large(message, sha256)
            else:
                yield line(message)

    inbox.put([gzip.compress(b"".join(lines()), 1, mtime=0)], at, facts)


def arrived(file: StoredFile) -> datetime:
    assert file.delivered_at is not None
    return file.delivered_at.astimezone(UTC)
