"""The HTTP source against a real server that misbehaves in every way one has been seen to."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hearth.contracts.loading import find_contract
from hearth.sources import http
from hearth.sources.delivery import Interval, SourceError, SourceUnavailable

TOKEN = "secret-token-of-the-test"
Answer = Callable[["Handler", int, dict[str, str]], None]


class Handler(BaseHTTPRequestHandler):
    """Counts requests and lets the test's script answer."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append((self.path, self.headers.get("Authorization")))
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        server.script(self, len(server.seen), query)

    def send(self, status: int, body: bytes, claim: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if claim is None else claim))
        self.end_headers()
        self.wfile.write(body)
        if claim is not None:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    connection = {
        "conn_type": "http",
        "host": "127.0.0.1",
        "port": made.server_port,
        "schema": "http",
        "password": TOKEN,
    }
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_DISPATCH", json.dumps(connection))
    monkeypatch.setattr(http, "_back_off", lambda state: 0.01)
    yield made
    made.shutdown()
    made.server_close()


def page(items: list[Any], next_: str | None = None, total: int | None = None) -> bytes:
    return json.dumps(
        {"code": 0, "data": {"items": items, "next": next_, "total": len(items) if total is None else total}}
    ).encode()


def pull(days: float = 1.0, feed: str = "weather", **changes: Any) -> list[bytes]:
    from datetime import UTC, datetime, timedelta

    contract = find_contract(feed)
    source = contract.source.model_copy(update=changes)
    start = datetime(2016, 1, 1, tzinfo=UTC)
    return [b"".join(d.chunks) for d in http.deliveries(contract, source, Interval(start, start + timedelta(days=days)))]


def script(*answers: Answer) -> Answer:
    """One answer a request; the last one again and again."""
    return lambda handler, number, query: answers[min(number, len(answers)) - 1](handler, number, query)


GOOD: Answer = lambda h, n, q: h.send(200, page([{"a": 1}]))  # noqa: E731


@pytest.mark.parametrize(
    "fault",
    [
        lambda h, n, q: h.send(429, b"", Retry_After="0"),
        lambda h, n, q: h.send(429, b"", Retry_After=formatdate(usegmt=True)),
        lambda h, n, q: h.send(500, b"oops"),
        lambda h, n, q: h.send(502, b""),
        lambda h, n, q: h.send(503, b""),
        lambda h, n, q: h.send(200, b'{"code": 0, "data": {"items": [{"a"'),
        lambda h, n, q: h.send(200, page([{"a": 1}])[:20], claim=500),
        lambda h, n, q: h.send(200, b"<html>login</html>"),
        lambda h, n, q: h.send(200, b'{"code": 17, "msg": "busy"}'),
        lambda h, n, q: h.connection.shutdown(socket.SHUT_RDWR),
    ],
    ids=["429", "429-date", "500", "502", "503", "truncated", "content-length", "html", "error-body", "reset"],
)
def test_a_passing_fault_is_tried_again(server: Any, fault: Answer) -> None:
    server.script = script(fault, fault, GOOD)
    assert [json.loads(body)["data"]["items"] for body in pull()] == [[{"a": 1}]]
    assert len(server.seen) == 3


def test_a_lasting_fault_ends_in_a_clear_error(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(503, b""))
    with pytest.raises(SourceUnavailable, match=r"no proper answer in 6 tries; the last: status 503"):
        pull()
    assert len(server.seen) == 6


def test_a_wrong_token_is_not_tried_again(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(401, f"who is {h.headers['Authorization']}?".encode(), Content_Type="text/plain"))
    with pytest.raises(SourceError, match=r"status 401, expected 200: 'text/plain' of 39 bytes.*renew the token") as error:
        pull()
    assert len(server.seen) == 1 and TOKEN not in str(error.value)


def test_a_token_that_no_header_may_hold_is_told_without_the_token(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "http", "host": "127.0.0.1", "password": f"{TOKEN}\n"}
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_DISPATCH", json.dumps(connection))
    with pytest.raises(SourceError, match="the token holds a line end") as error:
        pull()
    assert TOKEN not in str(error.value)


PERSON = {"contactName": "王小明", "contactPhone": "13812345678"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"code": 0, "data": {"records": [PERSON], "next": None}},
            r"a list at 'data.items', came an object with 'code', 'data': data with 'next', 'records': items is nothing",
        ),
        ({"code": 0, "data": {"items": PERSON}}, r"items with 'contactName', 'contactPhone'\. Compare"),
        ({"code": 17, "data": PERSON}, r"expected code=0, came an object with 'code', 'data': code is 17"),
        ([PERSON], r"expected code=0, came an answer that is list"),
        (f"contactName=王小明 {PERSON}", r"not JSON .*'text/plain' of \d+ bytes"),
        (
            {"code": 0, "data": {"items": [], "next": {"after": "王小明"}}},
            r"expected a text or number as cursor at 'data.next', came .* next with 'after'\. Set source.pages.next",
        ),
        ({"code": 0, "data": {"items": [], "next": ["王小明"]}}, r"next is list\. Set source.pages.next"),
    ],
    ids=["renamed", "object", "code", "list", "text", "cursor-object", "cursor-list"],
)
def test_an_answer_of_another_shape_is_told_without_what_it_holds(server: Any, body: Any, message: str) -> None:
    sent = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
    server.script = script(lambda h, n, q: h.send(200, sent, Content_Type="text/plain"))
    with pytest.raises(SourceError, match=message) as error:
        pull()
    assert not [value for value in PERSON.values() if value in str(error.value)]


def test_json_nested_without_end_is_refused_at_once(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, b'{"code": 0, "data": {"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"))
    with pytest.raises(SourceError, match="nested deeper than can be read"):
        pull()
    assert len(server.seen) == 1


def test_pages_follow_the_cursor_and_carry_the_interval(server: Any) -> None:
    server.script = script(
        lambda h, n, q: h.send(200, page([1, 2], "c1", 3)),
        lambda h, n, q: h.send(200, page([3], None, 3)) if q["cursor"] == "c1" else h.send(400, b""),
    )
    assert len(pull()) == 2
    path = server.seen[0][0]
    assert "published_from=2016-01-01T00%3A00%3A00%2B00%3A00" in path and "published_to=2016-01-02" in path


def test_a_cursor_that_loops_is_noticed(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, page([1], "again", 99)))
    with pytest.raises(SourceError, match="paging loops"):
        pull()


def test_a_skipped_page_is_noticed_by_the_total(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, page([1], None, 5)))
    with pytest.raises(SourceUnavailable, match="counts 5 records, its pages held 1"):
        pull()


def test_a_redirect_to_another_host_does_not_carry_the_token(server: Any) -> None:
    other: Any = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
    other.seen, other.script = [], script(GOOD)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    server.script = script(lambda h, n, q: h.send(302, b"", Location=f"http://127.0.0.2:{other.server_port}/x"))
    try:
        pull()
    finally:
        other.shutdown()
        other.server_close()
    assert server.seen[0][1] == f"Bearer {TOKEN}"
    assert other.seen[0][1] is None


def test_a_slow_source_is_given_up_in_time(server: Any) -> None:
    answered = threading.Event()
    server.script = script(lambda h, n, q: (answered.wait(1.0), None)[1], GOOD)
    assert len(pull(time_out_seconds=0.3)) == 1
    answered.set()


def test_a_cut_off_export_goes_on_where_it_was(server: Any) -> None:
    """Long intervals take the bulk export; what arrives is the file, once, byte for byte."""
    import random

    lines = "".join(json.dumps({"n": random.Random(n).random()}) + "\n" for n in range(260_000)).encode()
    whole = gzip.compress(lines)
    assert len(whole) > 2 * http.CHUNK_BYTES
    server.script = script(
        lambda h, n, q: h.send(200, whole[: http.CHUNK_BYTES + 999], claim=len(whole)),
        lambda h, n, q: h.send(200, whole[: 2 * http.CHUNK_BYTES], claim=len(whole)),
        lambda h, n, q: h.send(200, whole),
    )
    assert pull(days=30, feed="remote_points") == [whole]
    assert all("/v1/remote/export" in path for path, _ in server.seen)
