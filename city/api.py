"""The HTTP sources: paged items behind a bearer token, gzip exports of what is much, and the moods of real servers.

Faults are counted, not drawn: a request that failed succeeds when it is repeated.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from city.calendar import LOCAL
from city.store import ItemStore

MAX_LIMIT = 5000
_CHUNK = 1 << 18
# path -> (folder of the store, names of the interval's parameters)
SOURCES = {
    "/v1/remote/packets": ("remote", "received"),
    "/v1/mobile/visits": ("mobile", "updated"),
    "/v1/visits/household": ("household_visits", "updated"),
    "/v1/weather/hourly": ("weather", "published"),
    "/v1/weather/forecast": ("forecast", "published"),
    "/v1/12345/tickets": ("city_line_12345", "updated"),
    "/v1/stations/readings": ("stations", "received"),
    "/v1/sources/readings": ("sources", "received"),
}
# path -> folder of the store, for whole intervals as one gzip file
EXPORTS = {"/v1/remote/export": "remote", "/v1/stations/export": "stations"}


@dataclass
class Faults:
    """Every 97th request gets a body cut short, every 61st a 500, every 40th a 429; asked again, it is served."""

    on: bool = True
    requests: int = 0
    told_to_wait: int = 0
    failed: set[str] = field(default_factory=set)
    _turn: Lock = field(default_factory=Lock, repr=False)

    def next(self, request: str) -> str:
        """'cut', 'error', 'wait' or '' for this request."""
        if not self.on:
            return ""
        with self._turn:
            if request in self.failed:
                self.failed.discard(request)
                return ""
            self.requests += 1
            for every, fault in ((97, "cut"), (61, "error"), (40, "wait")):
                if self.requests % every == 0:
                    self.failed.add(request)
                    return fault
        return ""

    def retry_after(self) -> str:
        """Seconds and an HTTP date in turn."""
        self.told_to_wait += 1
        return "1" if self.told_to_wait % 2 else formatdate(int(time.time()) + 2, usegmt=True)


def epoch_ms(text: str) -> int:
    """ISO time to epoch milliseconds; without an offset it is local time."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text and " " in text else text)
    except ValueError as error:
        raise HTTPException(422, f"expected an ISO time such as 2016-01-12T00:00:00+08:00, got {text!r}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LOCAL)
    return round(moment.timestamp() * 1000)


def create_app(city: Path, token: str, *, faults: bool = True) -> FastAPI:
    """The application over the folder of a built city."""
    app = FastAPI(title="City sources", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.faults = Faults(on=faults)
    stores = {folder: ItemStore(city / "http" / folder) for folder, _ in SOURCES.values()}

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "a bearer token is required", {"WWW-Authenticate": "Bearer"})

    guard = [Depends(authorised)]
    for path, (folder, verb) in SOURCES.items():
        app.add_api_route(path, _page_route(app, stores[folder], verb), methods=["GET"], dependencies=guard)
    for path, folder in EXPORTS.items():
        app.add_api_route(path, _export_route(app, stores[folder]), methods=["GET"], dependencies=guard)
    app.add_api_route("/health", lambda: {"status": "ok"}, methods=["GET"])
    return app


def _interval(request: Request, verb: str) -> tuple[int, int]:
    try:
        start, end = (epoch_ms(request.query_params[f"{verb}_{edge}"]) for edge in ("from", "to"))
    except KeyError as error:
        raise HTTPException(422, f"missing parameter {error.args[0]}") from error
    if end < start:
        raise HTTPException(422, f"{verb}_to lies before {verb}_from")
    return start, end


def _page_route(app: FastAPI, store: ItemStore, verb: str) -> Callable[..., Any]:
    def page(request: Request, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 500, cursor: str = "") -> Response:
        first, last = store.span(*_interval(request, verb))
        begin = _cursor(cursor, first, last)
        end = min(begin + limit, last)
        following = f'"{end}"' if end < last else "null"
        items = b",".join(store.lines(begin, end))
        body = (
            b'{"code":0,"msg":"ok","data":{"total":%d,"items":[' % (last - first)
            + items
            + b'],"next":'
            + following.encode()
            + b"}}"
        )
        return _moody(app, request, body, "application/json")

    return page


def _cursor(cursor: str, first: int, last: int) -> int:
    """A cursor is the number of the next item; one from another interval is refused."""
    if not cursor:
        return first
    if not cursor.isdigit() or not first <= int(cursor) <= last:
        raise HTTPException(422, f"cursor {cursor!r} does not belong to this interval")
    return int(cursor)


def _moody(app: FastAPI, request: Request, body: bytes, media_type: str) -> Response:
    """The answer, or the fault whose turn it is."""
    fault = app.state.faults.next(str(request.url))
    if fault in ("wait", "error"):
        return _refusal(app, fault)
    if fault == "cut":
        return Response(_part(body), media_type=media_type, headers={"Content-Length": str(len(body))})
    return Response(body, media_type=media_type)


def _part(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def _refusal(app: FastAPI, fault: str) -> Response:
    if fault == "wait":
        return JSONResponse({"code": 429, "msg": "too many requests"}, 429, {"Retry-After": app.state.faults.retry_after()})
    return JSONResponse({"code": 500, "msg": "internal error"}, 500)


def _export_route(app: FastAPI, store: ItemStore) -> Callable[..., Any]:
    def export(request: Request) -> Response:
        members = list(store.members(*store.span(*_interval(request, "received"))))
        size = sum(len(m) if isinstance(m, bytes) else m.stat().st_size for m in members)
        fault = app.state.faults.next(str(request.url))
        if fault in ("wait", "error"):
            return _refusal(app, fault)
        allowed = size * 2 // 3 if fault == "cut" else size
        headers = {"Content-Length": str(size)}
        return StreamingResponse(_stream(members, allowed), media_type="application/gzip", headers=headers)

    return export


async def _stream(members: list[Path | bytes], allowed: int) -> AsyncIterator[bytes]:
    """Gzip members one after the other, at most `allowed` bytes."""
    for member in members:
        body = member if isinstance(member, bytes) else member.read_bytes()
        for begin in range(0, len(body), _CHUNK):
            chunk = body[begin : begin + min(_CHUNK, allowed)]
            allowed -= len(chunk)
            if chunk:
                yield chunk
