"""The servers really answer: paging, tokens, moods, the export; SFTP by key, read only; SQL by COPY."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import asyncssh
import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from city.api import Faults, create_app
from city.sql import TABLES, load
from city.store import ItemStore
from tests.support.reading import City

REPOSITORY = Path(__file__).resolve().parents[2]
DAY = {"received_from": "2016-12-20T06:30:00+08:00", "received_to": "2016-12-22T18:00:00+08:00"}
WORD = "open-sesame"
ALLOWED = {"Authorization": f"Bearer {WORD}"}


@dataclass
class Servers:
    url: str
    sftp_port: int
    key: str
    folder: Path


@pytest.fixture(scope="module")
def servers(brief_city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The real process, with faults."""
    keys = tmp_path_factory.mktemp("keys")
    for name in ("host", "client"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(keys / name))
        key.write_public_key(str(keys / f"{name}.pub"))
    (keys / "token").write_text("open-sesame\n")
    command = [
        sys.executable,
        "-m",
        "city",
        "serve",
        "--dir",
        str(brief_city.folder),
        "--token-file",
        str(keys / "token"),
    ]
    command += ["--host-key", str(keys / "host"), "--authorized-key", str(keys / "client.pub")]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    yield Servers(f"http://127.0.0.1:{ready['http_port']}", ready["sftp_port"], str(keys / "client"), brief_city.folder)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""


@pytest.fixture
def calm(brief_folder: Path) -> TestClient:
    """The application without faults."""
    return TestClient(create_app(brief_folder, "open-sesame", faults=False), headers=ALLOWED)


def _pages(ask: Callable[[dict[str, Any]], dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    items, cursor, total = [], None, None
    while True:
        data = ask({**DAY, "limit": limit, **({"cursor": cursor} if cursor else {})})["data"]
        items += data["items"]
        total, cursor = data["total"], data["next"]
        if cursor is None:
            assert total == len(items)
            return items


def test_pages_hold_every_item_once_in_order_of_arrival(calm: TestClient, brief_city: City) -> None:
    expected = [i for i in brief_city.items("remote") if "2016-12-20 06:30:00" <= i["recvTime"] < "2016-12-22 18:00:00"]
    for limit in (1, 97, 5000) if len(expected) < 300 else (97, 5000):
        assert _pages(lambda query: calm.get("/v1/remote/packets", params=query).json(), limit) == expected


def test_half_open_intervals_join_without_gap_or_overlap(brief_folder: Path) -> None:
    store = ItemStore(brief_folder / "http" / "remote")
    middle = int(store.arrivals[len(store.arrivals) // 2])
    first, last = store.span(0, middle), store.span(middle, 2**60)
    assert first[1] == last[0]
    assert (first[0], last[1]) == (0, len(store.arrivals))


def test_export_holds_the_same_items(calm: TestClient) -> None:
    answer = calm.get("/v1/remote/export", params=DAY)
    assert answer.headers["content-type"] == "application/gzip"
    exported = [json.loads(line) for line in gzip.decompress(answer.content).splitlines()]
    assert exported == _pages(lambda query: calm.get("/v1/remote/packets", params=query).json(), 5000)


def test_an_empty_interval_is_an_empty_page_and_an_empty_export(calm: TestClient) -> None:
    nothing = {"received_from": "2014-01-01", "received_to": "2014-01-02"}
    page = calm.get("/v1/remote/packets", params=nothing).json()
    assert page == {"code": 0, "msg": "ok", "data": {"total": 0, "items": [], "next": None}}
    assert calm.get("/v1/remote/export", params=nothing).content == b""


@pytest.mark.parametrize("source", ["mobile/visits updated", "weather/hourly published", "12345/tickets updated"])
def test_other_sources_answer_the_same_way(calm: TestClient, source: str) -> None:
    path, verb = source.split()
    query = {f"{verb}_from": "2016-12-01T00:00:00+08:00", f"{verb}_to": "2017-02-01T00:00:00+08:00", "limit": 5000}
    data = calm.get(f"/v1/{path}", params=query).json()["data"]
    assert data["total"] == len(data["items"]) > 0


def test_without_the_token_nothing_is_shown(brief_folder: Path) -> None:
    client = TestClient(create_app(brief_folder, "open-sesame", faults=False))
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic open-sesame"}):
        assert client.get("/v1/remote/packets", params=DAY, headers=header).status_code == 401


@pytest.mark.parametrize("bad", [{"received_from": "soon"}, {"limit": 5001}, {"limit": 0}, {"cursor": "99999999"}, {"cursor": "x"}])
def test_nonsense_is_refused(calm: TestClient, bad: dict[str, Any]) -> None:
    assert calm.get("/v1/remote/packets", params={**DAY, **bad}).status_code == 422


def test_a_fault_never_strikes_the_same_request_twice() -> None:
    faults, struck = Faults(), []
    for number in range(400):
        fault = faults.next(f"request {number}")
        if fault:
            struck.append(fault)
            assert faults.next(f"request {number}") == ""
    assert {f: struck.count(f) for f in set(struck)} == {"cut": 4, "error": 6, "wait": 10}
    assert Faults(on=False).next("any") == ""


def test_faults_are_real_and_a_retry_gets_everything(servers: Servers, brief_city: City) -> None:
    seen: list[str] = []

    def ask(query: dict[str, Any]) -> dict[str, Any]:
        for _ in range(3):
            try:
                answer = client.get("/v1/remote/packets", params=query)
            except httpx.RemoteProtocolError:
                seen.append("cut")
                continue
            if answer.status_code == 200:
                return answer.json()
            seen.append(answer.headers.get("retry-after", str(answer.status_code)))
        raise AssertionError(f"three failures in a row: {seen[-3:]}")

    with httpx.Client(base_url=servers.url, headers=ALLOWED) as client:
        packets = _pages(ask, 2)
    expected = [i for i in brief_city.items("remote") if "2016-12-20 06:30:00" <= i["recvTime"] < "2016-12-22 18:00:00"]
    assert packets == expected
    assert {"cut", "500", "1"} <= set(seen)
    assert any(parsedate_to_datetime(text) for text in seen if text.endswith("GMT"))


def test_sftp_shows_the_files_with_their_times_and_lets_nobody_change_them(servers: Servers) -> None:
    name = "rounds/csv/DDCW_20161222.csv"
    delivered = json.loads((servers.folder / "files.json").read_text())[name]

    async def visit() -> None:
        options: dict[str, Any] = {"username": "hearth", "known_hosts": None, "client_keys": [servers.key]}
        async with asyncssh.connect("127.0.0.1", servers.sftp_port, **options) as connection:
            async with connection.start_sftp_client() as sftp:
                assert (await sftp.stat(f"/{name}")).mtime == delivered
                async with sftp.open(f"/{name}", "rb") as remote:
                    assert await remote.read() == (servers.folder / "files" / name).read_bytes()
                assert "city.json" not in await sftp.listdir("/")
                refused = [
                    sftp.remove(f"/{name}"),
                    sftp.open("/new", "wb"),
                    sftp.open(f"/{name}", "ab"),
                    sftp.mkdir("/folder"),
                ]
                refused += [
                    sftp.rename(f"/{name}", "/other"),
                    sftp.utime(f"/{name}", (0, 0)),
                    sftp.symlink("/etc", "/out"),
                ]
                for attempt in refused:
                    with pytest.raises(asyncssh.SFTPError):
                        await cast(Awaitable[object], attempt)
                with pytest.raises(asyncssh.SFTPError):
                    await sftp.stat("/../planted.json")

    asyncio.run(visit())
    assert os.stat(servers.folder / "files" / name).st_mtime == delivered


def test_sftp_lets_only_the_key_in(servers: Servers) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    async def knock(**login: Any) -> None:
        async with asyncssh.connect("127.0.0.1", servers.sftp_port, username="hearth", known_hosts=None, **login):
            raise AssertionError("a stranger was let in")

    for login in ({"client_keys": None, "password": WORD}, {"client_keys": [stranger]}):
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(knock(**login))


def test_sql_sources_are_filled_and_filled_again(brief_city: City, database: Callable[..., str]) -> None:
    url = database()
    first, second = load(brief_city.folder, url), load(brief_city.folder, url)
    assert first == second
    planted = brief_city.planted["feeds"]
    assert first["hotline.ticket_log"] == planted["hotline_963963"]["rows_read"]
    assert first["register.household_log"] == planted["register_households"]["rows_read"]
    with psycopg.connect(url) as connection:
        for table, columns in TABLES.items():
            found = connection.execute(f"select count(*), count({next(iter(columns))}) from {table}").fetchone()
            assert found == (first[table], first[table])
        open_end = connection.execute("select count(*) from register.suspension_log where suspended_to is null").fetchone()
        assert open_end is not None
        assert open_end[0] > 0
