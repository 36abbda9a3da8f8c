"""Pull from HTTP APIs: pages that are held against each other, or a bulk export."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests

from hearth.contracts.asked_times import days_of
from hearth.contracts.contract import Contract
from hearth.contracts.http_source import EACH, HttpSource
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from hearth.sources.http_client import Again, Client, described
from hearth.sources.http_interval import bounds, told_window
from hearth.sources.http_paging import Paging
from hearth.sources.http_request import Asked, dig, shape
from hearth.sources.json_text import DOUBLED, decode
from hearth.sources.page_check import PageCheck, whole_total
from hearth.sources.watch import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """What is paged through at once: a part of the interval, of one device where a source is asked for each. `name`: for people."""

    name: str
    asked: Asked


def deliveries(contract: Contract, source: HttpSource, interval: Interval) -> Iterator[Delivery]:
    """Pages of the interval, or one export file for a long one."""
    client, zone = Client(source, Watch(source.limits, source.path)), ZoneInfo(contract.time_zone)
    if source.export and interval.days >= source.export.min_days:
        export = source.export
        asked = Asked(export.path, {**source.send, **bounds(source.interval, interval, zone)}, source.method, source.form)
        yield Delivery(export.path, client.stream(asked), export.format, export.compression)
        return
    for question in questions(source, interval, zone):
        reader = _Reader(client, source, question, contract.format.limits.document_bytes)
        check = PageCheck(question.name, source.pages.total)
        for number, body in enumerate(reader.bodies(check, source.pages.size), 1):
            yield Delivery(f"{question.name} page {number}", [body], "json")
        if not check.fits():
            reader.refuse_overlap(check)


def count(contract: Contract, source: HttpSource, interval: Interval) -> tuple[int, dict[str, Any]]:
    """(what the source says its total of the interval is, no sums). Raises SourceError where its answer has none."""
    client, total = Client(source, Watch(source.limits, source.path)), 0
    for question in questions(source, interval, ZoneInfo(contract.time_zone)):
        reader = _Reader(client, source, question, contract.format.limits.document_bytes)
        _, value, _ = reader.page(Paging(source.pages, question.asked, 1).asked)
        total += whole_total(dig(value, source.pages.total) if source.pages.total else None, question.name, source.pages.total)
    return total, {}


def questions(source: HttpSource, interval: Interval, zone: ZoneInfo) -> Iterator[Question]:
    """Part by part of the interval, device by device."""
    each = source.each
    if each is not None and each.ids is None:
        raise SourceError(f"{source.path}: asked for each {each.of} of the register, and the register has none yet. Load it first.")
    parts = days_of(interval, zone, source.interval.at_most_days)
    for part in parts:
        parameters = {**source.send, **bounds(source.interval, part, zone)}
        window = f" {told_window(source.interval, part, zone)}" if len(parts) > 1 else ""
        for device in each.ids or [] if each else [None]:
            path = source.path if device is None else source.path.replace(EACH, quote(device, safe=""))
            named = {each.parameter: device} if each and each.parameter else {}
            name = source.path + ("" if device is None else f" each={device}") + window
            yield Question(name, Asked(path, {**parameters, **named}, source.method, source.form))


class _Reader:
    """Reads the pages of one question. `at_most`: bytes of one page."""

    def __init__(self, client: Client, source: HttpSource, question: Question, at_most: int) -> None:
        self.client, self.source, self.question, self.at_most = client, source, question, at_most

    def bodies(self, check: PageCheck, size: int) -> Iterator[bytes]:
        """Every page as it came, one leading to the next; what the pages say is added to `check`."""
        pages, limits, watch = self.source.pages, self.source.limits, self.client.watch
        paging, number, empty = Paging(pages, self.question.asked, size), 0, 0
        while True:
            body, value, response = self.page(paging.asked)
            number += 1
            where = f"{self.question.name} page {number}"
            records = dig(value, pages.items)
            if not isinstance(records, list):
                raise SourceError(
                    f"{where}: expected a list at {pages.items!r}, came {shape(value, pages.items)}. "
                    "Compare source.pages of the contract with the answer."
                )
            check.add(records, dig(value, pages.total) if pages.total else None)
            yield body
            if not paging.leads_on(value, response, check, where):
                return
            empty = 0 if records else empty + 1
            if empty >= limits.empty_pages:
                raise SourceError(watch.told("empty_pages", f"{empty} pages in a row held no record and led on to another"))
            if number >= limits.pages:
                raise SourceError(watch.told("pages", f"page {number} was not the last"))

    def page(self, asked: Asked) -> tuple[bytes, Any, requests.Response]:
        """(body, decoded body, its response) of one page; an error body under status 200 counts as a fault."""

        def read(body: bytes, response: requests.Response) -> tuple[bytes, Any, requests.Response]:
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
            self.client.refuse_expired(value)
            for key, expected in self.source.pages.success.items():
                if dig(value, key) != expected:
                    raise Again(f"expected {key}={expected!r}, came {shape(value, key)}")
            return body, value, response

        made: tuple[bytes, Any, requests.Response] = self.client.body(asked, self.at_most, read)
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
