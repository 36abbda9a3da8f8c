"""A platform that is strict about how it is asked is asked as its contract says, and gives the same rows in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import clean
from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.contracts.loading import ContractError, load_contract
from hearth.intake import asked_of_register
from hearth.sources import http, http_client
from hearth.sources.check import check_feed
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.sources.pull import deliveries
from tests.support.platform import LOGIN, SECRET, ZONE, Manner, Platform, readings, served

PULLED = Interval(datetime(2016, 1, 11, tzinfo=ZONE), datetime(2016, 1, 14, tzinfo=ZONE))
LOCAL = {"from": "beginTime", "to": "endTime", "as": "%Y-%m-%d %H:%M:%S"}
SIZED = {"items": "data.rows", "size_parameter": "pageSize", "size": 5, "success": {"code": 0}}
NUMBERED = {**SIZED, "number": "pageNum", "total": "data.total"}
NO_PAGES = {"items": "data.rows", "success": {"code": 0}}
LOGGED_IN = {
    "kind": "token",
    "path": "/login",
    "send": {"username": "{login}", "password": "{password}"},
    "token": "data.token",
    "header": "X-Token",
    "prefix": "",
    "success": {"code": 0},
    "expired": {"code": 401},
}
CONTRACT: dict[str, Any] = {
    "feed": "platform",
    "title": "A platform",
    "entity": "room_reading",
    "owner": {"team": "x"},
    "source": {"kind": "http", "connection": "platform", "path": "/readings", "interval": LOCAL, "pages": NUMBERED},
    "schedule": {"season": "0 0 * * *"},
    "format": {"kind": "json"},
    "time_zone": "Asia/Shanghai",
    "arrival": {"from": "collectTime"},
    "columns": {"point_id": "deviceId", "read_at": "collectTime", "temperature_degc": {"from": "temp", "unit": "degC"}},
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Contract]:
    def written(columns: dict[str, Any] | None = None, **source: Any) -> Contract:
        path = tmp_path / "platform.yml"
        contract = {**CONTRACT, "source": {**CONTRACT["source"], **source}, "columns": {**CONTRACT["columns"], **(columns or {})}}
        path.write_text(yaml.safe_dump(contract))
        return load_contract(path)

    return written


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_back_off", lambda state: 0.01)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def connected(server: Any, name: str = "PLATFORM", **more: Any) -> None:
        place = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port, "schema": "http"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({**place, **more}))

    return connected


def rows(contract: Contract, interval: Interval = PULLED) -> list[tuple[str, datetime, float]]:
    """(point, time, temperature) of all that was delivered and is fit, sorted."""
    found: list[tuple[str, datetime, float]] = []
    for delivery in http.deliveries(contract, contract.source, interval):
        path = Path(contract._file or "").with_suffix(".landed")
        path.write_bytes(b"".join(delivery.chunks))
        with path.open("rb") as stream:
            for records in read_records(contract, LandedFile(1, delivery.name, "", None, "json"), stream):
                made = clean(contract, records, Pseudonyms("0" * 32))
                assert not made.bits.any()
                frame = made.frame[["point_id", "read_at", "temperature_degc"]]
                found += [(str(p), t.to_pydatetime(), float(v)) for p, t, v in frame.itertuples(index=False)]
    return sorted(found)


EXPECTED = sorted(
    (row["deviceId"], datetime.fromisoformat(row["collectTime"]).replace(tzinfo=ZONE).astimezone(UTC), row["temp"])
    for row in readings()
)

WAYS: dict[str, tuple[dict[str, Any], Manner]] = {
    "number, post": ({"method": "post"}, Manner()),
    "number, form": ({"method": "post", "form": True}, Manner()),
    "number from the body's object": (
        {
            "method": "post",
            "send": {"query": {"type": "room"}},
            "interval": {**LOCAL, "from": "query.beginTime", "to": "query.endTime"},
            "pages": {**NUMBERED, "number": "query.pageNum", "size_parameter": "query.pageSize"},
        },
        Manner(),
    ),
    "number without a total, largest page smaller than asked": (
        {"pages": {**SIZED, "number": "pageNum", "size": 50}},
        Manner(largest_page=7),
    ),
    "offset": ({"pages": {**SIZED, "offset": "offset", "total": "data.total"}}, Manner(paging="offset")),
    "offset, largest page smaller than asked": (
        {"pages": {**SIZED, "offset": "offset", "size": 50}},
        Manner(paging="offset", largest_page=7),
    ),
    "cursor": ({"pages": {**SIZED, "next": "data.next", "total": "data.total"}}, Manner(paging="cursor")),
    "link": ({"pages": {**SIZED, "link": "data.links.next", "total": "data.total"}}, Manner(paging="link")),
    "link in the header": ({"pages": {**SIZED, "link": "<header>"}}, Manner(paging="header")),
    "no pages": ({"pages": NO_PAGES}, Manner(paging="none")),
    "closed": ({"interval": {**LOCAL, "closed": True}}, Manner(closed=True)),
    "seconds": ({"interval": {**LOCAL, "as": "epoch_s"}}, Manner(bounds="epoch_s")),
    "milliseconds, closed": ({"interval": {**LOCAL, "as": "epoch_ms", "closed": True}}, Manner(bounds="epoch_ms", closed=True)),
    "iso": ({"interval": {"from": "beginTime", "to": "endTime"}}, Manner(bounds="iso")),
    "a day at most": ({"interval": {**LOCAL, "at_most_days": 1}}, Manner(most_days=1)),
    "one day and no end": ({"interval": {"from": "day", "as": "%Y-%m-%d", "at_most_days": 1}}, Manner(bounds="day")),
    "one device, a day at most": (
        {
            "each": {"parameter": "deviceId", "ids": [f"D/{n}" for n in range(4)]},
            "interval": {**LOCAL, "at_most_days": 1},
            "method": "post",
        },
        Manner(one_device=True, most_days=1),
    ),
    "one device in the path": (
        {"path": "/devices/{each}", "each": {"ids": [f"D/{n}" for n in range(4)]}},
        Manner(one_device=True),
    ),
}
LOGINS: dict[str, tuple[dict[str, Any], Manner]] = {
    "token": ({"login": LOGGED_IN}, Manner(log_in=Platform.has_token)),
    "token that expires": ({"login": LOGGED_IN, "method": "post"}, Manner(log_in=Platform.has_token, token_serves=4)),
    "token that expires with 200": (
        {"login": LOGGED_IN, "method": "post"},
        Manner(log_in=Platform.has_token, token_serves=4, expires_with=200),
    ),
    "client credentials": (
        {"login": {"kind": "oauth2", "path": "/oauth/token"}},
        Manner(log_in=Platform.has_token, token_serves=6),
    ),
    "client credentials in the body": (
        {"login": {"kind": "oauth2", "path": "/oauth/token", "sent_in": "body", "scope": "read"}},
        Manner(log_in=Platform.has_token),
    ),
    "key in a header": ({"login": {"kind": "key", "header": "X-Api-Key"}}, Manner(log_in=Platform.has_key)),
    "key in the query, links followed": (
        {"login": {"kind": "key", "query": "apikey"}, "pages": {**SIZED, "link": "data.links.next"}},
        Manner(log_in=Platform.has_key, paging="link"),
    ),
    "basic": ({"login": {"kind": "basic"}}, Manner(log_in=Platform.has_basic)),
    "signature of the query": (
        {
            "login": {
                "kind": "signature",
                "names": {"signature": "sign", "timestamp": "timestamp", "login": "appKey", "nonce": "nonce"},
            },
            "send": {"name": "室温 a&b", "valid": True},
        },
        Manner(log_in=Platform.has_signature_of_query),
    ),
    "signature of the body": (
        {
            "login": {
                "kind": "signature",
                "algorithm": "md5",
                "text": "{secret}{body}{timestamp}{secret}",
                "encoding": "HEX",
                "names": {"signature": "X-Sign", "timestamp": "X-Time"},
                "sent_in": "header",
            },
            "method": "post",
        },
        Manner(log_in=Platform.has_signature_of_body),
    ),
}


@pytest.mark.parametrize("way", [*WAYS, *LOGINS])
def test_the_same_rows_come_in_every_way(way: str, write: Any, connect: Any) -> None:
    said, manner = (WAYS | LOGINS)[way]
    with served(manner) as server:
        connect(server, login=LOGIN, password=SECRET) if way in LOGINS else connect(server)
        assert rows(write(**said)) == EXPECTED
        if manner.token_serves < 10:
            assert len(server.tokens) > 2


@pytest.mark.parametrize("way", list(LOGINS))
def test_who_logs_in_wrongly_is_told_without_the_secret(
    way: str, write: Any, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    said, manner = LOGINS[way]
    with served(manner) as server:
        connect(server, login=LOGIN, password="another&secret/of ours")  # pragma: allowlist secret
        with pytest.raises(SourceError) as error:
            rows(write(**said))
        assert len(server.seen) == 1, "a refused login is not tried again: that locks accounts"
    told = f"{error.value} {caplog.text}"
    assert "another" not in told and ("login" in told or "password" in told)


def test_a_login_that_is_never_taken_ends(write: Any, connect: Any) -> None:
    with served(Manner(log_in=lambda _: 401)) as server:
        connect(server, login=LOGIN, password=SECRET)
        with pytest.raises(SourceUnavailable, match="in 6 tries; the last: the token is not taken any more"):
            rows(write(login=LOGGED_IN))
        assert len(server.tokens) == 6


def test_no_secret_stands_in_what_is_told_of_a_connection_that_breaks(
    write: Any, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    drops = {number: lambda platform: platform.connection.close() for number in range(1, 20)}
    with served(Manner(answers_late=drops)) as server:
        connect(server, password=SECRET)
        with pytest.raises(SourceUnavailable) as error:
            rows(write(login={"kind": "key", "query": "apikey"}))
    assert "s3cret" not in f"{error.value} {caplog.text}" and "trying again" in caplog.text


def test_a_platform_that_is_away_is_told_without_the_key(write: Any, connect: Any, caplog: pytest.LogCaptureFixture) -> None:
    with served(Manner()) as server:
        connect(server, password=SECRET)
    with pytest.raises(SourceUnavailable) as error:
        rows(write(login={"kind": "key", "query": "apikey"}))
    assert "s3cret" not in f"{error.value} {caplog.text}"


def test_faults_in_the_middle_are_tried_again_with_the_same_question(write: Any, connect: Any) -> None:
    busy = {4: lambda p: p.send(503, {}), 6: lambda p: p.send(200, {"code": 500}), 8: lambda p: p.connection.close()}
    with served(Manner(log_in=Platform.has_token, answers_late=busy)) as server:
        connect(server, login=LOGIN, password=SECRET)
        assert rows(write(login=LOGGED_IN, method="post")) == EXPECTED
        pages = [json.loads(text)["pageNum"] for _, path, text in server.seen if path == "/readings"]
    assert pages == sorted(pages) and len(pages) == len(set(pages)) + 3


def test_a_last_page_that_is_given_again_and_again_is_noticed(write: Any, connect: Any) -> None:
    whole = Manner(paging="none")
    with served(whole) as server:
        connect(server)
        with pytest.raises(SourceError, match=r"same records as the page before.*source.pages.total"):
            rows(write(pages={**SIZED, "number": "pageNum", "size": 1000}))


def test_a_post_sent_on_to_a_login_page_and_a_link_to_another_host_are_refused(write: Any, connect: Any) -> None:
    def sent_on(platform: Platform) -> None:
        platform.send(302, {}, Location="/login.html")

    with served(Manner(answers_late={1: sent_on})) as server:
        connect(server)
        with pytest.raises(SourceError, match="a post was answered by a redirect, status 302"):
            rows(write(method="post"))
    away = {"code": 0, "data": {"rows": [], "links": {"next": "http://169.254.169.254/latest"}}}
    with served(Manner(answers_late={1: lambda platform: platform.send(200, away)})) as server:
        connect(server)
        with pytest.raises(SourceError, match=r"sends us on to http://169.254.169.254; redirects and links"):
            rows(write(pages={**SIZED, "link": "data.links.next"}))


def test_dates_are_not_asked_for_parts_of_a_day(write: Any, connect: Any) -> None:
    contract = write(interval={"from": "day", "as": "%Y-%m-%d", "at_most_days": 1})
    with served(Manner(bounds="day")) as server:
        connect(server)
        with pytest.raises(SourceError, match=r"expected whole days.*2016-01-11 06:00"):
            rows(contract, Interval(PULLED.start + timedelta(hours=6), PULLED.end))
        assert not server.seen


def test_the_source_counts_over_all_parts_and_devices(write: Any, connect: Any) -> None:
    said = {"each": {"parameter": "deviceId", "ids": ["D/0", "D/1"]}, "interval": {**LOCAL, "at_most_days": 1}}
    contract = write(**said)
    with served(Manner(one_device=True, most_days=1)) as server:
        connect(server)
        assert http.count(contract, contract.source, PULLED) == (sum(point in ("D/0", "D/1") for point, _, _ in EXPECTED), {})
        assert len(server.seen) == 6


def test_a_device_that_no_record_names_is_read_from_the_name_of_its_page(write: Any, connect: Any) -> None:
    contract = write(
        path="/devices/{each}",
        each={"ids": ["D/0", "D/1", "D/2", "D/3"]},
        columns={"point_id": {"from": "<file>", "pattern": r" each=(\S+) page"}},
    )
    with served(Manner(one_device=True)) as server:
        connect(server)
        assert rows(contract) == EXPECTED


def test_the_devices_of_the_register_are_asked_for(write: Any, connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = write(each={"parameter": "deviceId", "of": "measuring_point", "like": "D/[0-3]"})
    with served(Manner(one_device=True)) as server:
        connect(server)
        monkeypatch.setattr(asked_of_register, "registered_ids", {"measuring_point": ["B-1", "D/0", "D/1", "D/2", "D/3"]}.get)
        assert rows(asked_of_register.with_devices(contract)) == EXPECTED
        monkeypatch.setattr(asked_of_register, "registered_ids", lambda entity: [])
        with pytest.raises(SourceError, match="the register has none yet"):
            rows(asked_of_register.with_devices(contract))


def test_a_source_of_dates_is_checked_with_a_day(write: Any, connect: Any) -> None:
    with served(Manner(bounds="day")) as server:
        connect(server)
        assert check_feed(write(interval={"from": "day", "as": "%Y-%m-%d", "at_most_days": 1})) is None
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"pages": {**NUMBERED, "next": "data.next"}}, "next and number: a source pages in one way"),
        ({"form": True}, "only a post sends one"),
        ({"send": {"query": {"a": 1}}}, "objects are sent by a post of JSON"),
        ({"interval": {"from": "day"}}, "to: left out where a source takes one day"),
        ({"interval": {**LOCAL, "as": "yyyy-MM-dd"}}, "no strftime format such as"),
        ({"each": {"ids": ["a"]}}, r"each: say its `parameter`, or let \{each\} stand in `path`"),
        ({"each": {"parameter": "id"}}, "give one of `ids`"),
        ({"login": {"kind": "key"}}, "give one of `header` and `query`"),
        ({"login": {"kind": "signature", "names": {}}}, "say what the signature is called"),
        ({"login": {"kind": "signature", "names": {"signature": "s"}, "text": "{body.__class__}{password}"}}, "is not made of"),
        ({"login": {"kind": "signature", "names": {"signature": "s"}, "algorithm": "md5"}}, "the secret has to stand in it"),
        ({"method": "post", "pages": {**SIZED, "link": "x"}}, "a link is followed by get"),
    ],
)
def test_a_source_that_cannot_be_asked_so_is_told_by_its_contract(said: dict[str, Any], message: str, write: Any) -> None:
    with pytest.raises(ContractError, match=message):
        write(**said)


def test_a_connection_that_is_not_there_is_told_with_how_to_make_it(write: Any) -> None:
    contract = write()
    with pytest.raises(SourceError, match=r"there is no Airflow connection platform.*AIRFLOW_CONN_PLATFORM=\{"):
        list(deliveries(contract, PULLED))
