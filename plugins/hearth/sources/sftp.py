"""Pull files over SFTP whose delivery (modification time) lies in the interval, or those asked for.

The host key is checked (connection extra); links are not followed; a file that changes while it is read
is refused, because half of one delivery and half of the next is neither. File names are read as UTF-8, else as GB 18030.
"""

from __future__ import annotations

import fnmatch
import logging
import re
import stat
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import paramiko
from airflow.providers.sftp.hooks.sftp import SFTPHook
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR

from hearth.contracts.contract import Contract
from hearth.contracts.file_format import NdjsonFormat
from hearth.contracts.file_source import SftpSource
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable, printable
from hearth.sources.watch import Watch

log = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 18
AHEAD_BYTES = 1 << 24


@dataclass(frozen=True)
class Entry:
    """A file as the folder lists it.

    `path`: bytes by which the server knows it; `written`: seconds since 1970; `delivered`: when its delivery was whole, likewise.
    """

    name: str
    path: bytes
    mode: int
    size: int
    written: int
    delivered: int

    @property
    def delivered_at(self) -> datetime:
        return datetime.fromtimestamp(self.delivered, UTC)


def deliveries(contract: Contract, source: SftpSource, interval: Interval) -> Iterator[Delivery]:
    """Matching files of the interval in order of delivery, then name."""
    watch = Watch(source.limits, source.folder)
    with _connected(source, watch) as client:
        yield from _read_all(contract, source, client, watch, _within(_matching(client, source), interval))


def fetch(contract: Contract, source: SftpSource, entries: list[Entry]) -> Iterator[Delivery]:
    """Files that were listed before."""
    watch = Watch(source.limits, source.folder)
    with _connected(source, watch) as client:
        yield from _read_all(contract, source, client, watch, entries)


def listed(source: SftpSource) -> list[Entry]:
    """All matching files of the folder."""
    with _connected(source, Watch(source.limits, source.folder)) as client:
        return _matching(client, source)


def count(contract: Contract, source: SftpSource, interval: Interval) -> tuple[int, dict[str, int]]:
    """(files, their bytes) that the folder lists for the interval now."""
    entries = _within(listed(source), interval)
    return len(entries), {"size_bytes": sum(entry.size for entry in entries)}


@contextmanager
def _connected(source: SftpSource, watch: Watch) -> Iterator[paramiko.SFTPClient]:
    """A connection that ends with the time of the pull, whatever the server does: a driver that waits for it has no time-out.

    Raises SourceError when the server shows another host key than the connection knows.
    """
    hook = SFTPHook(ssh_conn_id=source.connection)

    def end() -> None:
        hook.client.close()

    try:
        with watch.ending(end), hook.get_managed_conn() as client:
            watch.seconds_left()  # making the connection has limits of its own
            yield client
    except paramiko.BadHostKeyException as error:
        raise SourceError(
            f"{source.folder}: expected the host key that the connection {source.connection} names, came another one "
            f"({error.key.get_name()} {error.key.fingerprint}). Nothing was read. Ask the owner of the server whether its key was "
            "changed; only then set host_key of the connection to the new one."
        ) from error


def _matching(client: paramiko.SFTPClient, source: SftpSource) -> list[Entry]:
    """Regular files of the pattern."""
    try:
        entries = _listed(client, source.folder.rstrip("/"), source.limits.listed_files)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise SourceUnavailable(f"{source.folder}: cannot be listed over {source.connection}: {error}") from error
    if len(entries) > source.limits.listed_files:
        raise SourceError(
            f"{source.folder}: more than {source.limits.listed_files} files are listed, the limit source.limits.listed_files. "
            "Have old files moved away, or set the limit in the contract."
        )
    found = [entry for entry in entries if stat.S_ISREG(entry.mode) and fnmatch.fnmatchcase(entry.name, source.pattern)]
    return _whole(found, source) if source.delivery else found


def _whole(entries: list[Entry], source: SftpSource) -> list[Entry]:
    """Files of the deliveries that are all there, each delivered with the newest of its own; the others wait.

    Raises SourceError for a file that belongs to none, and for a delivery with more files than it has.
    """
    assert source.delivery is not None
    shared, expected = re.compile(source.delivery.name), source.delivery.files
    deliveries: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        match = shared.search(entry.name)
        if match is None:
            raise SourceError(
                f"{source.folder}/{printable(entry.name)}: expected a name like {source.delivery.name!r} (source.delivery.name),"
                " so which delivery it belongs to cannot be told. Correct source.pattern or source.delivery of the contract."
            )
        deliveries[match[1]].append(entry)
    found: list[Entry] = []
    for name, parts in deliveries.items():
        if len(parts) > expected:
            raise SourceError(
                f"{source.folder}: delivery {printable(name)} has {len(parts)} files, source.delivery.files says {expected}."
                " Have the wrong ones moved away, or correct the contract."
            )
        if len(parts) < expected:
            log.warning("%s: delivery %s waits: %d of %d files are there", source.folder, printable(name), len(parts), expected)
            continue
        newest = max(part.written for part in parts)
        found += [replace(part, delivered=newest) for part in parts]
    return found


def _within(entries: list[Entry], interval: Interval) -> list[Entry]:
    return [entry for entry in entries if interval.start <= entry.delivered_at < interval.end]


def _read_all(
    contract: Contract, source: SftpSource, client: paramiko.SFTPClient, watch: Watch, entries: list[Entry]
) -> Iterator[Delivery]:
    compression = contract.format.compression if isinstance(contract.format, NdjsonFormat) else "none"
    for entry in sorted(entries, key=lambda e: (e.delivered, e.name)):
        chunks = map(watch.count, _read(client, source, entry, watch))
        yield Delivery(entry.name, chunks, contract.format.kind, compression, entry.delivered_at)


def _listed(client: paramiko.SFTPClient, folder: str, at_most: int) -> list[Entry]:
    """All that a folder lists, and no page of it beyond `at_most`. SFTPClient.listdir_attr raises at the first name that is not
    UTF-8, and the others are lost."""
    handle = client._request(CMD_OPENDIR, (folder or "/").encode())[1].get_binary()
    entries: list[Entry] = []
    while len(entries) <= at_most:
        try:
            message = client._request(CMD_READDIR, handle)[1]
        except EOFError:  # how the protocol ends a listing
            break
        for _ in range(message.get_int()):
            raw = message.get_binary()
            message.get_binary()  # the line that `ls -l` would print
            found = paramiko.SFTPAttributes._from_msg(message)
            path = folder.encode() + b"/" + raw
            written = found.st_mtime or 0
            entries.append(Entry(_decoded(raw), path, found.st_mode or 0, found.st_size or 0, written, written))
    client._request(CMD_CLOSE, handle)
    return entries


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # written by a machine set to Chinese (GBK)
        return raw.decode("gb18030", "surrogateescape")


def _read(client: paramiko.SFTPClient, source: SftpSource, listed: Entry, watch: Watch) -> Iterator[bytes]:
    """The content of a file. Raises SourceUnavailable when it is not there any more, or not as it was listed."""
    where = f"{source.folder.rstrip('/')}/{printable(listed.name)}"
    try:
        with client.open(listed.path, "rb") as file:
            size = 0
            while size <= listed.size:
                if size % AHEAD_BYTES == 0:  # asked for ahead is what may lie in memory
                    file.prefetch(min(size + AHEAD_BYTES, listed.size))
                chunk = file.read(CHUNK_BYTES)
                if not chunk:
                    break
                size += len(chunk)
                yield chunk
        now = client.stat(listed.path)
    except (OSError, EOFError, paramiko.SSHException) as error:
        watch.seconds_left()
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, and cannot be read over {source.connection}: {error}. "
            "The pull is tried again and lists the folder anew; if it stays, look at the file's rights."
        ) from error
    if (size, now.st_size, now.st_mtime) != (listed.size, listed.size, listed.written):
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, read {size}, has {now.st_size} now: it is still being written. "
            "The pull is tried again; a feed whose files grow slowly needs a later schedule."
        )
