"""The SFTP source against a real server whose folder holds what a branch office's machine leaves there."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from hearth.contracts.file_format import NdjsonFormat
from hearth.contracts.file_source import SftpDelivery
from hearth.contracts.interval import Interval
from hearth.contracts.limits import SftpLimits
from hearth.contracts.loading import find_contract
from hearth.sources import sftp
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable

CONTRACT = find_contract("calibrations")
DAY = Interval(datetime(2016, 1, 5, tzinfo=UTC), datetime(2016, 1, 6, tzinfo=UTC))
NOON = datetime(2016, 1, 5, 12, tzinfo=UTC).timestamp()


class Folder:
    """The folder that is served; `opening` is called before the server opens a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opening: Callable[[asyncssh.SFTPServer], None] = lambda server: None

    def deliver(self, name: bytes, content: bytes = b"x", at: float = NOON) -> None:
        path = os.fsencode(self.path) + b"/" + name
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, (at, at))

    def pulled(self, **limits: float) -> dict[str, bytes]:
        source = CONTRACT.source.model_copy(update={"folder": "/", "pattern": "*.csv", "limits": SftpLimits(**limits)})
        return {delivery.name: b"".join(delivery.chunks) for delivery in sftp.deliveries(CONTRACT, source, DAY)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    served = Folder(tmp_path / "files")
    served.path.mkdir()

    class Server(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            served.opening(self)
            return super().open(path, pflags, attrs)

    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "key").write_bytes(key.export_private_key())
    (tmp_path / "key.pub").write_bytes(key.export_public_key())
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def serve() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            authorized_client_keys=str(tmp_path / "key.pub"),
            sftp_factory=lambda channel: Server(channel, chroot=os.fsencode(served.path)),
        )

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    host_key = " ".join(key.export_public_key().decode().split()[:2])
    connection = {
        "conn_type": "sftp",
        "host": "127.0.0.1",
        "port": server.get_port(),
        "login": "hearth",
        "extra": {"key_file": str(tmp_path / "key"), "host_key": host_key, "no_host_key_check": False},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONTRACT.source.connection.upper()}", json.dumps(connection))
    yield served
    loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result()
    loop.call_soon_threadsafe(loop.stop)


@pytest.mark.fault("F33")
def test_names_in_gbk_and_in_no_encoding_at_all_are_pulled_with_the_others(folder: Folder) -> None:
    names = ("测温.csv".encode("gbk"), "检定.csv".encode(), b"\xff.csv", b"a\\b.csv", "别的.txt".encode("gbk"))
    for number, name in enumerate(names):
        folder.deliver(name, b"%d" % number)
    assert folder.pulled() == {"测温.csv": b"0", "检定.csv": b"1", "\\udcff.csv": b"2", "a\\\\b.csv": b"3"}
    source = CONTRACT.source.model_copy(update={"folder": "/", "pattern": "*.csv"})
    assert sftp.count(CONTRACT, source, DAY) == (4, {"size_bytes": 4})


@pytest.mark.fault("F33", "F36")
def test_control_characters_in_a_name_are_made_printable(folder: Folder) -> None:
    folder.deliver(b"a\nb\x1b[2J.csv")
    folder.deliver(b"a\\nb.csv")
    assert set(folder.pulled()) == {"a\\nb\\x1b[2J.csv", "a\\\\nb.csv"}
    assert Delivery("a\0\u202eb", [], "csv").name == "a\\x00\\u202eb"


@pytest.mark.fault("F49")
def test_files_of_one_delivery_are_taken_when_all_are_there_and_count_as_one(folder: Folder) -> None:
    """A register in two files: the first alone would make half of it removed."""
    together = SftpDelivery(name=r"register_(\d{8})_", files=2)
    source = CONTRACT.source.model_copy(update={"folder": "/", "pattern": "*.csv", "delivery": together})

    def taken(interval: Interval = DAY) -> list[tuple[str, datetime | None]]:
        return [(d.name, d.delivered_at) for d in sftp.deliveries(CONTRACT, source, interval) if list(d.chunks)]

    yesterday = NOON - 24 * 3600
    folder.deliver(b"register_20160105_1of2.csv", at=yesterday)
    before = Interval(DAY.start - timedelta(days=1), DAY.start)
    assert taken(before) == taken() == [], "it waits for its other half"
    folder.deliver(b"register_20160105_2of2.csv")
    noon = datetime.fromtimestamp(NOON, UTC)
    assert taken() == [("register_20160105_1of2.csv", noon), ("register_20160105_2of2.csv", noon)]
    assert taken(before) == [], "a delivery has one interval: that of its newest file"
    assert sftp.count(CONTRACT, source, DAY)[0] == 2
    folder.deliver(b"register_20160105_3of3.csv")
    with pytest.raises(SourceError, match=r"delivery 20160105 has 3 files, source\.delivery\.files says 2"):
        taken()
    (folder.path / "register_20160105_3of3.csv").rename(folder.path / "other.csv")
    with pytest.raises(SourceError, match=r"/other\.csv: expected a name like"):
        taken()


@pytest.mark.fault("F30")
def test_a_file_that_goes_between_listing_and_reading_may_be_asked_for_later(folder: Folder) -> None:
    folder.deliver(b"gone.csv")
    folder.opening = lambda server: (folder.path / "gone.csv").unlink()
    with pytest.raises(SourceUnavailable, match=r"/gone\.csv: listed with 1 bytes, and cannot be read .*lists the folder anew"):
        folder.pulled()


@pytest.mark.fault("F29")
def test_a_file_that_grows_while_it_is_read_may_be_asked_for_later(folder: Folder) -> None:
    folder.deliver(b"growing.csv", b"half")
    folder.opening = lambda server: (folder.deliver(b"growing.csv", b"half and the rest"), None)[1]
    with pytest.raises(SourceUnavailable, match=r"/growing\.csv"):
        folder.pulled()


@pytest.mark.fault("F33")
def test_a_link_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "outside.csv"
    secret.write_bytes(b"secret")
    (folder.path / "link.csv").symlink_to(secret)
    folder.deliver(b"file.csv")
    assert folder.pulled() == {"file.csv": b"x"}


@pytest.mark.fault("F30")
def test_a_connection_that_breaks_while_a_file_is_read_may_be_made_later(folder: Folder) -> None:
    folder.deliver(b"file.csv")
    folder.opening = lambda server: server.connection.abort()
    with pytest.raises(SourceUnavailable, match=r"/file\.csv: .*cannot be read"):
        folder.pulled()


@pytest.mark.fault("F30")
def test_a_server_with_another_host_key_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.deliver(b"file.csv")
    name = f"AIRFLOW_CONN_{CONTRACT.source.connection.upper()}"
    connection = json.loads(os.environ[name])
    another = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    connection["extra"]["host_key"] = " ".join(another[:2])
    monkeypatch.setenv(name, json.dumps(connection))
    with pytest.raises(SourceError, match=r"expected the host key .*came another one .*Nothing was read"):
        folder.pulled()


@pytest.mark.fault("F17")
def test_a_server_that_never_answers_is_given_up_in_time(folder: Folder) -> None:
    """It takes the connection and the wish to open a file, and then says nothing, as a hung storage does."""
    folder.deliver(b"file.csv")
    waiting = threading.Event()
    folder.opening = lambda server: (waiting.wait(10), None)[1]
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"too slow; the limit source.limits.pull_seconds is 2"):
        folder.pulled(pull_seconds=2)
    waiting.set()
    assert time.monotonic() - begun < 5


def test_more_than_the_limits_is_not_taken(folder: Folder) -> None:
    large = os.urandom(sftp.AHEAD_BYTES * 2 + 5)
    folder.deliver(b"large.csv", large)
    assert folder.pulled() == {"large.csv": large}
    with pytest.raises(SourceError, match=r"more than 1000000 bytes came; the limit source.limits.pull_bytes"):
        folder.pulled(pull_bytes=1_000_000)
    for number in range(12):
        folder.deliver(b"%d.txt" % number)
    with pytest.raises(SourceError, match=r"more than 10 files are listed, the limit source.limits.listed_files"):
        folder.pulled(listed_files=10)


def test_packed_files_are_landed_as_packed(folder: Folder) -> None:
    folder.deliver(b"a.csv")
    contract = CONTRACT.model_copy(update={"format": NdjsonFormat(kind="ndjson", compression="gzip")})
    source = CONTRACT.source.model_copy(update={"folder": "/", "pattern": "*.csv"})
    assert [(made.format_kind, made.compression) for made in sftp.deliveries(contract, source, DAY)] == [("ndjson", "gzip")]
