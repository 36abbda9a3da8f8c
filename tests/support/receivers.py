"""Real servers that take what is sent to people: a mail server, and an HTTP server in the place of a chat's robot."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from local.postgres import free_port


class MailServer:
    """Keeps the mails it takes; `refuse` makes it answer as a server that is full, `unknown` are no recipients of it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse = False
        self.unknown: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.unknown:
            return f"550 5.1.1 <{address}>: Recipient address rejected"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (the library's name)
        if self.refuse:
            return "452 4.3.1 Insufficient system storage"
        self.recipients.append(envelope.rcpt_tos)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, str]]:
    """(server, its Airflow connection as JSON)."""
    kept = MailServer()
    port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {"from_email": "hearth@heating.example", "disable_ssl": True, "disable_tls": True, "retry_limit": 0}
    try:
        yield kept, json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})
    finally:
        controller.stop()


class ChatServer:
    """Keeps the messages of each path as JSON; paths in `refuse` answer 500."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.refuse: set[str] = set()

    def connection(self, *addresses: tuple[str, str | None]) -> str:
        """An Apprise connection: (path or whole address, tag)."""
        config = [{"path": a if "://" in a else f"{self.address}{a}", "tag": tag} for a, tag in addresses]
        return json.dumps({"conn_type": "apprise", "extra": {"config": config}})


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = self.path in kept.refuse
            if not refused:
                kept.messages.setdefault(self.path, []).append(body)
            self.send_response(500 if refused else 200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Quiet: the tests read what came, not who asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = ChatServer(f"json://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
