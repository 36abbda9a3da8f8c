"""Attachments of a mailbox on a real IMAP server: whatever their names are written in, from nobody else, and no mail is touched."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from quopri import encodestring

import pytest
from pydantic import ValidationError

from hearth.contracts.interval import Interval
from hearth.sources import files, mail_parts, mailbox, pull
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.places import DAY, NOON, Mail

pytestmark = pytest.mark.parametrize("kind", ["mail"])
HEAD = f"From: {Mail.SENDER}\nMIME-Version: 1.0\n".encode()
PACKED = b64encode(b"content")


def one_part(
    disposition: bytes, content_type: bytes = b"application/octet-stream", body: bytes = PACKED, packed: bytes = b"base64"
) -> bytes:
    """A mail that is nothing but an attachment."""
    lines = (b"Content-Type: " + content_type, b"Content-Transfer-Encoding: " + packed, b"Content-Disposition: " + disposition)
    return HEAD + b"\n".join(lines) + b"\n\n" + body + b"\n"


GBK, UTF8 = "室温表.csv".encode("gbk"), "室温表.csv".encode()


def word(raw: bytes, charset: bytes = b"gbk") -> bytes:
    return b"=?" + charset + b"?B?" + b64encode(raw) + b"?="


def percent(raw: bytes, sign: str = "%") -> bytes:
    return "".join(f"{sign}{byte:02X}" for byte in raw).encode()


NAMES = {
    "RFC 2047, GBK": b'attachment; filename="' + word(GBK) + b'"',
    "RFC 2047, GB 2312 said, GBK meant": b'attachment; filename="' + word("室温镕.csv".encode("gbk"), b"gb2312") + b'"',
    "RFC 2047, UTF-8, Q": b"attachment; filename==?utf-8?Q?" + percent(UTF8, "=") + b"?=",
    "RFC 2047, a letter over two words": b'attachment; filename="' + word(GBK[:3]) + b"\n " + word(GBK[3:]) + b'"',
    "RFC 2231, UTF-8": b"attachment; filename*=utf-8''" + percent(UTF8),
    "RFC 2231, GBK, in two": b"attachment; filename*0*=gbk''" + percent(GBK[:3]) + b";\n filename*1*=" + percent(GBK[3:]),
    "no encoding named, UTF-8": b'attachment; filename="' + "室温表.csv".encode() + b'"',
    "no encoding named, GBK": b'attachment; filename="' + GBK + b'"',
    "an encoding nobody knows": b'attachment; filename="' + word(GBK, b"x-none") + b'"',
    "base64 that is none": b'attachment; filename="=?gbk?B?a?=.csv"',
}  # fmt: skip


@pytest.mark.fault("F33")
def test_names_are_read_in_whatever_they_are_written_in(place: Mail) -> None:
    for disposition in NAMES.values():
        place.send(one_part(disposition))
    contract = place.contract(pattern="*")
    found = [delivery.name.rpartition(" [")[0] for delivery in pull.deliveries(contract, DAY)]
    expected = ["室温镕" if "meant" in told else "室温表" for told in NAMES]
    expected[-1] = "=?gbk?B?a?="
    assert sorted(found) == sorted(expected)


def test_a_name_may_stand_in_the_type_alone(place: Mail) -> None:
    place.send(one_part(b"inline", b'application/octet-stream; name="a.csv"'))
    assert place.pulled() == {"a.csv": b"content"}


@pytest.mark.parametrize("packed", ["base64", "quoted-printable", "8bit", "7bit"])
def test_content_is_as_it_was_before_it_was_packed(place: Mail, packed: str) -> None:
    content = b"a,b\r\n1,=2\r\n" + ("" if packed == "7bit" else "温\r\n").encode("gbk")
    body = {"base64": b64encode, "quoted-printable": encodestring}.get(packed, bytes)(content)
    place.send(one_part(b"attachment; filename=a.csv", b"text/csv; charset=gbk", body.removesuffix(b"\n"), packed.encode()))
    assert place.pulled()["a.csv"].rstrip(b"\r\n") == content.rstrip(b"\r\n")


def test_mails_within_a_mail_are_looked_through(place: Mail) -> None:
    """Somebody forwards what a branch sent; only who sent it on counts."""
    inner, middle, outer = EmailMessage(), EmailMessage(), EmailMessage()
    inner["From"] = "somebody@else.example"
    inner.set_content("see below")
    inner.add_attachment(b"inner", maintype="text", subtype="csv", filename="inner.csv")
    middle["From"] = "another@else.example"
    middle.set_content("fwd")
    middle.add_attachment(inner)
    outer["From"] = Mail.SENDER
    outer.set_content("fwd")
    outer.add_attachment(middle)
    outer.add_attachment(b"outer", maintype="text", subtype="csv", filename="outer.csv")
    place.send(outer.as_bytes())
    assert place.pulled() == {"inner.csv": b"inner", "outer.csv": b"outer"}


def test_doubled_and_reordered_mails_are_files_of_their_own(place: Mail) -> None:
    """Every day's file has the same name; the later mail was put into the mailbox first, and one was sent twice."""
    for content, at in ((b"second", NOON + 60), (b"first", NOON), (b"first", NOON)):
        place.deliver("report.csv", content, at)
    contract = place.contract()
    made = [(delivery.name, b"".join(delivery.chunks)) for delivery in pull.deliveries(contract, DAY)]
    assert [content for _, content in made] == [b"first", b"first", b"second"]
    assert len({name for name, _ in made}) == 3 and all(name.startswith("report [") and name.endswith("].csv") for name, _ in made)
    again = [delivery.name for delivery in pull.deliveries(contract, DAY)]
    place.deliver("report.csv", b"late", NOON - 60)
    assert [delivery.name for delivery in pull.deliveries(contract, DAY)][1:] == again, "a mail keeps its name whatever else comes"


@pytest.mark.fault("F53")
def test_a_mail_moved_here_late_is_seen_for_some_days(place: Mail) -> None:
    source = place.source()
    for days in (1, 6, 9):
        place.deliver(f"{days}.csv", at=NOON - days * 24 * 3600)
    assert len(files.listed(source)) == 3
    looked = [entry.name[:2] for entry in files.listed(source, source.looked_through(DAY))]
    assert sorted(looked) == ["1 ", "6 "]
    all_of_it = place.source(limits={"late_days": 30})
    assert len(files.listed(all_of_it, all_of_it.looked_through(DAY))) == 3


def test_what_was_listed_is_read_over_another_connection_and_gone_is_gone(place: Mail) -> None:
    place.deliver("a.csv", b"content")
    contract = place.contract()
    entries = files.listed(contract.source)  # type: ignore[arg-type]
    assert [b"".join(d.chunks) for d in files.fetch(contract, contract.source, entries)] == [b"content"]  # type: ignore[arg-type]
    place.remove("a.csv")
    with pytest.raises(SourceUnavailable, match=r"mail \d+ is not there any more"):
        [list(d.chunks) for d in files.fetch(contract, contract.source, entries)]  # type: ignore[arg-type]


STRANGERS = {
    "another": b"stranger@heat.example",
    "ours within theirs": b"not-branch.3@heat.example",
    "ours before theirs": b"branch.3@heat.example.evil.example",
    "ours as their name": b'"branch.3@heat.example" <stranger@else.example>',
    "ours beside theirs": b"branch.3@heat.example, stranger@else.example",
    "two lines": b"branch.3@heat.example\nFrom: stranger@else.example",
    "half a comment": b"branch.3@heat.example)<stranger@else.example>",
    "nobody": b"",
}


@pytest.mark.parametrize("who", list(STRANGERS))
def test_nothing_is_taken_from_anybody_else(place: Mail, who: str, caplog: pytest.LogCaptureFixture) -> None:
    place.send(one_part(b"attachment; filename=a.csv").replace(Mail.SENDER.encode(), STRANGERS[who], 1))
    place.deliver("ours.csv", b"ours")
    with caplog.at_level(logging.INFO, mailbox.__name__):
        assert place.pulled() == {"ours.csv": b"ours"}
    if "branch.3@heat.example" in STRANGERS[who].decode():
        assert "it is not from one of source.from" in caplog.text


@pytest.mark.parametrize(
    "who", ["Branch.3@HEAT.example", '"三站 (x)" <branch.3@heat.example>', "=?gbk?B?yP3Vvg==?= <branch.3@heat.example>"]
)
def test_an_address_is_the_same_in_capitals_and_with_a_name(place: Mail, who: str) -> None:
    place.send(one_part(b"attachment; filename=a.csv").replace(Mail.SENDER.encode(), who.encode(), 1))
    assert place.pulled() == {"a.csv": b"content"}


def test_of_several_senders_and_subjects_those_of_the_contract_are_taken(place: Mail, caplog: pytest.LogCaptureFixture) -> None:
    place.said["from"] = ["Other@heat.example", Mail.SENDER]
    place.said["subject"] = "室温*"
    for subject in ("=?gb18030?B?ytLOwsjVsag=?=", "Re: 室温", "室温 1"):
        place.send(one_part(b"attachment; filename=a.csv").replace(b"MIME", f"Subject: {subject}\nMIME".encode(), 1))
    with caplog.at_level(logging.INFO, mailbox.__name__):
        assert len(files.listed(place.source())) == 2
    assert "subject Re: 室温, from branch.3@heat.example: its subject is not like source.subject" in caplog.text


def test_a_mail_without_a_file_is_told_and_none_is_changed(place: Mail, caplog: pytest.LogCaptureFixture) -> None:
    place.deliver("a.xlsx")
    place.deliver("a.csv")
    place.send(HEAD + b"Subject: forgot\x1b[2J\n\nno attachment\n")
    before = place.flags()
    with caplog.at_level(logging.INFO, mailbox.__name__):
        assert place.pulled() == {"a.csv": b"x"}
    told = [message for message in caplog.messages if "none of its attachments is like source.pattern" in message]
    assert len(told) == 2 and "forgot\\x1b[2J" in told[1]
    assert place.flags() == before and not any("Seen" in line for line in before)


def test_the_server_dates_a_mail_to_the_second_in_whatever_zone(place: Mail) -> None:
    """Its search knows whole days of a zone of its own."""
    edges = {"first.csv": DAY.start, "last.csv": DAY.end - timedelta(seconds=1), "before.csv": DAY.start - timedelta(seconds=1)}
    for name, at in {**edges, "after.csv": DAY.end}.items():
        place.deliver(name, at=at.timestamp())
    assert set(place.pulled()) == {"first.csv", "last.csv"}
    hour = Interval(datetime(2016, 1, 5, 23, tzinfo=UTC), DAY.end)
    assert [d.name[:4] for d in pull.deliveries(place.contract(), hour)] == ["last"]


DAMAGED = {
    "letters that are none": one_part(b"attachment; filename=a.csv", body=b"QUJ\x01\xffDRA=="),
    "cut off": one_part(b"attachment; filename=a.csv", body=PACKED[:-3]),
    "packed in no known way": one_part(b"attachment; filename=a.csv", packed=b"x-zip"),
    "its last part is not ended": HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"
    + one_part(b"attachment; filename=a.csv").removeprefix(HEAD),
}  # fmt: skip


@pytest.mark.parametrize("how", list(DAMAGED))
def test_a_damaged_attachment_is_refused_by_name_of_its_mail(place: Mail, how: str) -> None:
    place.send(DAMAGED[how])
    with pytest.raises(
        SourceError, match=r"expected a mail that can be read, came mail \d+, which cannot: its? .*sent again"
    ) as raised:
        place.pulled()
    assert not isinstance(raised.value, SourceUnavailable)


def test_a_damaged_attachment_nobody_asks_for_does_no_harm(place: Mail) -> None:
    place.send(DAMAGED["packed in no known way"].replace(b"a.csv", b"a.png"))
    place.deliver("a.csv")
    assert place.pulled() == {"a.csv": b"x"}


@pytest.mark.fault("F12")
def test_a_mail_of_too_much_is_refused(place: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver("a.csv", b"x" * 50_000)
    with pytest.raises(SourceError, match=r"mail \d+ is larger; the limit source\.limits\.mail_bytes is 50000"):
        place.pulled(mail_bytes=50_000)
    monkeypatch.setattr(mail_parts, "LINES", 100)
    with pytest.raises(SourceError, match="it has more than 100 lines"):
        place.pulled()


@pytest.mark.fault("F34")
@pytest.mark.parametrize("how", ["many parts", "nested"])
def test_a_mail_of_endless_parts_is_refused(place: Mail, how: str) -> None:
    parts = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 2000 + b"--x--\n"
    opened = (b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(990))
    nested = HEAD + b"".join(opened) + b"\na\n" + b"".join(b"--x%d--\n" % n for n in reversed(range(990)))
    mail = parts if how == "many parts" else nested
    with pytest.raises(mail_parts.NotReadable, match=r"more than 1000 parts|nested too deeply"):
        mail_parts.attachments(mail, bool)
    if how == "many parts":
        place.send(mail)
        with pytest.raises(SourceError, match="it has more than 1000 parts"):
            place.pulled()


def test_a_mailbox_that_is_not_there_is_named(place: Mail) -> None:
    place.said["folder"] = "elsewhere"
    with pytest.raises(SourceError, match=r"elsewhere: expected a mailbox of this name over the connection hearth_place, came"):
        place.pulled()


def test_without_tls_only_where_the_contract_says_so(place: Mail) -> None:
    place.deliver("a.csv")
    place.connection["port"] = place.relay.target
    with pytest.raises(SourceUnavailable, match=r"cannot be reached over hearth_place"):
        place.pulled()
    place.said["tls"] = False
    assert place.pulled() == {"a.csv": b"x"}


@pytest.mark.parametrize("senders", [[], ["nobody"], ["a@b.example\r\nX"], ['a"b@c.example'], ["供热@b.example"], ["a@b c"]])
def test_a_contract_says_exact_addresses(place: Mail, senders: list[str]) -> None:
    with pytest.raises(ValidationError, match="from"):
        place.source(**{"from": senders})


def test_names_of_mailboxes_are_written_as_imap_writes_them(kind: str) -> None:
    """RFC 3501, 5.1.3, and a name of our own."""
    assert mailbox.mailbox_name("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert mailbox.mailbox_name('a & "b\\"') == 'a &- \\"b\\\\\\"'
    assert mailbox.mailbox_name("供热") == "&T5tw7Q-"
