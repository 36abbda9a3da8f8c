"""How one page leads to the next: by a cursor, a number, an offset or a link."""

from __future__ import annotations

from typing import Any

import requests

from hearth.contracts.http_source import LINK_HEADER, HttpPages
from hearth.sources.delivery import SourceError
from hearth.sources.http_request import Asked, dig, shape
from hearth.sources.page_check import PageCheck

Mark = str | int | float


class Paging:
    """`asked` is the request of the page that comes next."""

    def __init__(self, pages: HttpPages, asked: Asked, size: int) -> None:
        self.pages, self._seen = pages, set[Mark]()
        counted = {pages.number: pages.first} if pages.number else {pages.offset: 0} if pages.offset else {}
        self.asked = asked.with_more({pages.size_parameter: size, **counted}) if counted or pages.next or pages.link else asked

    def leads_on(self, value: Any, response: requests.Response, check: PageCheck, where: str) -> bool:
        """Whether another page comes after this one, the last that `check` has seen. Raises SourceError for paging without end."""
        pages = self.pages
        if pages.next is not None:
            return self._follows(pages.cursor_parameter, _mark(value, pages.next, where, "next"), where)
        if pages.link == LINK_HEADER:
            return self._follows(None, response.links.get("next", {}).get("url"), where)
        if pages.link is not None:
            return self._follows(None, _mark(value, pages.link, where, "link"), where)
        return self._counts_on(check, where)

    def _follows(self, parameter: str | None, mark: Mark | None, where: str) -> bool:
        if mark is None:
            return False
        if mark in self._seen:
            raise SourceError(f"{where}: its {'cursor' if parameter else 'link'} came on an earlier page; the paging loops")
        self._seen.add(mark)
        self.asked = self.asked.with_more({parameter: str(mark)}) if parameter else Asked(self.asked.path, address=str(mark))
        return True

    def _counts_on(self, check: PageCheck, where: str) -> bool:
        """Until as many records are held as the source counts; where it does not say so, until a page is empty."""
        counting, held = self.pages.number or self.pages.offset, len(check.pages[-1])
        if counting is None or not held or (check.total is not None and check.held >= check.total):
            return False
        if check.total is None and check.repeats():
            raise SourceError(
                f"{where}: holds the same records as the page before; the source goes on giving its last page. Let"
                " source.pages.total of the contract say where the number of records stands, so that the end is known."
            )
        step = 1 if self.pages.number else held
        self.asked = self.asked.with_more({counting: self.asked.parameters[counting] + step})
        return True


def _mark(value: Any, path: str, where: str, key: str) -> Mark | None:
    """Where an answer leads. What leads nowhere ends the paging: nothing, an empty text, false, zero. Raises SourceError."""
    mark = dig(value, path)
    if mark is None or mark is False or mark == "" or (isinstance(mark, (int, float)) and mark == 0):
        return None
    if isinstance(mark, bool) or not isinstance(mark, (str, int, float)):
        raise SourceError(
            f"{where}: expected a text or number as {'cursor' if key == 'next' else key} at {path!r}, "
            f"came {shape(value, path)}. Set source.pages.{key} of the contract to the {'cursor' if key == 'next' else key} itself."
        )
    return mark
