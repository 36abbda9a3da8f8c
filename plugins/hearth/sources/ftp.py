"""Files over FTP, with explicit TLS unless the contract says otherwise. Times are those of MLSD and MLST (RFC 3659), in UTC."""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from hearth.contracts.interval import Interval
from hearth.sources import files
from hearth.sources.delivery import SourceError, printable
from hearth.sources.files import TIME_OUT_SECONDS, Entry, decoded, hang_up, login_of, refused, tls_context

CHUNK_BYTES = 1 << 18
LINE_BYTES = 1 << 13


class _Ftps(ftplib.FTP_TLS):
    """Takes the session of the login for the files too: servers ask for it, so that nobody else can come for them."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - TLS follows
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session), size


class Transport(files.Transport):
    """Names are bytes: the driver's Latin-1 is each byte as it is."""

    BREAKS = (ftplib.Error, OSError, EOFError)

    def connect(self) -> None:
        login, source = login_of(self.source), self.source
        self._sockets: list[socket.socket] = []
        self._ftp = _Ftps(context=tls_context(login)) if source.tls else ftplib.FTP()  # noqa: S321 - the contract says so
        self._ftp.encoding = "latin-1"
        self._ftp.connect(login.host or "", login.port or ftplib.FTP_PORT, timeout=TIME_OUT_SECONDS)
        if isinstance(self._ftp, _Ftps):
            try:
                self._ftp.auth()
            except ftplib.error_perm as error:
                raise SourceError(
                    f"{source.folder}: expected a server that takes TLS (AUTH TLS), came: {error}. The password was not sent. Have "
                    "TLS turned on; with source.tls: false everybody on the way reads password and files."
                ) from error
        try:
            self._ftp.login(_as_sent(login.login or ""), _as_sent(login.password or ""))
        except ftplib.error_perm as error:
            raise refused(source, error) from error
        if isinstance(self._ftp, _Ftps):
            self._ftp.prot_p()
        self._ftp.voidcmd("TYPE I")
        self._require_listing()
        self._ftp.cwd(_as_sent(source.folder))

    def end(self) -> None:
        for each in filter(None, (self._ftp.sock, *self._sockets)):
            with suppress(OSError):  # gone already
                hang_up(each)

    def close(self) -> None:
        self._ftp.close()

    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        with self._data("MLSD") as conn, conn.makefile("rb") as lines:
            while line := lines.readline(LINE_BYTES):
                yield self._entry(line.rstrip(b"\r\n"))
        self._ftp.voidresp()

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        with self._data(f"RETR {_told(entry)}") as conn:
            while chunk := conn.recv(CHUNK_BYTES):
                yield chunk
            if isinstance(conn, ssl.SSLSocket):
                with suppress(OSError):  # not every server says goodbye; whether all came, its size and its answer say
                    conn.unwrap()
        self._ftp.voidresp()

    def now(self, entry: Entry) -> tuple[int, int]:
        answer = self._ftp.sendcmd(f"MLST {_told(entry)}").encode("latin-1").split(b"\n")
        return self._facts(answer[1].lstrip(b" ").partition(b" ")[0], entry.name)

    def _require_listing(self) -> None:
        try:
            can = self._ftp.sendcmd("FEAT").upper()
        except ftplib.error_perm:
            can = ""
        if "MLST" not in can:
            raise SourceError(
                f"{self.source.folder}: expected a server that lists files with their times in UTC (MLSD and MLST of RFC 3659, "
                f"named by FEAT), came {self._ftp.welcome!r} without. Nothing was read: LIST is text for people, without year, "
                "second or time zone. Have it turned on, or the files delivered by SFTP."
            )

    @contextmanager
    def _data(self, command: str) -> Iterator[socket.socket]:
        with self._ftp.transfercmd(command) as conn:
            self._sockets = [conn]
            yield conn

    def _entry(self, line: bytes) -> Entry | None:
        facts, _, raw = line.partition(b" ")
        name = decoded(raw)
        if b"type=file;" not in facts.lower() + b";" or not self.source.takes(name):
            return None
        size, written = self._facts(facts, name)
        return Entry(name, raw, size, written, written)

    def _facts(self, facts: bytes, name: str) -> tuple[int, int]:
        """(bytes, when written) of a line such as `type=file;size=3;modify=20160105120000;`."""
        said = dict(fact.split("=", 1) for fact in facts.decode("latin-1").lower().split(";") if "=" in fact)
        try:
            written = datetime.strptime(said["modify"][:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            return int(said["size"]), int(written.timestamp())
        except (KeyError, ValueError) as error:
            raise SourceError(
                f"{self.source.folder.rstrip('/')}/{printable(name)}: expected size and modify (YYYYMMDDHHMMSS, UTC) in the "
                f"listing, came {facts!r}. Nothing was read. Have the server list both (RFC 3659), or the files delivered by SFTP."
            ) from error


def _as_sent(text: str) -> str:
    return text.encode().decode("latin-1")


def _told(entry: Entry) -> str:
    """The name for a command, which ends with its line."""
    if b"\r" in entry.path:
        raise SourceError(f"{entry.name!r}: a name with a line end in it cannot be asked for over FTP. Have the file renamed.")
    return entry.path.decode("latin-1")
