"""Places somebody delivers files to, of every kind, each really served: what a source of files is tried on."""

from __future__ import annotations

import imaplib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
from pydantic import TypeAdapter

from hearth.contracts.contract import Contract
from hearth.contracts.file_source import FileSource
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.contracts.source import Source
from hearth.sources import files
from hearth.sources.mailbox import mailbox_name
from local.postgres import free_port
from tests.support.object_store import ObjectStoreServer
from tests.support.relay import Beside, Relay

CONTRACT = find_contract("calibrations")
DAY = Interval(datetime(2016, 1, 5, tzinfo=UTC), datetime(2016, 1, 6, tzinfo=UTC))
NOON = datetime(2016, 1, 5, 12, tzinfo=UTC).timestamp()
CONNECTION = "hearth_place"
LOGIN, PASSWORD = "hearth", "tests only"  # pragma: allowlist secret


class Place(ABC):
    """`said`: what a contract says of the source beside its kind; `connection`: how it is reached, for Airflow; `day`: in which
    files are delivered if nothing else is said."""

    kind: ClassVar[str]
    day = DAY

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.connection: dict[str, Any] = {}

    @abstractmethod
    def deliver(self, name: str | bytes, content: bytes = b"x", at: float = NOON) -> None:
        """Put it there, over one of that name."""

    @abstractmethod
    def remove(self, name: str) -> None: ...

    def fault(self, kind: str) -> None:
        """What is read next is cut off in the middle (`cut`), or never comes (`hang`)."""
        raise NotImplementedError

    @abstractmethod
    def close(self) -> None: ...

    def source(self, limits: dict[str, float] | None = None, **more: Any) -> FileSource:
        said = {"kind": self.kind, "connection": CONNECTION, "pattern": "*.csv", "limits": limits or {}, **self.said, **more}
        os.environ[f"AIRFLOW_CONN_{CONNECTION.upper()}"] = json.dumps(self.connection)
        made: FileSource = TypeAdapter(Source).validate_python(said)
        return made

    def contract(self, **more: Any) -> Contract:
        return CONTRACT.model_copy(update={"source": self.source(**more)})

    def pulled(self, **limits: float) -> dict[str, bytes]:
        """Content by name, as the sender named the file."""
        contract = self.contract(limits=limits)
        made = files.deliveries(contract, contract.source, self.day)  # type: ignore[arg-type]
        return {re.sub(r" \[\d+\.\d+\]", "", delivery.name): b"".join(delivery.chunks) for delivery in made}


class Folder(Place):
    kind = "folder"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "files"
        self.path.mkdir()
        self.said = {"folder": "/files"}
        self.connection = {"conn_type": "fs", "extra": {"path": str(folder)}}

    def deliver(self, name: str | bytes, content: bytes = b"x", at: float = NOON) -> None:
        path = os.fsencode(self.path) + b"/" + os.fsencode(name)
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, (at, at))

    def remove(self, name: str) -> None:
        (self.path / name).unlink()

    def close(self) -> None: ...


class Sftp(Folder):
    kind = "sftp"

    def __init__(self, folder: Path, beside: Beside) -> None:
        super().__init__(folder)
        self._beside, key = beside, asyncssh.generate_private_key("ssh-ed25519")
        (folder / "key").write_bytes(key.export_private_key())
        (folder / "key.pub").write_bytes(key.export_public_key())
        served = os.fsencode(self.path)

        async def serve() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1",
                0,
                server_host_keys=[key],
                authorized_client_keys=str(folder / "key.pub"),
                sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=served),
            )

        self._server = beside.run(serve())
        self.relay = Relay(beside, self._server.get_port())
        host_key = " ".join(key.export_public_key().decode().split()[:2])
        extra = {"key_file": str(folder / "key"), "host_key": host_key, "no_host_key_check": False}
        self.said = {"folder": "/"}
        self.connection = {"conn_type": "sftp", "host": "127.0.0.1", "port": self.relay.port, "login": LOGIN, "extra": extra}

    def fault(self, kind: str) -> None:
        self.relay.fault = kind

    def close(self) -> None:
        self.relay.stop()
        self._beside.loop.call_soon_threadsafe(self._server.close)
        self._beside.run(self._server.wait_closed())


class Ftp(Folder):
    """`handler`: the class of the server's sessions."""

    kind = "ftp"

    def __init__(self, folder: Path, tls: Path | None) -> None:
        from pyftpdlib import handlers
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.filesystems import AbstractedFS
        from pyftpdlib.servers import ThreadedFTPServer

        super().__init__(folder)
        place, self._fault = self, ""

        class Disturbed(AbstractedFS):
            def open(self, filename: str, mode: str) -> Any:
                file = super().open(filename, mode)
                read = file.read

                def disturbed(size: int) -> bytes:
                    if place._fault and file.tell():
                        place.disturb(self.cmd_channel.data_channel)
                    return bytes(read(size))

                file.read = disturbed
                return file

        authorizer = DummyAuthorizer()
        authorizer.add_user(LOGIN, PASSWORD, str(self.path), perm="elr")
        more = {"certfile": str(tls), "tls_control_required": True, "tls_data_required": True} if tls else {}
        base = handlers.TLS_FTPHandler if tls else handlers.FTPHandler
        said = {
            "authorizer": authorizer,
            "abstracted_fs": Disturbed,
            "unicode_errors": "surrogateescape",
            "auth_failed_timeout": 0.1,
        }
        said["use_sendfile"] = False  # it would not be disturbed
        self.handler = type("Handler", (base,), {**said, **more})
        self._server = ThreadedFTPServer(("127.0.0.1", 0), self.handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"handle_exit": False}, daemon=True).start()
        self.said = {"folder": "/", "tls": bool(tls)}
        self.connection = {
            "conn_type": "ftp", "host": "127.0.0.1", "port": self._server.address[1], "login": LOGIN, "password": PASSWORD,
            "extra": {"ca_file": str(tls)} if tls else {},
        }  # fmt: skip

    def fault(self, kind: str) -> None:
        self._fault = kind

    def disturb(self, data: Any) -> None:
        if self._fault == "hang":
            time.sleep(5)
        elif self.said["tls"]:
            data.socket.sock_shutdown(socket.SHUT_RDWR)
        else:
            data.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.close_all()


class Bucket(Place):
    """Its objects are delivered when they are written."""

    kind = "s3"

    def __init__(self, server: ObjectStoreServer, beside: Beside) -> None:
        super().__init__()
        self._client, bucket = server._client(), server.bucket()
        self.relay = Relay(beside, server.port)
        self._at = f"{bucket}/in/"
        self.said = {"bucket": bucket, "prefix": "in/"}
        key, secret = server._login
        extra = {"endpoint_url": f"http://127.0.0.1:{self.relay.port}", "region_name": "us-east-1"}
        self.connection = {"conn_type": "aws", "login": key, "password": secret, "extra": extra}
        now = datetime.now(UTC)
        self.day = Interval(now.replace(year=now.year - 1, day=1), now.replace(year=now.year + 1, day=1))

    def deliver(self, name: str | bytes, content: bytes = b"x", at: float = NOON) -> None:
        self._client.pipe(self._at + os.fsdecode(name), content)

    def remove(self, name: str) -> None:
        self._client.rm(self._at + name)

    def fault(self, kind: str) -> None:
        self.relay.fault = kind

    def close(self) -> None:
        self.relay.stop()


class Mail(Place):
    """A mailbox of its own; every delivery is a mail."""

    kind = "mail"
    SENDER = "branch.3@heat.example"
    made = 0

    def __init__(self, server: MailServer, beside: Beside) -> None:
        super().__init__()
        type(self).made += 1
        self.folder = f"供热 & 室温/{self.made}"
        self._imap = imaplib.IMAP4("127.0.0.1", server.port)
        self._imap.login(LOGIN, PASSWORD)
        self._named = f'"{mailbox_name(self.folder)}"'
        self._imap.create(self._named)
        self.relay = Relay(beside, server.port, server.context)
        self.said = {"folder": self.folder, "from": [self.SENDER]}
        self.connection = {
            "conn_type": "imap", "host": "127.0.0.1", "port": self.relay.port, "login": LOGIN, "password": PASSWORD,
            "extra": {"ca_file": str(server.certificate)},
        }  # fmt: skip

    def deliver(self, name: str | bytes, content: bytes = b"x", at: float = NOON) -> None:
        mail = EmailMessage()
        mail["From"], mail["Subject"] = f'"三站, 李" <{self.SENDER}>', "室温日报"
        mail.set_content("见附件")
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=os.fsdecode(name))
        self.send(mail.as_bytes(), at)

    def send(self, mail: bytes, at: float = NOON) -> None:
        when = imaplib.Time2Internaldate(datetime.fromtimestamp(at, UTC))
        answer = self._imap.append(self._named, "", when, mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        assert answer[0] == "OK", answer

    def remove(self, name: str) -> None:
        """All mails go."""
        self._imap.select(self._named)
        self._imap.store("1:*", "+FLAGS", r"(\Deleted)")
        self._imap.expunge()

    def flags(self) -> set[str]:
        self._imap.select(self._named, readonly=True)
        return {str(line) for line in self._imap.fetch("1:*", "(FLAGS)")[1]}

    def fault(self, kind: str) -> None:
        self.relay.fault = kind

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._imap.logout()
        self.relay.stop()


class MailServer:
    """A real IMAP server (pymap), in memory, as a process; `context`: for a relay that speaks TLS for it."""

    def __init__(self, certificate: Path, context: ssl.SSLContext) -> None:
        self.port, self.certificate, self.context = free_port(), certificate, context
        command = [sys.executable, "-c", "from pymap.main import main; main()", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--no-tls", "dict", "--demo-user", LOGIN, "--demo-password", PASSWORD]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        raise RuntimeError("no IMAP server")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
