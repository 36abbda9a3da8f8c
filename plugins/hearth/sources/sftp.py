"""Files over SFTP: the host key is checked (connection extra); links are not followed; names are bytes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack

import paramiko
from airflow.providers.sftp.hooks.sftp import SFTPHook
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR

from hearth.contracts.file_source import SftpSource
from hearth.contracts.interval import Interval
from hearth.sources import files
from hearth.sources.delivery import SourceError
from hearth.sources.files import Entry, decoded, refused
from hearth.sources.watch import Watch

CHUNK_BYTES = 1 << 18
AHEAD_BYTES = 1 << 24


class Transport(files.Transport):
    BREAKS = (OSError, EOFError, paramiko.SSHException)

    def __init__(self, source: SftpSource, watch: Watch) -> None:
        super().__init__(source, watch)
        self._hook, self._open = SFTPHook(ssh_conn_id=source.connection), ExitStack()

    def connect(self) -> None:
        try:
            self._client: paramiko.SFTPClient = self._open.enter_context(self._hook.get_managed_conn())
        except paramiko.BadHostKeyException as error:
            raise SourceError(
                f"{self.source.folder}: expected the host key that the connection {self.source.connection} names, came another one "
                f"({error.key.get_name()} {error.key.fingerprint}). Nothing was read. Ask the owner of the server whether its key "
                "was changed; only then set host_key of the connection to the new one."
            ) from error
        except paramiko.AuthenticationException as error:
            raise refused(self.source, error) from error

    def end(self) -> None:
        self._hook.client.close()

    def close(self) -> None:
        self._open.close()

    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        """SFTPClient.listdir_attr raises at the first name that is not UTF-8, and the others are lost."""
        folder = self.source.folder.rstrip("/").encode()
        handle = self._client._request(CMD_OPENDIR, folder or b"/")[1].get_binary()
        while True:
            try:
                message = self._client._request(CMD_READDIR, handle)[1]
            except EOFError:  # how the protocol ends a listing
                break
            for _ in range(message.get_int()):
                raw = message.get_binary()
                message.get_binary()  # the line that `ls -l` would print
                found = paramiko.SFTPAttributes._from_msg(message)
                name, written = decoded(raw), found.st_mtime or 0
                is_one = stat.S_ISREG(found.st_mode or 0) and self.source.takes(name)
                yield Entry(name, folder + b"/" + raw, found.st_size or 0, written, written) if is_one else None
        self._client._request(CMD_CLOSE, handle)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        with self._client.open(entry.path, "rb") as file:
            size = 0
            while True:
                if size % AHEAD_BYTES == 0:  # asked for ahead is what may lie in memory
                    file.prefetch(min(size + AHEAD_BYTES, entry.size))
                chunk = file.read(CHUNK_BYTES)
                if not chunk:
                    break
                size += len(chunk)
                yield chunk

    def now(self, entry: Entry) -> tuple[int, int]:
        found = self._client.stat(entry.path)
        return found.st_size or 0, found.st_mtime or 0
