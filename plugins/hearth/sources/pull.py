"""Choose the source by the contract's kind."""

from __future__ import annotations

from collections.abc import Iterator

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery


def deliveries(contract: Contract, interval: Interval) -> Iterator[Delivery]:
    """Everything the feed delivered in the interval. Raises SourceError or SourceUnavailable."""
    source = contract.source
    if source.kind == "http":
        from hearth.sources import http

        return http.deliveries(contract, source, interval)
    if source.kind == "sftp":
        from hearth.sources import sftp

        return sftp.deliveries(contract, source, interval)
    from hearth.sources import sql

    return sql.deliveries(contract, source, interval)
