"""Can a feed's source be reached? One cheap request, no data kept; a minute at most."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.sources.pull import deliveries

SECONDS = 60.0


def check_feed(contract: Contract) -> str | None:
    """None when the source answers, else what is wrong in one line."""
    limits = contract.source.limits
    quick = limits.model_copy(update={"pull_seconds": min(limits.pull_seconds, SECONDS)})
    contract = contract.model_copy(update={"source": contract.source.model_copy(update={"limits": quick})})
    try:
        for delivery in deliveries(contract, _short(contract)):
            next(iter(delivery.chunks), b"")
            break
    except Exception as error:  # noqa: BLE001 - whatever a driver raises is the answer to the question asked
        return f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return None


def _short(contract: Contract) -> Interval:
    """The last minute; of a source that is asked for dates, yesterday."""
    now = datetime.now(UTC)
    if contract.source.kind == "http" and contract.source.interval.asks_days:
        zone = ZoneInfo(contract.time_zone)
        today = datetime.combine(now.astimezone(zone).date(), time(), zone)
        return Interval(datetime.combine(today.date() - timedelta(days=1), time(), zone), today)
    return Interval(now - timedelta(minutes=1), now)
