"""Pull from HTTP APIs: cursor pages that are held against each other, or a bulk export."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import requests

from hearth.contracts.contract import Contract
from hearth.contracts.http_source import HttpSource
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from hearth.sources.http_client import Again, Client, described
from hearth.sources.json_text import DOUBLED, decode
from hearth.sources.page_check import PageCheck, whole_total
from hearth.sources.watch import Watch

log = logging.getLogger(__name__)


def deliveries(contract: Contract, source: HttpSource, interval: Interval) -> Iterator[Delivery]:
    """Pages of the interval, or one export file for a long one."""
    client = Client(source, Watch(source.limits, source.path))
    parameters = _bounds(source, interval)
    if source.export and interval.days >= source.export.min_days:
        export = source.export
        yield Delivery(export.path, client.stream(export.path, parameters), export.format, export.compression)
        return
    reader = _Reader(client, source, parameters, contract.format.limits.document_bytes)
    check = PageCheck(source.path, source.pages.total)
    for number, body in enumerate(reader.bodies(check, source.pages.size), 1):
        yield Delivery(f"{source.path} page {number}", [body], "json")
    if not check.fits():
        reader.refuse_overlap(check)


def count(contract: Contract, source: HttpSource, interval: Interval) -> tuple[int, dict[str, Any]]:
    """(what the source says its total of the interval is, no sums). Raises SourceError where its answer has none."""
    client = Client(source, Watch(source.limits, source.path))
    reader = _Reader(client, source, _bounds(source, interval), contract.format.limits.document_bytes)
    _, value = reader.page({source.pages.size_parameter: "1"})
    return whole_total(_dig(value, source.pages.total or ""), source.path, source.pages.total), {}


def _bounds(source: HttpSource, interval: Interval) -> dict[str, str]:
    return {source.interval.from_: interval.start.isoformat(), source.interval.to: interval.end.isoformat()}


class _Reader:
    """Reads the pages of one interval. `at_most`: bytes of one page."""

    def __init__(self, client: Client, source: HttpSource, bounds: dict[str, str], at_most: int) -> None:
        self.client, self.source, self.bounds, self.at_most = client, source, bounds, at_most

    def bodies(self, check: PageCheck, size: int) -> Iterator[bytes]:
        """Every page as it came, followed by its cursor to the end; what the pages say is added to `check`."""
        pages, limits, watch = self.source.pages, self.source.limits, self.client.watch
        query, seen, number, empty = {pages.size_parameter: str(size)}, set(), 0, 0
        while True:
            body, value = self.page(query)
            number += 1
            where = f"{self.source.path} page {number}"
            records = _dig(value, pages.items)
            if not isinstance(records, list):
                raise SourceError(
                    f"{where}: expected a list at {pages.items!r}, came {_shape(value, pages.items)}. "
                    "Compare source.pages of the contract with the answer."
                )
            check.add(records, _dig(value, pages.total) if pages.total else None)
            yield body
            cursor = _cursor(value, pages.next, where)
            if cursor is None:
                return
            if cursor in seen:
                raise SourceError(f"{where}: its cursor came on an earlier page; the paging loops")
            seen.add(cursor)
            empty = 0 if records else empty + 1
            if empty >= limits.empty_pages:
                raise SourceError(watch.told("empty_pages", f"{empty} pages in a row held no record and led on to another"))
            if number >= limits.pages:
                raise SourceError(watch.told("pages", f"page {number} was not the last"))
            query[pages.cursor_parameter] = str(cursor)

    def page(self, query: dict[str, str]) -> tuple[bytes, Any]:
        """(body, decoded body) of one page; an error body under status 200 counts as a fault."""

        def read(body: bytes, response: requests.Response) -> tuple[bytes, Any]:
            try:
                value, _ = decode(body)
            except ValueError as error:
                raise Again(f"not JSON ({error}): {described(response)}") from error
            except RecursionError:
                raise SourceError(
                    f"{self.source.path}: expected a page of records, came JSON nested deeper than can be read:"
                    f" {described(response)}. Tell the vendor; nothing of it was kept."
                ) from None
            if value is DOUBLED:
                raise SourceError(
                    f"{self.source.path}: an answer names a key twice; nobody can tell which is meant. Tell the vendor."
                )
            for key, expected in self.source.pages.success.items():
                if _dig(value, key) != expected:
                    raise Again(f"expected {key}={expected!r}, came {_shape(value, key)}")
            return body, value

        made: tuple[bytes, Any] = self.client.body(self.source.path, {**self.bounds, **query}, self.at_most, read)
        return made

    def refuse_overlap(self, check: PageCheck) -> None:
        """A record stands on two pages and the total counts both. Raises SourceUnavailable unless the source really has it twice.

        Then it has it twice as well when pages are cut at other places: they are read once more by another size, and not kept.
        """
        size = self.source.pages.size
        again = PageCheck(check.where, check.total_at)
        for _ in self.bodies(again, size // 2 + 1 if size > 2 else size + 1):
            pass
        if not check.is_proved_by(again):
            raise SourceUnavailable(
                f"{check.where}: {check.held - check.at_least} records stand on two pages, so as many others may have been skipped,"
                f" although the total of {check.total} fits; pages of another size did not hold the same. Pull again; if it comes"
                " again, tell the source's owner, or pull a longer interval, whose pages are cut elsewhere"
            )
        log.info("%s: %d records are there twice in the source itself", check.where, check.held - check.at_least)


def _cursor(value: Any, path: str, where: str) -> str | int | float | None:
    """The cursor of the next page. What leads nowhere ends the paging: nothing, an empty text, false, zero. Raises SourceError."""
    cursor = _dig(value, path)
    if cursor is None or cursor is False or cursor == "" or (isinstance(cursor, (int, float)) and cursor == 0):
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int, float)):
        raise SourceError(
            f"{where}: expected a text or number as cursor at {path!r}, "
            f"came {_shape(value, path)}. Set source.pages.next of the contract to the cursor itself."
        )
    return cursor


def _dig(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shape(value: Any, path: str) -> str:
    """Types and keys of an answer along a dotted path, for messages; the only value told is a whole number at its end (a code)."""
    told: list[str] = []
    for place in ["", *path.split(".")]:
        value = value.get(place) if place and isinstance(value, dict) else value
        if isinstance(value, dict):
            told.append(f"{place or 'an object'} with {', '.join(map(repr, sorted(value)[:20])) or 'no keys'}"[:300])
        else:
            kind = "nothing" if value is None else type(value).__name__
            told.append(f"{place or 'an answer that'} is {value if type(value) is int else kind}")
            break
    return ": ".join(told)
