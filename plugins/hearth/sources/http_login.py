"""Who asks: what is added to a request so that an API answers it. Secrets stand in the Airflow connection, and in no message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from hearth.contracts.http_login import BasicLogin, KeyLogin, OAuthLogin, SignatureLogin, TokenLogin
from hearth.contracts.http_source import HttpSource
from hearth.sources.delivery import SourceError
from hearth.sources.http_request import Asked, dig, shape

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from hearth.sources.http_client import Client

TOKEN_BYTES = 1 << 20
RENEWED_BEFORE_SECONDS = 30.0
"""A token that tells its end is renewed so long before it."""


class Again(Exception):
    """A fault that a later try may not meet; carries how long the server asked to wait."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Login(AuthBase):
    """Adds what says who asks. This one adds nothing."""

    mend = "renew the token (the password) of the connection"
    """What to do when it is refused."""
    not_taken = "the token is not taken any more; logging in anew"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request

    def prepare(self) -> None:
        """What has to be there before a request, within limits of its own. Raises SourceError, SourceUnavailable."""

    def renew(self) -> bool:
        """Whether another try may be let in where this one was not."""
        return False

    def says_expired(self, value: Any) -> bool:
        return False


class Header(Login):
    """One header, always the same."""

    def __init__(self, name: str, value: str, connection: str) -> None:
        self.name, self.value = name, _fit_for_a_header(value, connection)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.name] = self.value
        return request


class QueryKey(Login):
    """A key in the query, in that of a link or redirect too."""

    mend = "enter the key anew as the password of the connection"

    def __init__(self, name: str, key: str) -> None:
        self.name, self.key = name, key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return _with_query(request, {self.name: self.key})


class Basic(HTTPBasicAuth, Login):
    mend = "check login and password of the connection"


class Token(Login):
    """A token that is logged in for, again and again: it expires while pages are read, or another login takes its place."""

    mend = "the login went well and its token is not taken: compare source.login of the contract with the API's words"

    def __init__(self, ask: Callable[[], tuple[str, float | None]], name: str, prefix: str, expired: dict[str, Any]) -> None:
        self._ask, self._name, self._prefix, self._expired = ask, name, prefix, expired
        self._token, self._ends = "", 0.0

    def prepare(self) -> None:
        if self._token and time.monotonic() < self._ends:
            return
        self._token, seconds = self._ask()
        self._ends = float("inf") if seconds is None else time.monotonic() + max(seconds - RENEWED_BEFORE_SECONDS, seconds / 2)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._name] = self._prefix + self._token
        return request

    def renew(self) -> bool:
        self._token = ""
        return True

    def says_expired(self, value: Any) -> bool:
        return any(dig(value, key) == word for key, word in self._expired.items())


class Signature(Login):
    """Signs each request, each try anew: a signature ends in minutes."""

    mend = "compare source.login (what is signed, and how) with the API's words, and the secret with that of the connection"

    def __init__(self, how: SignatureLogin, login: str, secret: str) -> None:
        self.how, self.login, self.secret = how, login, secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        now, names = time.time() * (1000 if self.how.timestamp == "epoch_ms" else 1), self.how.names
        words = {"timestamp": str(int(now)), "nonce": uuid.uuid4().hex, "login": self.login}
        along = {names[word]: words[word] for word in ("timestamp", "nonce", "login") if word in names}
        if self.how.sent_in == "query":
            _with_query(request, along)
        signed = self._signed(request, words, {} if self.how.sent_in == "query" else along)
        if self.how.sent_in == "query":
            return _with_query(request, {names["signature"]: signed})
        request.headers.update({**along, names["signature"]: signed})
        return request

    def _signed(self, request: requests.PreparedRequest, words: dict[str, str], beside: dict[str, str]) -> str:
        address, body = urlsplit(str(request.url)), request.body
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        is_form = "x-www-form-urlencoded" in request.headers.get("Content-Type", "")
        pairs = parse_qsl(address.query, keep_blank_values=True) + (parse_qsl(text, keep_blank_values=True) if is_form else [])
        joined = self.how.join.join(f"{name}{self.how.between}{value}" for name, value in sorted([*pairs, *beside.items()]))
        made = self.how.text.format(
            **words, parameters=joined, body=text, path=address.path, method=request.method, secret=self.secret
        ).encode()
        algorithm = self.how.algorithm.removeprefix("hmac_")
        keyed = self.how.algorithm.startswith("hmac_")
        digest = hmac.new(self.secret.encode(), made, algorithm) if keyed else hashlib.new(algorithm, made, usedforsecurity=False)
        if self.how.encoding == "base64":
            return base64.b64encode(digest.digest()).decode()
        return digest.hexdigest().upper() if self.how.encoding == "HEX" else digest.hexdigest()


def login_of(source: HttpSource, connection: Connection, beside: Callable[[str | None, Login], Client]) -> Login:
    """As the contract says. `beside`: a client of that connection (null: the same) and login. Raises SourceError."""
    how, name, secret = source.login, connection.login or "", connection.password or ""
    if how is None:
        if connection.login:  # as the connection's own type has it
            return Basic(name, secret)
        return Header("Authorization", f"Bearer {secret}", source.connection) if secret else Login()
    if not secret:
        raise SourceError(f"{source.connection}: expected a password, as source.login ({how.kind}) needs; the connection has none")
    if isinstance(how, BasicLogin):
        return Basic(name, secret)
    if isinstance(how, KeyLogin):
        return QueryKey(how.query, secret) if how.query else Header(str(how.header), secret, source.connection)
    if isinstance(how, SignatureLogin):
        return Signature(how, name, secret)
    if isinstance(how, TokenLogin):
        asking = beside(None, Login())
        return Token(lambda: _logged_in(how, asking, name, secret), how.header, how.prefix, how.expired)
    return _client_credentials(how, beside, source, connection)


def _logged_in(how: TokenLogin, client: Client, name: str, secret: str) -> tuple[str, float | None]:
    """(token, nothing of its end). A login that is refused is tried no second time: that locks accounts."""
    words = {"{login}": name, "{password}": secret}
    said = {key: words.get(value, value) if isinstance(value, str) else value for key, value in how.send.items()}
    value = _answered(client, Asked(how.path, said, how.method, how.form))
    for key, expected in how.success.items():
        if dig(value, key) != expected:
            raise SourceError(
                f"{how.path}: the login is refused: expected {key}={expected!r}, came {shape(value, key)}. {Basic.mend}"
            )
    return _token_at(value, how.token, how.path, client), None


def _client_credentials(
    how: OAuthLogin, beside: Callable[[str | None, Login], Client], source: HttpSource, connection: Connection
) -> Login:
    from airflow.sdk import Connection as Named

    place = Named.get(how.connection) if how.connection else connection
    name, secret = place.login or connection.login or "", place.password or connection.password or ""
    in_header = how.sent_in == "header"
    asking = beside(how.connection, Basic(name, secret) if in_header else Login())
    said = {"grant_type": "client_credentials", **({"scope": how.scope} if how.scope else {})}
    if not in_header:
        said |= {"client_id": name, "client_secret": secret}

    def ask() -> tuple[str, float | None]:
        value = _answered(asking, Asked(how.path, said, "post", form=True))
        ends = value.get("expires_in") if isinstance(value, dict) else None
        is_number = isinstance(ends, (int, float)) and not isinstance(ends, bool)
        return _token_at(value, "access_token", how.path, asking), float(ends) if is_number and ends else None

    return Token(ask, "Authorization", "Bearer ", {})


def _answered(client: Client, asked: Asked) -> Any:
    def read(body: bytes, response: requests.Response) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            raise Again(f"not JSON: {response.headers.get('Content-Type', 'no content type')!r:.80}") from error

    return client.body(asked, TOKEN_BYTES, read)


def _token_at(value: Any, path: str, where: str, client: Client) -> str:
    token = dig(value, path)
    if not isinstance(token, str) or not token:
        raise SourceError(
            f"{where}: expected a token at {path!r}, came {shape(value, path)}. Compare source.login of the contract with the"
            f" answer, and {Basic.mend} {client.connection}."
        )
    return _fit_for_a_header(token, client.connection)


def _fit_for_a_header(secret: str, connection: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]+", secret):
        raise SourceError(f"{connection}: the token holds a line end or another sign no header may hold; enter it again")
    return secret


def _with_query(request: requests.PreparedRequest, more: dict[str, str]) -> requests.PreparedRequest:
    """These parameters, in place of those of their names."""
    address = urlsplit(str(request.url))
    kept = [(name, value) for name, value in parse_qsl(address.query, keep_blank_values=True) if name not in more]
    request.url = urlunsplit(address._replace(query=urlencode([*kept, *more.items()])))
    return request
