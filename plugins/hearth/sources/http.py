"""Pull from HTTP APIs: cursor pages or a bulk export, bearer token, polite retries.

The token is sent to the connection's own host only: addresses are built from the connection, never
taken from an answer, and a redirect elsewhere loses the Authorization header (requests' own rule).
Messages tell the shape of an answer and nothing it holds: records name people, and an error page may echo the token.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from airflow.providers.http.hooks.http import HttpHook
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from hearth.contracts.contract import Contract, HttpSource
from hearth.sources.delivery import Delivery, Interval, SourceError, SourceUnavailable

log = logging.getLogger(__name__)
TRIES = 6
CHUNK_BYTES = 1 << 20
MAX_RETRY_AFTER_SECONDS = 120.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Again(Exception):
    """A fault that a later try may not meet; carries how long the server asked to wait."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


def deliveries(contract: Contract, source: HttpSource, interval: Interval) -> Iterator[Delivery]:
    """Pages of the interval, or one export file for a long one."""
    client = _Client(source)
    parameters = {source.interval.from_: interval.start.isoformat(), source.interval.to: interval.end.isoformat()}
    if source.export and interval.days >= source.export.min_days:
        export = source.export
        yield Delivery(export.path, client.stream(export.path, parameters), export.format, export.compression)
        return
    yield from _pages(client, source, parameters)


def count(source: HttpSource, interval: Interval) -> Any:
    """What the source says its total of the interval is; None where its answer has none."""
    client = _Client(source)
    query = {
        source.interval.from_: interval.start.isoformat(),
        source.interval.to: interval.end.isoformat(),
        source.pages.size_parameter: "1",
    }
    _, value = client.page(source, query)
    return _dig(value, source.pages.total) if source.pages.total else None


def _pages(client: _Client, source: HttpSource, parameters: dict[str, str]) -> Iterator[Delivery]:
    pages, cursor, seen, items = source.pages, None, set(), 0
    number = 0
    while True:
        query = {**parameters, pages.size_parameter: str(pages.size)}
        if cursor is not None:
            query[pages.cursor_parameter] = cursor
        body, value = client.page(source, query)
        number += 1
        found = _dig(value, pages.items)
        if not isinstance(found, list):
            raise SourceError(
                f"{source.path} page {number}: expected a list at {pages.items!r}, came {_shape(value, pages.items)}. "
                "Compare source.pages of the contract with the answer."
            )
        items += len(found)
        yield Delivery(f"{source.path} page {number}", [body], "json")
        cursor = _dig(value, pages.next)
        if cursor is None or cursor == "":
            break
        if not isinstance(cursor, (str, int, float)):
            raise SourceError(
                f"{source.path} page {number}: expected a text or number as cursor at {pages.next!r}, "
                f"came {_shape(value, pages.next)}. Set source.pages.next of the contract to the cursor itself."
            )
        if cursor in seen:
            raise SourceError(f"{source.path} page {number}: its cursor came on an earlier page; the paging loops")
        seen.add(cursor)
    total = _dig(value, pages.total) if pages.total else None
    if isinstance(total, int) and items < total:
        raise SourceUnavailable(f"{source.path}: the source counts {total} records, its pages held {items}; pull again")


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


class _Client:
    """GET with retries on one connection."""

    def __init__(self, source: HttpSource) -> None:
        self.hook = HttpHook(method="GET", http_conn_id=source.connection)
        self.hook.get_conn()
        token = self.hook.get_connection(source.connection).password
        if token and not re.fullmatch(r"[\x20-\x7e]+", token):
            raise SourceError(f"{source.connection}: the token holds a line end or another sign no header may hold; enter it again")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.time_out = source.time_out_seconds

    def page(self, source: HttpSource, query: dict[str, str]) -> tuple[bytes, Any]:
        """(body, decoded body) of one page; an error body under status 200 counts as a fault."""

        def fetch() -> tuple[bytes, Any]:
            with self._get(source.path, query) as response:
                body = response.content
            try:
                value = json.loads(body)
            except ValueError as error:
                raise _Again(f"not JSON ({error}): {_described(response)}") from error
            except RecursionError:
                raise SourceError(
                    f"{source.path}: expected a page of records, came JSON nested deeper than can be read: {_described(response)}. "
                    "Tell the vendor; nothing of it was kept."
                ) from None
            for key, expected in source.pages.success.items():
                if _dig(value, key) != expected:
                    raise _Again(f"expected {key}={expected!r}, came {_shape(value, key)}")
            return body, value

        return self._retried(source.path, fetch)

    def stream(self, path: str, query: dict[str, str]) -> Iterator[bytes]:
        """The body of an export. A cut-off body starts again from the beginning and skips what was handed over."""
        done = 0
        for attempt in range(1, TRIES + 1):
            try:
                with self._retried(path, lambda: self._get(path, query)) as response:
                    at = 0
                    for chunk in response.iter_content(CHUNK_BYTES):
                        at += len(chunk)
                        if at > done:
                            yield chunk[len(chunk) - (at - done) :]
                            done = at
                return
            except (requests.exceptions.RequestException, OSError) as error:
                log.warning("%s: cut off after %d bytes, try %d of %d: %s", path, done, attempt, TRIES, error)
        raise SourceUnavailable(f"{path}: cut off after {done} bytes in {TRIES} tries; run the pull again later")

    def _get(self, path: str, query: dict[str, str]) -> requests.Response:
        try:
            response = self.hook.run(
                path,
                data=query,
                headers=self.headers,
                extra_options={"stream": True, "check_response": False, "timeout": self.time_out},
            )
            if response.status_code == 200:
                return response
            response.close()
        except requests.exceptions.RequestException as error:
            raise _Again(f"{type(error).__name__}: {error}") from error
        except Exception as error:  # the hook wraps some network faults in its own exceptions
            if isinstance(error.__cause__, requests.exceptions.RequestException):
                raise _Again(str(error)) from error
            raise
        if response.status_code in TRANSIENT:
            raise _Again(f"status {response.status_code}", _retry_after(response))
        raise SourceError(
            f"{path}: status {response.status_code}, expected 200: {_described(response)}. "
            "401 or 403: renew the token of the connection; 404: check the contract's path."
        )

    def _retried(self, path: str, fetch: Any) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type((_Again, requests.exceptions.RequestException)),
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            before_sleep=lambda state: log.warning("%s: %s; trying again", path, state.outcome and state.outcome.exception()),
            reraise=True,
        )
        try:
            return retrying(fetch)
        except (_Again, requests.exceptions.RequestException) as error:
            raise SourceUnavailable(f"{path}: no proper answer in {TRIES} tries; the last: {error}") from error


def _described(response: requests.Response) -> str:
    """Content type and length of an answer in place of the answer."""
    length = response.headers.get("Content-Length", "unknown")
    return f"{response.headers.get('Content-Type', 'no content type')!r:.80} of {length:.20} bytes"


_back_off = wait_exponential(multiplier=0.25, max=20)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "wait_seconds", None)
    return float(asked) if asked is not None else _back_off(state)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds the server asks to wait: given as seconds or as an HTTP date; at most two minutes."""
    text = response.headers.get("Retry-After", "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
