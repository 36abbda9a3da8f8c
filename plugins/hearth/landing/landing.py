"""Bring what a source delivers for an interval into the landing store: its files and a manifest that names them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.landing.store import LandingStore, StoredFile
from hearth.sources.delivery import Delivery

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LandedPull:
    """A pull that lies in the landing store and is not in the ledger yet."""

    feed: str
    interval: Interval
    run_id: str
    address: str
    manifest: str
    manifest_sha256: str
    files: list[StoredFile]


@dataclass(frozen=True)
class Landing:
    """Where the pulls of one run of a feed land."""

    store: LandingStore
    contract: Contract
    run_id: str

    def land(
        self,
        interval: Interval,
        came: Iterable[Delivery],
        kept: Iterable[StoredFile] = (),
        told: Mapping[str, object] | None = None,
    ) -> LandedPull:
        """What came of an interval, beside files `kept` of an earlier pull of it. `told`: more facts for the manifest."""
        files = list(kept)
        is_mixed = bool(files)
        for delivery in came:
            files.append(self._stored(delivery))
        if is_mixed:  # as the folder lists them: in order of delivery, then name
            files.sort(key=lambda file: (file.delivered_at, file.source_name))
        files = [replace(file, ordinal=ordinal) for ordinal, file in enumerate(files, 1)]
        feed, address = self.contract.feed, source_address(self.contract)
        facts = {
            "feed": feed,
            "interval": [interval.start, interval.end],
            "run_id": self.run_id,
            "source": address,
            "contract_hash": self.contract.content_hash,
            "landed_at": datetime.now(UTC),
            **(told or {}),
        }
        start, end = (edge.astimezone(UTC) for edge in (interval.start, interval.end))
        manifest, sha256 = self.store.write_manifest(feed, start, end, facts, files)
        return LandedPull(feed, interval, self.run_id, address, manifest, sha256, files)

    def _stored(self, delivery: Delivery) -> StoredFile:
        suffix = f".{delivery.format_kind}{'.gz' if delivery.compression == 'gzip' else ''}"
        sha256, stored_as, size = self.store.store(self.contract.feed, delivery.chunks, suffix)
        log.debug("%s: landed %s (%d bytes, sha256 %s)", self.contract.feed, delivery.name, size, sha256[:12])
        at, kind, compression = delivery.delivered_at, delivery.format_kind, delivery.compression
        return StoredFile(0, delivery.name, sha256, size, at, stored_as, kind, compression)


def source_address(contract: Contract) -> str:
    """Where a pull came from, without secrets: the connection's name and the place within it."""
    source = contract.source
    return f"{source.kind}:{source.connection}:{source.place}"
