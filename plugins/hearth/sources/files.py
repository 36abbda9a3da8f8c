"""Pull files whose delivery lies in the interval, or those asked for, from wherever somebody delivers them.

Here stands what is the same everywhere: which files count, and that each is taken as it was listed. A file that changes while it
is read is refused, because half of one delivery and half of the next is neither. A kind of place has a module with a Transport.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from hearth.contracts.contract import Contract
from hearth.contracts.file_format import NdjsonFormat
from hearth.contracts.file_source import FileSource
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable, printable
from hearth.sources.watch import Watch

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)
TRANSPORTS = {"folder": "folder", "ftp": "ftp", "mail": "mailbox", "s3": "bucket", "sftp": "sftp"}
"""Kind of source -> the module whose `Transport` reaches it."""
TIME_OUT_SECONDS = 60
"""Of connecting, and between two bytes, where a driver asks for one."""


@dataclass(frozen=True)
class Entry:
    """A file as its place lists it.

    `path`: bytes by which the place knows it; `written`: seconds since 1970; `delivered`: when its delivery was whole, likewise.
    `version`: what tells this content from a later one under the same name, where the place says so.
    """

    name: str
    path: bytes
    size: int
    written: int
    delivered: int
    version: str = ""

    @property
    def delivered_at(self) -> datetime:
        return datetime.fromtimestamp(self.delivered, UTC)


class Transport(ABC):
    """One place of files, reached by one connection. Whatever its methods raise of BREAKS may not happen on another try."""

    BREAKS: ClassVar[tuple[type[Exception], ...]] = (OSError, EOFError)

    def __init__(self, source: Any, watch: Watch) -> None:
        self.source, self.watch = source, watch

    @abstractmethod
    def connect(self) -> None:
        """Raises SourceError where another try would be refused as well."""

    @abstractmethod
    def end(self) -> None:
        """Let what blocks in another thread raise."""

    @abstractmethod
    def close(self) -> None:
        """The connection is not needed any more."""

    @abstractmethod
    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        """One for each name there is, null for what is no regular file of the source. What was not delivered in `interval` may be
        left out."""

    @abstractmethod
    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The content, of which no more is read than is asked for."""

    def now(self, entry: Entry) -> tuple[int, int]:
        """(bytes, when written) of it, asked once it was read; where nothing can change meanwhile, as it was."""
        return entry.size, entry.written


def deliveries(contract: Contract, source: FileSource, interval: Interval) -> Iterator[Delivery]:
    """Matching files of the interval in order of delivery, then name."""
    with _connected(source) as transport:
        yield from _read_all(contract, transport, _within(_matching(transport, interval), interval))


def fetch(contract: Contract, source: FileSource, entries: list[Entry]) -> Iterator[Delivery]:
    """Files that were listed before."""
    with _connected(source) as transport:
        yield from _read_all(contract, transport, entries)


def listed(source: FileSource, interval: Interval | None = None) -> list[Entry]:
    """All matching files of the place, or of an interval."""
    with _connected(source) as transport:
        entries = _matching(transport, interval)
    return _within(entries, interval) if interval else entries


def count(contract: Contract, source: FileSource, interval: Interval) -> tuple[int, dict[str, int]]:
    """(files, their bytes) that the place lists for the interval now."""
    entries = listed(source, interval)
    return len(entries), {"size_bytes": sum(entry.size for entry in entries)}


def login_of(source: FileSource) -> Connection:
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(source.connection)


def tls_context(login: Connection) -> ssl.SSLContext:
    """Certificates are checked: by `ca_file` of the connection's extra, else by what this machine trusts."""
    return ssl.create_default_context(cafile=login.extra_dejson.get("ca_file") or None)


def refused(source: FileSource, error: object) -> SourceError:
    """Not to be tried again: a login that is tried too often is locked."""
    return SourceError(
        f"{source.where}: expected that the login of the connection {source.connection} is taken, came: {error}. Nothing was read. "
        "Correct the connection's login and password, or have the right given."
    )


def hang_up(connection: socket.socket) -> None:
    """Let whoever waits for it in another thread go on; closing it would not. TLS is not asked: it would say that all has come."""
    socket.socket.shutdown(connection, socket.SHUT_RDWR)


def decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # written by a machine set to Chinese (GBK)
        return raw.decode("gb18030", "surrogateescape")


@contextmanager
def _connected(source: FileSource) -> Iterator[Transport]:
    """A connection that ends with the time of the pull, whatever the place does."""
    watch = Watch(source.limits, source.where)
    module = import_module(f"hearth.sources.{TRANSPORTS[source.kind]}")  # type: ignore[attr-defined]  # each kind has one
    transport: Transport = module.Transport(source, watch)
    with watch.ending(transport.end):
        try:
            try:
                transport.connect()
            except ssl.SSLCertVerificationError as error:
                raise SourceError(
                    f"{source.where}: expected a certificate that this machine trusts and that names the host of the connection "
                    f"{source.connection}, came another one: {error.verify_message}. Nothing was read. Put the authority's "
                    "certificate into a file and name it in the connection's extra: ca_file."
                ) from error
            except transport.BREAKS as error:
                plain = " The server does not speak TLS there: is it the right port, or has the contract to say source.tls: false?"
                told = plain if "WRONG_VERSION_NUMBER" in str(error) else ""
                raise SourceUnavailable(f"{source.where}: cannot be reached over {source.connection}: {error}.{told}") from error
            watch.seconds_left()  # making the connection has limits of its own
            yield transport
        finally:
            with suppress(*transport.BREAKS):
                transport.close()


def _matching(transport: Transport, interval: Interval | None) -> list[Entry]:
    """Regular files of the pattern; those of the interval are among them."""
    source, names, found = transport.source, 0, list[Entry]()
    try:
        for entry in transport.listed(None if source.delivery else interval):  # a delivery may lie on both sides of its edge
            names += 1
            if names > source.limits.listed_files:
                raise SourceError(
                    f"{source.where}: more than {source.limits.listed_files} files are listed, the limit "
                    "source.limits.listed_files. Have old files moved away, or set the limit in the contract."
                )
            if entry:
                found.append(entry)
    except transport.BREAKS as error:
        transport.watch.seconds_left()
        raise SourceUnavailable(f"{source.where}: cannot be listed over {source.connection}: {error}") from error
    return _whole(found, source) if source.delivery else found


def _whole(entries: list[Entry], source: FileSource) -> list[Entry]:
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
                f"{source.where}/{printable(entry.name)}: expected a name like {source.delivery.name!r} (source.delivery.name),"
                " so which delivery it belongs to cannot be told. Correct source.pattern or source.delivery of the contract."
            )
        deliveries[match[1]].append(entry)
    found: list[Entry] = []
    for name, parts in deliveries.items():
        if len(parts) > expected:
            raise SourceError(
                f"{source.where}: delivery {printable(name)} has {len(parts)} files, source.delivery.files says {expected}."
                " Have the wrong ones moved away, or correct the contract."
            )
        if len(parts) < expected:
            log.warning("%s: delivery %s waits: %d of %d files are there", source.where, printable(name), len(parts), expected)
            continue
        newest = max(part.written for part in parts)
        found += [replace(part, delivered=newest) for part in parts]
    return found


def _within(entries: list[Entry], interval: Interval) -> list[Entry]:
    return [entry for entry in entries if interval.start <= entry.delivered_at < interval.end]


def _read_all(contract: Contract, transport: Transport, entries: list[Entry]) -> Iterator[Delivery]:
    compression = contract.format.compression if isinstance(contract.format, NdjsonFormat) else "none"
    for entry in sorted(entries, key=lambda e: (e.delivered, e.name)):
        chunks = map(transport.watch.count, _read(transport, entry))
        yield Delivery(entry.name, chunks, contract.format.kind, compression, entry.delivered_at)


def _read(transport: Transport, listed: Entry) -> Iterator[bytes]:
    """The content of a file. Raises SourceUnavailable when it is not there any more, or not as it was listed."""
    source, size = transport.source, 0
    where = f"{source.where.rstrip('/')}/{printable(listed.name)}"
    try:
        for chunk in transport.chunks(listed):
            size += len(chunk)
            yield chunk
            if size > listed.size:
                now = (size, listed.written)
                break
        else:
            now = transport.now(listed)
    except transport.BREAKS as error:
        transport.watch.seconds_left()
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, and cannot be read over {source.connection}: {error}. "
            "The pull is tried again and lists the folder anew; if it stays, look at the file's rights."
        ) from error
    if (size, *now) != (listed.size, listed.size, listed.written):
        raise SourceUnavailable(
            f"{where}: listed with {listed.size} bytes, read {size}, has {now[0]} now: it is still being written. "
            "The pull is tried again; a feed whose files grow slowly needs a later schedule."
        )
