"""GET on one connection: bearer token, polite retries, no way to another host, an end in time.

Addresses are built from the connection. A redirect is followed to the connection's own scheme, host and port only: elsewhere the
answer would be somebody else's, inside our network too, and from https to http anybody's on the way.
Messages tell the shape of an answer and nothing it holds: records name people, and an error page may echo the token.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit
from weakref import WeakSet

import requests
from airflow.providers.http.hooks.http import HttpHook
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from hearth.contracts.http_source import HttpSource
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.sources.watch import Watch

log = logging.getLogger(__name__)
TRIES = 6
REDIRECTS = 5
CHUNK_BYTES = 1 << 20
MAX_RETRY_AFTER_SECONDS = 120.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Again(Exception):
    """A fault that a later try may not meet; carries how long the server asked to wait."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Client:
    """GET with retries on one connection, within the limits of a watch."""

    def __init__(self, source: HttpSource, watch: Watch) -> None:
        hook, self.watch = HttpHook(method="GET", http_conn_id=source.connection), watch
        token = hook.get_connection(source.connection).password
        if token and not re.fullmatch(r"[\x20-\x7e]+", token):
            raise SourceError(f"{source.connection}: the token holds a line end or another sign no header may hold; enter it again")
        self.session = hook.get_conn({"Authorization": f"Bearer {token}"} if token else None)
        self.sockets = Sockets()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self.sockets)
        self.address, self.time_out, self.connection = hook.url_from_endpoint, source.time_out_seconds, source.connection

    def body(self, path: str, query: dict[str, str], at_most: int, read: Callable[[bytes, requests.Response], Any]) -> Any:
        """What `read` makes of the body; it may raise Again. Raises SourceError for a body of more than `at_most` bytes."""

        def fetch() -> Any:
            try:
                with self.watch.ending(self.sockets.shut, "request_seconds"), self._get(path, query) as response:
                    body = self._whole(path, response, at_most)
            except SourceUnavailable as slow:
                raise Again(str(slow)) from None
            return read(body, response)

        return self._retried(path, fetch)

    def _whole(self, path: str, response: requests.Response, at_most: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += self.watch.count(chunk)
            if len(body) > at_most:
                raise SourceError(
                    f"{path}: one answer is larger than {at_most} bytes, the limit format.limits.document_bytes. "
                    "Ask for smaller pages (source.pages.size), or set the limit in the contract."
                )
        return bytes(body)

    def stream(self, path: str, query: dict[str, str]) -> Iterator[bytes]:
        """The body of an export. A cut-off body starts again from the beginning and skips what was handed over."""
        done = 0
        for attempt in range(1, TRIES + 1):
            try:
                with (
                    self.watch.ending(self.sockets.shut),
                    self._retried(path, lambda: self._get(path, query)) as response,
                ):
                    at = 0
                    for chunk in response.iter_content(CHUNK_BYTES):
                        at += len(chunk)
                        if at > done:
                            yield self.watch.count(chunk[len(chunk) - (at - done) :])
                            done = at
                return
            except (requests.exceptions.RequestException, OSError) as error:
                log.warning("%s: cut off after %d bytes, try %d of %d: %s", path, done, attempt, TRIES, error)
        raise SourceUnavailable(f"{path}: cut off after {done} bytes in {TRIES} tries; run the pull again later")

    def _get(self, path: str, query: dict[str, str]) -> requests.Response:
        try:
            response = self._ask(self.address(path), query)
            for _ in range(REDIRECTS):
                if not response.is_redirect:
                    break
                response.close()
                response = self._ask(self._allowed(path, response), None)
        except requests.exceptions.RequestException as error:
            raise Again(f"{type(error).__name__}: {error}") from error
        except ValueError:  # requests reads where a redirect leads even where it is not to follow
            raise self._elsewhere(path, "the source", "an address that cannot be read") from None
        if response.status_code == 200:
            return response
        response.close()
        if response.status_code in TRANSIENT:
            raise Again(f"status {response.status_code}", retry_after(response.headers.get("Retry-After", "")))
        raise SourceError(
            f"{path}: status {response.status_code}, expected 200: {described(response)}. "
            "401 or 403: renew the token of the connection; 404: check the contract's path; 3xx: the source redirects without end."
        )

    def _ask(self, address: str, query: dict[str, str] | None) -> requests.Response:
        return self.session.get(
            address,
            params=query,
            stream=True,
            timeout=self.time_out,
            allow_redirects=False,
            verify=self.session.verify,  # said here, the connection's word counts more than REQUESTS_CA_BUNDLE
        )

    def _allowed(self, path: str, response: requests.Response) -> str:
        """Where a redirect leads. Raises SourceError for another scheme, host or port; what follows these may be a secret."""
        here, to = (urlsplit(urljoin(str(response.url), place)) for place in ("", response.headers["Location"]))
        if _origin(to) != _origin(here):
            raise self._elsewhere(path, _shown(here), _shown(to))
        return to.geturl()

    def _elsewhere(self, path: str, here: str, there: str) -> SourceError:
        return SourceError(
            f"{path}: {here} sends us on to {there}; a redirect is followed within one scheme, host and port only, and nothing"
            f" there was read. If the source has moved, change the connection {self.connection}."
        )

    def _retried(self, path: str, fetch: Callable[[], Any]) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type((Again, requests.exceptions.RequestException)),
            stop=stop_after_attempt(TRIES),
            wait=lambda state: min(_wait(state), self.watch.seconds_left()),
            before_sleep=lambda state: log.warning("%s: %s; trying again", path, state.outcome and state.outcome.exception()),
            reraise=True,
        )
        try:
            return retrying(fetch)
        except (Again, requests.exceptions.RequestException) as error:
            self.watch.seconds_left()
            raise SourceUnavailable(f"{path}: no proper answer in {TRIES} tries; the last: {error}") from error


class Sockets(HTTPAdapter):
    """Knows the connections that are open, so that another thread can end what waits on them: in their headers, too."""

    def __init__(self) -> None:
        super().__init__()
        self._open: WeakSet[socket.socket] = WeakSet()

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        pool = super().get_connection_with_tls_context(*arguments, **named)
        if "ConnectionCls" not in vars(pool):
            pool.ConnectionCls = self._remembered(pool.ConnectionCls)
        return pool

    def _remembered(self, kind: Any) -> Any:
        opened = self._open

        class Remembered(kind):
            def _new_conn(self) -> Any:
                made = super()._new_conn()
                opened.add(made)
                return made

            def connect(self) -> None:
                super().connect()
                opened.add(self.sock)

        return Remembered

    def shut(self) -> None:
        for one in list(self._open):
            try:
                socket.socket.shutdown(one, socket.SHUT_RDWR)
            except OSError:
                continue  # closed by now, or handed on to its TLS socket


def described(response: requests.Response) -> str:
    """Content type and length of an answer in place of the answer."""
    length = response.headers.get("Content-Length", "unknown")
    return f"{response.headers.get('Content-Type', 'no content type')!r:.80} of {length:.20} bytes"


def _shown(address: SplitResult) -> str:
    return f"{address.scheme}://{address.hostname}{f':{address.port}' if address.port else ''}"[:200]


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port or {"http": 80, "https": 443}.get(address.scheme)


_back_off = wait_exponential(multiplier=0.25, max=20)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "wait_seconds", None)
    return float(asked) if asked is not None else _back_off(state)


def retry_after(text: str) -> float | None:
    """Seconds a server asks to wait, at most two minutes: given as seconds or as an HTTP date. None for what is neither."""
    if re.fullmatch(r"-?[0-9]{1,300}(\.[0-9]{1,300})?", text.strip()):
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
