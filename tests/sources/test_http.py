"""The HTTP source against a real server that misbehaves in every way one has been seen to."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hearth.contracts.interval import Interval
from hearth.contracts.limits import HttpLimits
from hearth.contracts.loading import find_contract
from hearth.sources import check, http, http_client
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.certificates import certificate

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
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    connection = {
        "conn_type": "http",
        "host": "127.0.0.1",
        "port": made.server_port,
        "schema": "http",
        "password": TOKEN,
    }
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_DISPATCH", json.dumps(connection))
    monkeypatch.setattr(http_client, "_back_off", lambda state: 0.01)
    yield made
    made.shutdown()
    made.server_close()


def page(items: list[Any], next_: str | None = None, total: int | None = None) -> bytes:
    return json.dumps(
        {"code": 0, "data": {"items": items, "next": next_, "total": len(items) if total is None else total}}
    ).encode()


def pull(days: float = 1.0, feed: str = "weather", **changes: Any) -> list[bytes]:
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
@pytest.mark.fault("F15", "F16", "F18", "F21")
def test_a_passing_fault_is_tried_again(server: Any, fault: Answer) -> None:
    server.script = script(fault, fault, GOOD)
    assert [json.loads(body)["data"]["items"] for body in pull()] == [[{"a": 1}]]
    assert len(server.seen) == 3


@pytest.mark.fault("F16")
def test_a_lasting_fault_ends_in_a_clear_error(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(503, b""))
    with pytest.raises(SourceUnavailable, match=r"no proper answer in 6 tries; the last: status 503"):
        pull()
    assert len(server.seen) == 6


@pytest.mark.fault("F37")
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
@pytest.mark.fault("F21")
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


@pytest.mark.fault("F19")
def test_a_cursor_that_loops_is_noticed(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, page([1], "again", 99)))
    with pytest.raises(SourceError, match="paging loops"):
        pull()


@pytest.mark.fault("F22")
def test_a_token_that_expires_between_two_pages_ends_the_pull_whole(server: Any) -> None:
    expired = lambda h, n, q: h.send(401, b"expired", Content_Type="text/plain")  # noqa: E731
    server.script = script(lambda h, n, q: h.send(200, page([1], "c1", 2)), expired)
    with pytest.raises(SourceError, match=r"status 401, expected 200.*renew the token") as error:
        pull()
    assert len(server.seen) == 2 and TOKEN not in str(error.value)


def paged(items: list[Any], largest: int | None = None) -> Answer:
    """A source that cuts its records into pages of the size asked for, or of its own."""

    def answer(handler: Handler, number: int, query: dict[str, str]) -> None:
        first = int(query.get("cursor", 0))
        last = first + (largest or int(query["limit"]))
        handler.send(200, page(items[first:last], str(last) if last < len(items) else None, len(items)))

    return answer


def pages(**changes: Any) -> dict[str, Any]:
    return {"pages": find_contract("weather").source.pages.model_copy(update=changes)}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([page(["a"], None, 5)], "counts 5 records, its pages held 1"),
        ([page(["a", "b"], "c", 4), page(["b", "d"], None, 4)] * 2, "1 records stand on two pages.*although the total of 4 fits"),
        ([page(["a", "b"], "c", 5), page(["b", "a"], "d", 5), page(["c"], None, 5)] * 2, "2 records stand on two pages"),
        ([page(["a"], "c", 10), page(["b", "c"], None, 3)], "counted 10 records before and 3 on page 2"),
        ([page(["a"], None, "10")], "counts 10 records, its pages held 1"),  # type: ignore[arg-type]
        ([page(["a", "b"], None, 1)], "counts 1 records, its pages held 2"),
    ],
    ids=["skipped", "overlap-and-skip", "overlaps-elsewhere", "shrinks", "text", "more-than-counted"],
)
@pytest.mark.fault("F19", "F20", "F66")
def test_pages_that_do_not_fit_each_other_are_pulled_again(server: Any, answers: list[bytes], message: str) -> None:
    server.script = script(*[lambda h, n, q, body=body: h.send(200, body) for body in answers])  # type: ignore[misc]
    with pytest.raises(SourceUnavailable, match=message):
        pull(**pages(size=2))


@pytest.mark.parametrize("total", ["many", -1, True, 1.5, "1e3", [], None], ids=repr)
@pytest.mark.fault("F66")
def test_a_total_that_is_no_count_is_refused(server: Any, total: Any) -> None:
    body = json.dumps({"code": 0, "data": {"items": [], "next": None, "total": total}}).encode()
    server.script = script(lambda h, n, q: h.send(200, body))
    with pytest.raises(SourceError, match=r"expected (a|the) number of records at 'data.total', came") as error:
        pull()
    assert not isinstance(error.value, SourceUnavailable)


@pytest.mark.fault("F19")
def test_records_that_come_again_on_the_next_page_and_are_counted_once_are_whole(server: Any) -> None:
    bodies = [page(["a", "b"], "c", 3), page(["b", "c"], None, 3)]
    server.script = script(*[lambda h, n, q, body=body: h.send(200, body) for body in bodies])  # type: ignore[misc]
    assert pull() == bodies


@pytest.mark.fault("F19", "F66")
def test_a_source_that_has_a_record_twice_is_told_from_one_that_pages_badly(server: Any) -> None:
    """Cut at other places, its pages hold the same; who cuts as before proves nothing."""
    records = ["a", "b", "b", "c", "d"]
    server.script = paged(records)
    assert [json.loads(body)["data"]["items"] for body in pull(**pages(size=2))] == [["a", "b"], ["b", "c"], ["d"]]
    assert len(server.seen) == 5
    server.script = paged(records, largest=2)
    with pytest.raises(SourceUnavailable, match="pages of another size did not hold the same"):
        pull(**pages(size=2))


@pytest.mark.parametrize("end", [None, "", False, 0, 0.0], ids=repr)
@pytest.mark.fault("F55")
def test_what_leads_nowhere_ends_the_paging(server: Any, end: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, page([1], 7, 2)), lambda h, n, q: h.send(200, page([2], end, 2)))  # type: ignore[arg-type]
    assert len(pull()) == 2 and "cursor=7" in server.seen[1][0]


def test_true_is_no_cursor(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(200, page([1], True)))  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=r"next is bool. Set source.pages.next"):
        pull()


@pytest.mark.parametrize(
    "body", [b'{"code": 0, "code": 0}', b'{"code": 0, "data": {"items": [], "items": [1]}}'], ids=["top", "below"]
)
def test_an_answer_that_names_a_key_twice_is_refused(server: Any, body: bytes) -> None:
    server.script = script(lambda h, n, q: h.send(200, body))
    with pytest.raises(SourceError, match=r"names a key twice|data is ObjectWithDoubledKey"):
        pull()


@pytest.fixture
def other(tmp_path: Any) -> Iterator[Any]:
    """Another host of our own network, which would answer."""
    made: Any = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
    made.seen, made.script = [], GOOD
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.mark.fault("F23", "F65")
def test_a_redirect_elsewhere_is_not_followed(server: Any, other: Any) -> None:
    """Another host, another port of the same host, another scheme: nothing there is read, by pages or export."""
    for there in (
        f"http://127.0.0.2:{other.server_port}/x?key=1",
        f"//127.0.0.2:{other.server_port}",
        "http://[",
        "ftp://127.0.0.1/",
    ):
        for feed, days in (("weather", 1.0), ("remote_points", 30.0)):
            server.script = script(lambda h, n, q, there=there: h.send(302, b"", Location=there))  # type: ignore[misc]
            with pytest.raises(SourceError, match=r"sends us on to .*nothing there was read.*change the connection") as error:
                pull(days, feed)
            assert not isinstance(error.value, SourceUnavailable) and "key=1" not in str(error.value)
    assert other.seen == []


@pytest.mark.fault("F38")
def test_a_next_page_at_another_host_is_asked_of_the_host_we_know(server: Any, other: Any) -> None:
    elsewhere = f"http://127.0.0.2:{other.server_port}/v1/weather?cursor=2"
    server.script = script(lambda h, n, q: h.send(200, page([1], elsewhere, 2)), lambda h, n, q: h.send(200, page([2], None, 2)))
    assert len(pull()) == 2
    assert other.seen == [] and "cursor=http%3A%2F%2F127.0.0.2" in server.seen[1][0]


@pytest.mark.fault("F23", "F65")
def test_a_redirect_from_https_to_http_is_not_followed(server: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate(tmp_path / "both.pem")
    plain: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    plain.seen, plain.script = [], GOOD
    threading.Thread(target=plain.serve_forever, args=(0.01,), daemon=True).start()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port, "schema": "https", "password": TOKEN}
    connection["extra"] = {"verify": str(tmp_path / "both.pem")}
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_DISPATCH", json.dumps(connection))
    server.script = script(lambda h, n, q: h.send(302, b"", Location=f"http://127.0.0.1:{plain.server_port}/"))
    try:
        with pytest.raises(SourceError, match=r"https://127.0.0.1:.* sends us on to http://127.0.0.1:"):
            pull()
    finally:
        plain.shutdown()
        plain.server_close()
    assert len(server.seen) == 1 and plain.seen == []


def test_a_redirect_within_the_host_is_followed_with_the_token(server: Any) -> None:
    server.script = script(lambda h, n, q: h.send(307, b"", Location="/v2/weather?from=1"), GOOD)
    assert len(pull()) == 1
    assert server.seen[1] == ("/v2/weather?from=1", f"Bearer {TOKEN}")
    server.script = script(lambda h, n, q: h.send(302, b"", Location="/again"))
    with pytest.raises(SourceError, match=r"status 302, expected 200.*redirects without end"):
        pull()


@pytest.mark.parametrize("asked", ["nan", "inf", "-inf", "1e400", "-5", "soon", "9" * 400, "Thu, 99 Foo"])
@pytest.mark.fault("F15")
def test_nonsense_in_retry_after_is_passed_over(server: Any, asked: str) -> None:
    server.script = script(lambda h, n, q: h.send(503, b"", Retry_After=asked), GOOD)
    assert len(pull()) == 1


def limited(**limits: Any) -> dict[str, Any]:
    return {"limits": HttpLimits(**limits)}


def drip(start: bytes) -> Answer:
    """One byte each 0.1 s, for as long as anybody listens."""

    def answer(handler: Handler, number: int, query: dict[str, str]) -> None:
        handler.wfile.write(start)
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.1)

    return answer


@pytest.mark.parametrize(
    ("days", "feed", "start"),
    [
        (1, "weather", b"HTTP/1.0 200 OK\r\n\r\n"),
        (1, "weather", b"HTTP/1.0 200 OK\r\nX-Long: "),
        (1, "weather", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
        (30, "remote_points", b"HTTP/1.0 200 OK\r\n\r\n"),
    ],
    ids=["page", "headers", "length", "export"],
)
@pytest.mark.fault("F17", "F55")
def test_a_source_that_drips_is_given_up_in_time(
    server: Any, monkeypatch: pytest.MonkeyPatch, days: float, feed: str, start: bytes
) -> None:
    """By a pull, by the question what the source counts, and by the look whether it answers."""
    server.script = drip(start)
    begun = time.monotonic()
    with pytest.raises(
        SourceUnavailable, match=r"too slow; the limit source.limits.pull_seconds is 1.*set the limit in the contract"
    ):
        pull(days, feed, time_out_seconds=0.3, **limited(request_seconds=0.4, pull_seconds=1))
    assert time.monotonic() - begun < 3
    with pytest.raises(SourceError, match=r"pull_seconds is 0.5"):
        ask(feed, **limited(pull_seconds=0.5))
    monkeypatch.setattr(check, "SECONDS", 0.4)
    assert "pull_seconds is 0.4" in str(check.check_feed(find_contract(feed)))


def ask(feed: str, **changes: Any) -> int:
    contract = find_contract(feed)
    source = contract.source.model_copy(update=changes)
    return http.count(contract, source, Interval(datetime(2016, 1, 1, tzinfo=UTC), datetime(2016, 1, 2, tzinfo=UTC)))[0]


@pytest.mark.parametrize(
    ("answer", "limits", "message"),
    [
        (
            lambda h, n, q: h.send(200, page([], f"c{n}", 0)),
            {"empty_pages": 3},
            "3 pages in a row .*source.limits.empty_pages is 3",
        ),
        (lambda h, n, q: h.send(200, page([n], f"c{n}", 99)), {"pages": 4}, "page 4 was not the last; .*source.limits.pages is 4"),
        (lambda h, n, q: h.send(200, page([n], f"c{n}", 99)), {"pull_bytes": 200}, "more than 200 bytes came; .*pull_bytes is 200"),
        (lambda h, n, q: h.send(200, b"x" * (33 << 20)), {}, "larger than 33554432 bytes, the limit format.limits.document_bytes"),
    ],
    ids=["empty", "pages", "bytes", "page-bytes"],
)
@pytest.mark.fault("F55")
def test_a_source_without_end_is_ended(server: Any, answer: Answer, limits: dict[str, Any], message: str) -> None:
    server.script = answer
    with pytest.raises(SourceError, match=message) as error:
        pull(**limited(**limits))
    assert not isinstance(error.value, SourceUnavailable)


def test_an_export_without_end_is_ended(server: Any) -> None:
    def endless(handler: Handler, number: int, query: dict[str, str]) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"x" * 100_000)

    server.script = endless
    with pytest.raises(SourceError, match=r"more than 5000000 bytes came; the limit source.limits.pull_bytes is 5000000"):
        pull(30, "remote_points", **limited(pull_bytes=5_000_000))


@pytest.mark.fault("F17")
def test_a_slow_source_is_given_up_in_time(server: Any) -> None:
    answered = threading.Event()
    server.script = script(lambda h, n, q: (answered.wait(1.0), None)[1], GOOD)
    assert len(pull(time_out_seconds=0.3)) == 1
    answered.set()


@pytest.mark.fault("F18")
def test_a_cut_off_export_goes_on_where_it_was(server: Any) -> None:
    """Long intervals take the bulk export; what arrives is the file, once, byte for byte."""
    import random

    lines = "".join(json.dumps({"n": random.Random(n).random()}) + "\n" for n in range(260_000)).encode()
    whole = gzip.compress(lines)
    assert len(whole) > 2 * http_client.CHUNK_BYTES
    server.script = script(
        lambda h, n, q: h.send(200, whole[: http_client.CHUNK_BYTES + 999], claim=len(whole)),
        lambda h, n, q: h.send(200, whole[: 2 * http_client.CHUNK_BYTES], claim=len(whole)),
        lambda h, n, q: h.send(200, whole),
    )
    assert pull(days=30, feed="remote_points") == [whole]
    assert all("/v1/remote/export" in path for path, _ in server.seen)
