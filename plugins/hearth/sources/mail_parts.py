"""What a mail holds: who sent it, its subject, its attachments by name, in whatever way its writer spelled them.

A mail is hostile until it is read: none may take memory without end, by its lines, its parts or their depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.errors import CloseBoundaryNotFoundDefect, HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32, Policy

from hearth.sources.files import decoded

LINES = 4_000_000
PARTS = 1_000
ADDRESS = r'[^\s<>@,;:()"\\\[\]]+@[^\s<>@,;:()"\\\[\]]+'
SENDER = re.compile(rf'\s*(?:(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:()]*)\s*<({ADDRESS})>|({ADDRESS}))\s*', re.DOTALL)


class NotReadable(ValueError):
    """A mail, or a part of it, that cannot be read or is too much; says what it is."""


class _AsCame(Compat32):
    """Headers as they stand: the usual policy loses letters of an encoding that is not named."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


AS_CAME = _AsCame()


def headers(raw: bytes) -> Message:
    return BytesParser(policy=AS_CAME).parsebytes(raw, headersonly=True)


def sender(head: Message) -> str | None:
    """The one address a mail says it is from, in small letters; null where it is not plainly one."""
    found = head.get_all("From") or []
    match = SENDER.fullmatch(found[0]) if len(found) == 1 else None
    return (match[1] or match[2]).lower() if match else None


def subject(head: Message) -> str:
    return _words(head.get("Subject") or "")


def attachments(mail: bytes, takes: Callable[[str], bool]) -> dict[int, tuple[str, bytes]]:
    """(name, content) of the parts whose names are taken, those of mails within the mail too, by their number among all that have
    a name. Raises NotReadable."""
    if mail.count(b"\n") > LINES:
        raise NotReadable(f"it has more than {LINES} lines")
    made = 0

    def part(policy: Policy = AS_CAME) -> Message:
        nonlocal made
        made += 1
        if made > PARTS:
            raise NotReadable(f"it has more than {PARTS} parts")
        return Message(policy)

    try:
        whole = BytesParser(part, policy=AS_CAME).parsebytes(mail)
        parts = list(whole.walk())
        if any(isinstance(defect, CloseBoundaryNotFoundDefect) for each in parts for defect in each.defects):
            raise NotReadable("it is cut off: the end of its last part is missing")
        named = [(name, each) for each in parts if not each.is_multipart() and (name := _name(each))]
        return {number: (name, _content(each)) for number, (name, each) in enumerate(named) if takes(name)}
    except RecursionError:
        raise NotReadable("its parts are nested too deeply") from None


def _content(part: Message) -> bytes:
    """Its bytes without what they were packed in for the way. Raises NotReadable where those are damaged."""
    packed_as = str(part.get("Content-Transfer-Encoding") or "7bit").strip().lower()
    if packed_as not in ("7bit", "8bit", "binary", "base64", "quoted-printable"):
        raise NotReadable(f"it is packed as {packed_as!r}, which is not known")
    made = part.get_payload(decode=True)
    if part.defects or not isinstance(made, bytes):
        raise NotReadable(f"its {packed_as} is damaged: {', '.join(type(each).__name__ for each in part.defects)}")
    return made


def _name(part: Message) -> str | None:
    for parameter, header in (("filename", "Content-Disposition"), ("name", "Content-Type")):
        found = part.get_param(parameter, None, header)
        if isinstance(found, tuple):  # RFC 2231: (encoding, language, text)
            return _text(found[2].encode("latin-1", "replace"), found[0])
        if found:
            return _words(str(found))
    return None


def _words(text: str) -> str:
    """A text of a header with its encoded words (RFC 2047) decoded, and bytes of an encoding that is not named."""
    text = re.sub(r"\r?\n(?=[ \t])", "", decoded(text.encode("utf-8", "surrogateescape")))
    try:
        found = decode_header(text) if "=?" in text else [(text, None)]
    except HeaderParseError:
        return text
    return "".join(
        raw if isinstance(raw, str) else _text(raw, charset) if charset else raw.decode("raw-unicode-escape")
        for raw, charset in found
    ).strip()


def _text(raw: bytes, charset: str | None) -> str:
    charset = (charset or "utf-8").lower()
    try:
        return raw.decode("gb18030" if charset.startswith("gb") else charset)
    except (LookupError, UnicodeDecodeError):
        return decoded(raw)
