"""Pull files over SFTP whose delivery (modification time) lies in the interval.

The host key is checked (connection extra); links are not followed; a file that changes while it is read
is refused, because half of one delivery and half of the next is neither.
"""

from __future__ import annotations

import fnmatch
import stat
from collections.abc import Iterator
from datetime import UTC, datetime

import paramiko
from airflow.providers.sftp.hooks.sftp import SFTPHook

from hearth.contracts.contract import Contract, SftpSource
from hearth.sources.delivery import Delivery, Interval, SourceUnavailable

CHUNK_BYTES = 1 << 18


def deliveries(contract: Contract, source: SftpSource, interval: Interval) -> Iterator[Delivery]:
    """Matching files in order of delivery, then name."""
    with SFTPHook(ssh_conn_id=source.connection).get_managed_conn() as client:
        for entry in sorted(_listed(client, source, interval), key=lambda e: (e.st_mtime or 0, e.filename)):
            path = f"{source.folder.rstrip('/')}/{entry.filename}"
            delivered_at = datetime.fromtimestamp(entry.st_mtime or 0, UTC)
            yield Delivery(entry.filename, _read(client, path, entry), contract.format.kind, delivered_at=delivered_at)


def count(source: SftpSource, interval: Interval) -> tuple[int, int]:
    """(files, bytes) that the folder lists for the interval now."""
    with SFTPHook(ssh_conn_id=source.connection).get_managed_conn() as client:
        entries = _listed(client, source, interval)
        return len(entries), sum(entry.st_size or 0 for entry in entries)


def _listed(client: paramiko.SFTPClient, source: SftpSource, interval: Interval) -> list[paramiko.SFTPAttributes]:
    """Regular files of the pattern whose delivery lies in the interval."""
    try:
        entries = client.listdir_attr(source.folder)
    except OSError as error:
        raise SourceUnavailable(f"{source.folder}: cannot be listed over {source.connection}: {error}") from error
    return [
        entry
        for entry in entries
        if stat.S_ISREG(entry.st_mode or 0)
        and fnmatch.fnmatchcase(entry.filename, source.pattern)
        and interval.start <= datetime.fromtimestamp(entry.st_mtime or 0, UTC) < interval.end
    ]


def _read(client: paramiko.SFTPClient, path: str, listed: paramiko.SFTPAttributes) -> Iterator[bytes]:
    with client.open(path, "rb") as file:
        file.prefetch(listed.st_size)
        size = 0
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            yield chunk
    now = client.stat(path)
    if (size, now.st_size, now.st_mtime) != (listed.st_size, listed.st_size, listed.st_mtime):
        raise SourceUnavailable(
            f"{path}: listed with {listed.st_size} bytes, read {size}, has {now.st_size} now: it is still being written. "
            "The pull is tried again; a feed whose files grow slowly needs a later schedule."
        )
