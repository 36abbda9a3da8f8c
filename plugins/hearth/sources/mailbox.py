"""Attachments of the mails in a mailbox (IMAP) as files: delivered when the server took the mail, which is never changed.

Anybody may write to a mailbox: only mails from the contract's addresses are looked into, and their size, lines and parts are
bounded.
Mails are read whole and taken apart here, because servers describe their parts in ways of their own.
"""

from __future__ import annotations

import imaplib
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from hearth.contracts.interval import Interval
from hearth.sources import files
from hearth.sources.delivery import SourceError, SourceUnavailable, printable
from hearth.sources.files import TIME_OUT_SECONDS, Entry, hang_up, login_of, refused, tls_context
from hearth.sources.mail_parts import NotReadable, attachments, headers, sender, subject

log = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 20
AT_ONCE = 200
HEAD_BYTES = 1 << 16


class Mail(NamedTuple):
    uid: str
    delivered: datetime
    head: Message


class Transport(files.Transport):
    BREAKS = (imaplib.IMAP4.error, OSError, EOFError)

    def connect(self) -> None:
        login, source = login_of(self.source), self.source
        host, port = login.host or "", login.port
        self._read: tuple[str, dict[int, tuple[str, bytes]]] = ("", {})
        self._imap = (
            imaplib.IMAP4_SSL(host, port or 993, ssl_context=tls_context(login), timeout=TIME_OUT_SECONDS)
            if source.tls
            else imaplib.IMAP4(host, port or 143, timeout=TIME_OUT_SECONDS)
        )
        try:
            self._imap.login(login.login or "", login.password or "")
        except imaplib.IMAP4.error as error:
            if isinstance(error, imaplib.IMAP4.abort) or "[UNAVAILABLE]" in str(error):  # RFC 5530: not now
                raise
            raise refused(source, error) from error
        if "ID" in self._imap.capabilities:  # some providers show no mailbox to whom does not say who it is
            self._imap.xatom("ID", '("name" "hearth")')
        answer, said = self._imap.select(f'"{mailbox_name(source.folder)}"', readonly=True)
        if answer != "OK":
            raise SourceError(
                f"{source.folder}: expected a mailbox of this name over the connection {source.connection}, came: {said!r}. "
                "Nothing was read. Correct source.folder of the contract."
            )
        self._validity = str(self._imap.response("UIDVALIDITY")[1])

    def end(self) -> None:
        hang_up(self._imap.socket())

    def close(self) -> None:
        with suppress(AttributeError):  # there is no connection
            self._imap.logout()

    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        for mail in self._mails(interval):
            if interval and not interval.start <= mail.delivered < interval.end:
                yield None
            else:
                yield from self._entries(mail)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        uid, number = entry.path.decode().split("/")
        if entry.version != self._validity:
            raise OSError("the server has numbered its mails anew since")
        yield self._attachments(uid)[int(number)][1]

    def _entries(self, mail: Mail) -> Iterator[Entry | None]:
        """Its attachments. The log tells of a mail that has none to be taken, and why."""
        from_whom, about = sender(mail.head), subject(mail.head)
        found: list[Entry] = []
        if from_whom not in [address.lower() for address in self.source.from_]:
            told = "it is not from one of source.from"
        elif self.source.subject is not None and not fnmatchcase(about, self.source.subject):
            told = "its subject is not like source.subject"
        else:
            told = "none of its attachments is like source.pattern"
            for number, (name, content) in self._attachments(mail.uid).items():
                named, written = _distinct(name, f"{mail.uid}.{number}"), int(mail.delivered.timestamp())
                found.append(Entry(named, f"{mail.uid}/{number}".encode(), len(content), written, written, self._validity))
        if not found:
            what = f"mail {mail.uid} of {mail.delivered:%Y-%m-%dT%H:%M:%SZ}, subject {about}, from {from_whom}"
            log.info("%s: nothing is taken of %s: %s", self.source.folder, printable(what), told)
            yield None
        yield from found

    def _mails(self, interval: Interval | None) -> Iterator[Mail]:
        """Mails that may be of the contract's addresses and the interval: servers search by text, and by days of their own."""
        days: list[str] = []
        if interval:
            days += ["SINCE", _day(interval.start - timedelta(days=1)), "BEFORE", _day(interval.end + timedelta(days=2))]
        found: set[int] = set()
        for address in self.source.from_:
            answer = self._uid("SEARCH", "FROM", f'"{address}"', *days)
            found |= {int(uid) for line in answer if isinstance(line, bytes) for uid in line.split()}
        uids = sorted(found)
        for start in range(0, len(uids), AT_ONCE):
            asked = f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]<0.{HEAD_BYTES}>)"
            answer = self._uid("FETCH", ",".join(map(str, uids[start : start + AT_ONCE])), asked)
            yield from (_mail(words, literal) for words, literal in _items(answer))

    def _attachments(self, uid: str) -> dict[int, tuple[str, bytes]]:
        """Those of a mail that are taken, kept until another mail is asked for. Raises SourceError where it cannot be read."""
        if self._read[0] != uid:
            self._read = ("", {})
            try:
                self._read = (uid, attachments(self._whole(uid), self.source.takes))
            except NotReadable as error:
                raise SourceError(
                    f"{self.source.folder}: expected a mail that can be read, came mail {uid}, which cannot: {error}. Have it sent "
                    "again, and move it out of the mailbox."
                ) from error
        return self._read[1]

    def _whole(self, uid: str) -> bytes:
        """A mail as it was sent: what a server says of its size is not always so."""
        came, at_most = bytearray(), self.source.limits.mail_bytes
        while len(came) <= at_most:
            answer = self._uid("FETCH", uid, f"(UID BODY.PEEK[]<{len(came)}.{CHUNK_BYTES}>)")
            chunk = next((literal for _, literal in _items(answer)), b"")
            came += chunk
            if len(chunk) < CHUNK_BYTES:
                break
        if not came:
            raise OSError(f"mail {uid} is not there any more")
        if len(came) > at_most:
            raise SourceError(self.watch.told("mail_bytes", f"mail {uid} is larger"))
        return bytes(came)

    def _uid(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        self.watch.seconds_left()
        answer, data = self._imap.uid(command, *arguments)
        if answer != "OK":
            raise SourceUnavailable(f"{self.source.folder}: {self.source.connection} does not answer {command}: {data!r}")
        return list(data)


def _items(answer: list[bytes | tuple[bytes, bytes]]) -> Iterator[tuple[str, bytes]]:
    """(words around it, literal) of each mail; servers say the words in an order of their own."""
    for at, item in enumerate(answer):
        if isinstance(item, tuple):
            after = answer[at + 1] if at + 1 < len(answer) else b""
            yield (item[0] + (after if isinstance(after, bytes) else b"")).decode("ascii", "replace"), item[1]


def _mail(words: str, literal: bytes) -> Mail:
    uid, date = re.search(r"\bUID (\d+)", words), re.search(r'\bINTERNALDATE "([^"]+)"', words)
    if not (uid and date):
        raise imaplib.IMAP4.error(f"expected UID and INTERNALDATE of a mail, came {words[:200]!r}")
    delivered = parsedate_to_datetime(date[1].strip()).astimezone(UTC)
    return Mail(uid[1], delivered, headers(literal))


def _day(at: datetime) -> str:
    return imaplib.Time2Internaldate(at.astimezone(UTC))[1:12]


def _distinct(name: str, mark: str) -> str:
    """The mark before the suffix: every mail may call its file the same, and a name must not depend on what else is there."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} [{mark}].{suffix}" if dot and stem else f"{name} [{mark}]"


def mailbox_name(name: str) -> str:
    """As IMAP writes it: a UTF-7 of its own (RFC 3501), quotation marks escaped."""

    def written(run: re.Match[str]) -> str:
        packed = b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{packed}-"

    name = re.sub(r"[^\x20-\x7e]+", written, name.replace("&", "&-"))
    return name.replace("\\", "\\\\").replace('"', '\\"')
