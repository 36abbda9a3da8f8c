"""Both servers of the city in one process: HTTP by uvicorn, SFTP by asyncssh (key login only, read only, chroot)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import uvicorn

from city.api import create_app

_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


class _ExpectedFaults(logging.Filter):
    """Bodies cut short on purpose are no error of the server."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return "shorter than Content-Length" not in str(error)


@dataclass(frozen=True)
class Addresses:
    host: str
    http_port: int
    sftp_port: int


@dataclass(frozen=True)
class Keys:
    token: str
    host_key: Path
    authorized_key: Path


class _ReadOnly(asyncssh.SFTPServer):
    """Shows one folder and refuses every change to it."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & _WRITING:
            raise asyncssh.SFTPPermissionDenied("this server is read only")
        return super().open(path, pflags, attrs)

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if desired_access & ~(asyncssh.ACE4_READ_DATA | asyncssh.ACE4_READ_ATTRIBUTES):
            raise asyncssh.SFTPPermissionDenied("this server is read only")
        return super().open56(path, desired_access, flags, attrs)


def _refuse(self: _ReadOnly, *args: Any) -> None:
    raise asyncssh.SFTPPermissionDenied("this server is read only")


for _change in (
    "setstat",
    "lsetstat",
    "fsetstat",
    "remove",
    "mkdir",
    "rmdir",
    "rename",
    "posix_rename",
    "symlink",
    "link",
):
    setattr(_ReadOnly, _change, _refuse)


def restore_delivery_times(city: Path) -> None:
    """Give every file its time of delivery again; a copied city may have lost them."""
    for name, delivered in json.loads((city / "files.json").read_text()).items():
        os.utime(city / "files" / name, (delivered, delivered))


async def start_sftp(city: Path, host: str, port: int, keys: Keys) -> asyncssh.SSHAcceptor:
    root = str((city / "files").resolve()).encode()
    return await asyncssh.listen(
        host,
        port,
        server_host_keys=[str(keys.host_key)],
        authorized_client_keys=str(keys.authorized_key),
        sftp_factory=lambda channel: _ReadOnly(channel, chroot=root),
        allow_scp=False,
        password_auth=False,
        kbdint_auth=False,
        agent_forwarding=False,
    )


async def run(city: Path, addresses: Addresses, keys: Keys, *, faults: bool) -> None:
    """Serve until SIGTERM or SIGINT; prints one line of JSON when both servers answer."""
    restore_delivery_times(city)
    app = create_app(city, keys.token, faults=faults)
    listener = socket.create_server((addresses.host, addresses.http_port))
    # asyncio sets this only on sockets made with an explicit protocol; without it a small page takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=2))
    logging.getLogger("uvicorn.error").addFilter(_ExpectedFaults())
    sftp = await start_sftp(city, addresses.host, addresses.sftp_port, keys)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    ready = {
        "ready": True,
        "host": addresses.host,
        "http_port": listener.getsockname()[1],
        "sftp_port": sftp.get_port(),
        "faults": faults,
    }
    print(json.dumps(ready), flush=True)
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    sftp.close()
    await serving
    await sftp.wait_closed()
