"""A monitoring platform as companies have them: asked in the ways that a `Manner` says, and strict about each of them.

Written from the words of such platforms' manuals, apart from the code that asks it: it reads clocks, checks signatures and counts
its own pages. Times are on the wall clock of Changchun, to the second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
LOGIN, SECRET = "heating", "s3cret&of the/test"  # pragma: allowlist secret
Said = dict[str, Any]


def readings(devices: int = 4, days: int = 3, minutes: int = 240) -> list[Said]:
    """From the midnight of 2016-01-11 on, each with a temperature of its own."""
    begun = datetime(2016, 1, 11)
    at = [begun + timedelta(minutes=minutes * step) for step in range(days * 1440 // minutes)]
    return [
        {"deviceId": f"D/{device}", "collectTime": f"{moment:%Y-%m-%d %H:%M:%S}", "temp": 18 + device / 10 + step / 100}
        for step, moment in enumerate(at)
        for device in range(devices)
    ]


@dataclass
class Manner:
    """How the platform wants to be asked. `log_in`: the right login for a request, told as a status, or none when all is well."""

    rows: list[Said] = field(default_factory=readings)
    paging: str = "number"
    bounds: str = "local"
    closed: bool = False
    most_days: int | None = None
    one_device: bool = False
    log_in: Callable[[Platform], int | None] = lambda _: None
    largest_page: int = 1000
    token_serves: int = 1_000_000
    """Requests after which a token has expired."""
    expires_with: int = 401
    """The status of such; 200: {"code": 401} in the body."""
    answers_late: dict[int, Callable[[Platform], None]] = field(default_factory=dict)
    """By the number of the request, from 1: what goes wrong with it."""


class Platform(BaseHTTPRequestHandler):
    """One request. The server has `manner`, `tokens` (token -> requests it served), `seen` (path and body of each)."""

    server: Any

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        is_form = "form" in self.headers.get("Content-Type", "")
        said = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()} if is_form else json.loads(text)
        self.answer(said, text)

    def answer(self, said: Said, text: str = "") -> None:
        address, manner = urlsplit(self.path), self.server.manner
        self.text, self.query = text, {n: v[0] for n, v in parse_qs(address.query, keep_blank_values=True).items()}
        self.server.seen.append((self.command, self.path, text))
        if address.path == "/login":
            return self.give_token(said)
        if address.path == "/oauth/token":
            return self.give_oauth(said)
        if (fault := manner.answers_late.get(len(self.server.seen))) is not None:
            return fault(self)
        if (status := manner.log_in(self)) is not None:
            return self.send(status if status != 200 else 200, {"code": 401, "msg": "expired"})
        self.give_page({**self.query, **said.get("query", said)}, said)
        return None

    # Who asks.

    def give_token(self, said: Said) -> None:
        if (said.get("username"), said.get("password")) != (LOGIN, SECRET):
            return self.send(200, {"code": 500, "msg": "wrong password", "data": None})
        token = f"token-{len(self.server.tokens)}"
        self.server.tokens[token] = 0
        return self.send(200, {"code": 0, "data": {"token": token}})

    def give_oauth(self, said: Said) -> None:
        basic = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
        in_body = (said.get("client_id"), said.get("client_secret")) == (LOGIN, SECRET)
        if said.get("grant_type") != "client_credentials" or (
            self.headers.get("Authorization") != f"Basic {basic}" and not in_body
        ):
            return self.send(401, {"error": "invalid_client"})
        token = f"token-{len(self.server.tokens)}"
        self.server.tokens[token] = 0
        return self.send(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def has_token(self) -> int | None:
        token = self.headers.get("X-Token") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        served = self.server.tokens.get(token)
        if served is None or served >= self.server.manner.token_serves:
            return int(self.server.manner.expires_with)
        self.server.tokens[token] = served + 1
        return None

    def has_key(self) -> int | None:
        return None if SECRET in (self.headers.get("X-Api-Key"), self.query.get("apikey")) else 403

    def has_basic(self) -> int | None:
        right = "Basic " + base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
        return None if self.headers.get("Authorization") == right else 401

    def has_signature_of_query(self) -> int | None:
        """HMAC-SHA256 over `a=1&b=2`, sorted, of all but sign."""
        text = "&".join(f"{name}={self.query[name]}" for name in sorted(self.query) if name != "sign")
        right = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        fresh = abs(int(self.query.get("timestamp", 0)) - datetime.now().timestamp() * 1000) < 60_000
        return None if self.query.get("sign") == right and fresh and self.query.get("appKey") == LOGIN else 403

    def has_signature_of_body(self) -> int | None:
        """Upper-case MD5 of secret, body, timestamp and secret, in headers."""
        text = f"{SECRET}{self.text}{self.headers.get('X-Time')}{SECRET}"
        right = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
        return None if self.headers.get("X-Sign") == right else 403

    # What it answers.

    def give_page(self, asked: Said, said: Said) -> None:
        try:
            rows = self.chosen(asked)
        except (KeyError, ValueError) as error:
            return self.send(400, {"code": 400, "msg": str(error)})
        size = min(int(asked.get("pageSize", 10**6)), self.server.manner.largest_page)
        paging = self.server.manner.paging
        first = {"number": lambda: (int(asked["pageNum"]) - 1) * size, "offset": lambda: int(asked["offset"])}.get(
            paging, lambda: int(asked.get("cursor") or 0)
        )()
        part, onward = rows[first : first + size], first + size < len(rows)
        data: Said = {"rows": part, "total": len(rows)}
        headers = {}
        if paging == "cursor":
            data["next"] = str(first + size) if onward else None
        if paging in ("link", "header") and onward:
            link = f"{urlsplit(self.path).path}?" + urlencode({**self.query, "cursor": first + size})
            data["links"], headers = {"next": link}, {"Link": f'<{link}>; rel="next"'} if paging == "header" else {}
        return self.send(200, {"code": 0, "data": data}, **headers)

    def chosen(self, asked: Said) -> list[Said]:
        manner, rows = self.server.manner, self.server.manner.rows
        if manner.one_device:
            device = asked.get("deviceId") or urlsplit(self.path).path.removeprefix("/devices/").replace("%2F", "/")
            rows = [row for row in rows if row["deviceId"] == device]
        if manner.bounds == "day":
            return [row for row in rows if row["collectTime"].startswith(asked["day"])]
        begin, end = (self.instant(asked[name]) for name in ("beginTime", "endTime"))
        if manner.most_days is not None and end - begin > timedelta(days=manner.most_days):
            raise ValueError(f"more than {manner.most_days} days")
        return [
            row
            for row in rows
            if begin <= (at := datetime.fromisoformat(row["collectTime"])) and (at <= end if manner.closed else at < end)
        ]

    def instant(self, text: Any) -> datetime:
        """On the wall clock."""
        bounds = self.server.manner.bounds
        if bounds == "local":
            return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        if bounds == "iso":
            return datetime.fromisoformat(text.replace(" ", "+")).astimezone(ZONE).replace(tzinfo=None)
        unit = {"epoch_s": 1, "epoch_ms": 1000}[bounds]
        return datetime.fromtimestamp(int(text) / unit, ZONE).replace(tzinfo=None)

    def send(self, status: int, value: Any, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(manner: Manner) -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    made.manner, made.tokens, made.seen = manner, {}, []
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
