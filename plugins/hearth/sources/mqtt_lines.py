"""A message as one line of JSON, from which its payload can be had again byte for byte.

What a payload says stands there as it was written: no number is read and written anew. Of an object the members stand beside
`<topic>` and `<received_at>`, so that a contract names them; anything else is `<payload>`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from hearth.sources.json_text import decode


@dataclass(frozen=True)
class Message:
    """`retained`: the broker kept it from before we listened."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


def line(message: Message) -> bytes:
    """With its line end."""
    head = {"<topic>": message.topic, "<received_at>": message.received_at.isoformat()}
    if message.retained:
        head["<retained>"] = "true"
    return _joined(head, *_told(message.payload))


def line_of_large(message: Message, sha256: str) -> bytes:
    """Of a message whose payload lies in a file of its own."""
    head = {"<topic>": message.topic, "<received_at>": message.received_at.isoformat()}
    return _joined(head, {"<payload_sha256>": sha256, "<payload_bytes>": len(message.payload)}, b"")


def _told(payload: bytes) -> tuple[dict[str, object], bytes]:
    """(what is said of the payload, members that stand as they came)."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return {"<payload>": base64.b64encode(payload).decode(), "<encoding>": "base64"}, b""
    try:
        decode(text)  # of bytes it would guess the encoding
    except (ValueError, RecursionError):
        return {"<payload>": text, "<encoding>": "text"}, b""
    one_line = payload.replace(b"\r", b" ").replace(b"\n", b" ").strip()
    if one_line.startswith(b"{"):
        members = one_line[1:-1].strip()
        is_exact = payload == b"{" + members + b"}"
    else:
        members = b'"<payload>": ' + one_line
        is_exact = payload == one_line
    return {} if is_exact else {"<payload_base64>": base64.b64encode(payload).decode()}, members


def _joined(head: dict[str, object] | dict[str, str], told: dict[str, object], members: bytes) -> bytes:
    text = json.dumps({**head, **told}, ensure_ascii=False)[:-1].encode("utf-8", "surrogateescape")
    return text + (b", " + members if members else b"") + b"}\n"
