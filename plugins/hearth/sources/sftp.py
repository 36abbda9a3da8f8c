"""Pull files over SFTP whose delivery (modification time) lies in the interval.

The host key is checked (connection extra); links are not followed; a file that changes while it is read
is refused, because half of one delivery and half of the next is neither. File names are read as UTF-8, else as GB 18030.
"""

from __future__ import annotations

import fnmatch
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import paramiko
from airflow.providers.sftp.hooks.sftp import SFTPHook
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR

from hearth.contracts.contract import Contract, SftpSource
from hearth.sources.delivery import Delivery, Interval, SourceUnavailable, printable

CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class _Entry:
    """A file as the folder lists it. `path`: bytes by which the server knows it; `delivered`: seconds since 1970."""

    name: str
    path: bytes
    mode: int
    size: int
    delivered: int


def deliveries(contract: Contract, source: SftpSource, interval: Interval) -> Iterator[Delivery]:
    """Matching files in order of delivery, then name."""
    with SFTPHook(ssh_conn_id=source.connection).get_managed_conn() as client:
        for entry in sorted(_matching(client, source, interval), key=lambda e: (e.delivered, e.name)):
            delivered_at = datetime.fromtimestamp(entry.delivered, UTC)
            yield Delivery(entry.name, _read(client, source, entry), contract.format.kind, delivered_at=delivered_at)


def count(source: SftpSource, interval: Interval) -> tuple[int, int]:
    """(files, bytes) that the folder lists for the interval now."""
    with SFTPHook(ssh_conn_id=source.connection).get_managed_conn() as client:
        entries = _matching(client, source, interval)
        return len(entries), sum(entry.size for entry in entries)


def _matching(client: paramiko.SFTPClient, source: SftpSource, interval: Interval) -> list[_Entry]:
    """Regular files of the pattern whose delivery lies in the interval."""
    try:
        entries = _listed(client, source.folder.rstrip("/"))
    except (OSError, paramiko.SSHException) as error:
        raise SourceUnavailable(f"{source.folder}: cannot be listed over {source.connection}: {error}") from error
    return [
        entry
        for entry in entries
        if stat.S_ISREG(entry.mode)
        and fnmatch.fnmatchcase(entry.name, source.pattern)
        and interval.start <= datetime.fromtimestamp(entry.delivered, UTC) < interval.end
    ]


def _listed(client: paramiko.SFTPClient, folder: str) -> list[_Entry]:
    """All that a folder lists. SFTPClient.listdir_attr raises at the first name that is not UTF-8, and the others are lost."""
    handle = client._request(CMD_OPENDIR, (folder or "/").encode())[1].get_binary()
    entries: list[_Entry] = []
    while True:
        try:
            message = client._request(CMD_READDIR, handle)[1]
        except EOFError:  # how the protocol ends a listing
            client._request(CMD_CLOSE, handle)
            return entries
        for _ in range(message.get_int()):
            raw = message.get_binary()
            message.get_binary()  # the line that `ls -l` would print
            found = paramiko.SFTPAttributes._from_msg(message)
            path = folder.encode() + b"/" + raw
            entries.append(_Entry(_decoded(raw), path, found.st_mode or 0, found.st_size or 0, found.st_mtime or 0))


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # written by a machine set to Chinese (GBK)
        return raw.decode("gb18030", "surrogateescape")


def _read(client: paramiko.SFTPClient, source: SftpSource, listed: _Entry) -> Iterator[bytes]:
    """The content of a file. Raises SourceUnavailable when it is not there any more, or not as it was listed."""
    where = f"{source.folder.rstrip('/')}/{printable(listed.name)}"
    try:
        with client.open(listed.path, "rb") as file:
            file.prefetch(listed.size)
            size = 0
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
                yield chunk
        now = client.stat(listed.path)
    except (OSError, paramiko.SSHException) as error:
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, and cannot be read over {source.connection}: {error}. "
            "The pull is tried again and lists the folder anew; if it stays, look at the file's rights."
        ) from error
    if (size, now.st_size, now.st_mtime) != (listed.size, listed.size, listed.delivered):
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, read {size}, has {now.st_size} now: it is still being written. "
            "The pull is tried again; a feed whose files grow slowly needs a later schedule."
        )
