"""Requests on one connection: who asks, polite retries, no way to another host, an end in time.

Addresses are built from the connection. A redirect is followed to the connection's own scheme, host and port only: elsewhere the
answer would be somebody else's, inside our network too, and from https to http anybody's on the way.
Messages tell the shape of an answer and nothing it holds: records name people, and an error page may echo the token. No message
has the query of an address, where keys and signatures may stand.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from hearth.sources.http_login import Again, Login, login_of
from hearth.sources.http_request import Asked
from hearth.sources.watch import Watch

log = logging.getLogger(__name__)
TRIES = 6
REDIRECTS = 5
CHUNK_BYTES = 1 << 20
MAX_RETRY_AFTER_SECONDS = 120.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Client:
    """Requests with retries on one connection, within the limits of a watch. `login`: who asks; null: as the contract says."""

    def __init__(self, source: HttpSource, watch: Watch, connection: str | None = None, login: Login | None = None) -> None:
        self.connection, self.watch, self._source = connection or source.connection, watch, source
        hook = HttpHook(method=source.method.upper(), http_conn_id=self.connection)
        self.session = hook.get_conn(source.headers)
        self.sockets = Sockets()
        self.login = login or login_of(source, hook.get_connection(self.connection), self._asking_for_token)
        self.session.auth = self.login
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self.sockets)
        self.address, self.time_out = hook.url_from_endpoint, source.time_out_seconds

    def _asking_for_token(self, connection: str | None, login: Login) -> Client:
        """A client beside this one, which is cut off with it."""
        beside = Client(self._source, self.watch, connection or self.connection, login)
        self.sockets.add(beside.sockets)
        return beside

    def refuse_expired(self, value: Any) -> None:
        """Raises Again where an answer says, under status 200, that the login has expired."""
        if self.login.says_expired(value):
            self.login.renew()
            raise Again(self.login.not_taken)

    def body(self, asked: Asked, at_most: int, read: Callable[[bytes, requests.Response], Any]) -> Any:
        """What `read` makes of the body; it may raise Again. Raises SourceError for a body of more than `at_most` bytes."""

        def fetch() -> Any:
            self.login.prepare()
            try:
                with self.watch.ending(self.sockets.shut, "request_seconds"), self._answer(asked) as response:
                    body = self._whole(asked.path, response, at_most)
            except SourceUnavailable as slow:
                raise Again(str(slow)) from None
            return read(body, response)

        return self._retried(asked.path, fetch)

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

    def stream(self, asked: Asked) -> Iterator[bytes]:
        """The body of an export. A cut-off body starts again from the beginning and skips what was handed over."""
        path, done = asked.path, 0

        def fetch() -> requests.Response:
            self.login.prepare()
            return self._answer(asked)

        for attempt in range(1, TRIES + 1):
            try:
                with (
                    self.watch.ending(self.sockets.shut),
                    self._retried(path, fetch) as response,
                ):
                    at = 0
                    for chunk in response.iter_content(CHUNK_BYTES):
                        at += len(chunk)
                        if at > done:
                            yield self.watch.count(chunk[len(chunk) - (at - done) :])
                            done = at
                return
            except (requests.exceptions.RequestException, OSError) as error:
                log.warning("%s: cut off after %d bytes, try %d of %d: %s", path, done, attempt, TRIES, _without_query(str(error)))
        raise SourceUnavailable(f"{path}: cut off after {done} bytes in {TRIES} tries; run the pull again later")

    def _answer(self, asked: Asked) -> requests.Response:
        path, here = asked.path, self.address(asked.path)
        try:
            response = self._send(here if asked.address is None else self._allowed(path, here, asked.address), asked)
            for _ in range(REDIRECTS):
                if not response.is_redirect:
                    break
                response.close()
                address = self._allowed(path, str(response.url), response.headers["Location"])
                self._refuse_lost_body(asked, response)
                response = self._send(address, replace(asked, address=address) if asked.method == "get" else asked)
        except requests.exceptions.RequestException as error:
            raise Again(f"{type(error).__name__}: {_without_query(str(error))}") from error
        except ValueError:  # requests reads where a redirect leads even where it is not to follow
            raise self._elsewhere(path, "the source", "an address that cannot be read") from None
        if response.status_code == 200:
            return response
        response.close()
        if response.status_code == 401 and self.login.renew():
            raise Again(self.login.not_taken)
        if response.status_code in TRANSIENT:
            raise Again(f"status {response.status_code}", retry_after(response.headers.get("Retry-After", "")))
        raise SourceError(
            f"{path}: status {response.status_code}, expected 200: {described(response)}. "
            f"401 or 403: {self.login.mend}; 404: check the contract's path; 3xx: the source redirects without end."
        )

    def _send(self, address: str, asked: Asked) -> requests.Response:
        return self.session.request(
            asked.method,
            address,
            **asked.sent,
            stream=True,
            timeout=self.time_out,
            allow_redirects=False,
            verify=self.session.verify,  # said here, the connection's word counts more than REQUESTS_CA_BUNDLE
        )

    def _refuse_lost_body(self, asked: Asked, response: requests.Response) -> None:
        """A post is sent on as it is where a redirect says so (307, 308); else it would come as a get that asks for nothing."""
        if asked.method == "post" and response.status_code not in (307, 308):
            raise SourceError(
                f"{asked.path}: a post was answered by a redirect, status {response.status_code}, as to a page where people log in."
                f" Check the contract's path and its `login`, and the connection {self.connection}."
            )

    def _allowed(self, path: str, address: str, leads_to: str) -> str:
        """Where a redirect or link leads. Raises SourceError for another scheme, host or port; what follows may be a secret."""
        here, to = (urlsplit(urljoin(address, place)) for place in ("", leads_to))
        if _origin(to) != _origin(here):
            raise self._elsewhere(path, _shown(here), _shown(to))
        return to.geturl()

    def _elsewhere(self, path: str, here: str, there: str) -> SourceError:
        return SourceError(
            f"{path}: {here} sends us on to {there}; redirects and links are followed within one scheme, host and port only, and"
            f" nothing there was read. If the source has moved, change the connection {self.connection}."
        )

    def _retried(self, path: str, fetch: Callable[[], Any]) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type((Again, requests.exceptions.RequestException)),
            stop=stop_after_attempt(TRIES),
            wait=lambda state: min(_wait(state), self.watch.seconds_left()),
            before_sleep=lambda state: log.warning("%s: %s; trying again", path, _without_query(_told(state))),
            reraise=True,
        )
        try:
            return retrying(fetch)
        except (Again, requests.exceptions.RequestException) as error:
            self.watch.seconds_left()
            raise SourceUnavailable(f"{path}: no proper answer in {TRIES} tries; the last: {_without_query(str(error))}") from error


class Sockets(HTTPAdapter):
    """Knows the connections that are open, so that another thread can end what waits on them: in their headers, too."""

    def __init__(self) -> None:
        super().__init__()
        self._open: WeakSet[socket.socket] = WeakSet()
        self._others: list[Sockets] = []

    def add(self, other: Sockets) -> None:
        """Is shut with these."""
        self._others.append(other)

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
        for other in self._others:
            other.shut()
        for one in list(self._open):
            try:
                socket.socket.shutdown(one, socket.SHUT_RDWR)
            except OSError:
                continue  # closed by now, or handed on to its TLS socket


def described(response: requests.Response) -> str:
    """Content type and length of an answer in place of the answer."""
    length = response.headers.get("Content-Length", "unknown")
    return f"{response.headers.get('Content-Type', 'no content type')!r:.80} of {length:.20} bytes"


def _without_query(text: str) -> str:
    return re.sub(r"\?[^\s'\")]+", "?...", text)


def _told(state: RetryCallState) -> str:
    return str(state.outcome and state.outcome.exception())


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
