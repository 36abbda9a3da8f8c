"""Files from every kind of place, each really served: the same files, the same bytes, and the same answer to what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest

from hearth.contracts.file_format import NdjsonFormat
from hearth.contracts.interval import Interval
from hearth.landing.landing import Landing
from hearth.landing.store import LandingStore
from hearth.sources import files, pull
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from tests.support.places import DAY, NOON, Place

ALL = ("folder", "ftp", "ftps", "mail", "s3", "sftp")
SAY_WHEN = tuple(kind for kind in ALL if kind != "s3")
"""Whose files are delivered when the test says."""
SERVED = tuple(kind for kind in ALL if kind != "folder")
CHANGE = tuple(kind for kind in ALL if kind != "mail")
"""Whose files can be written anew under their name."""


def of(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", kinds)


def begun(place: Place, **limits: float) -> tuple[Iterator[Delivery], Delivery]:
    """A pull, and its first file: everything is listed, nothing is read."""
    made = pull.deliveries(place.contract(limits=limits), place.day)
    return made, next(made)


def exhausted(made: Iterator[Delivery], first: Delivery) -> None:
    """All of a pull is read."""
    for delivery in chain([first], made):
        b"".join(delivery.chunks)


SENT = {
    "测温_20160105.csv": "测点,温度\r\n甲,20.5\n".encode("gb18030"),
    "b.csv": bytes(range(256)) * 4000,
    "empty.csv": b"",
    "no line end.csv": "最后一行".encode(),
    "other.txt": b"not asked for",
}


@of(*ALL)
def test_the_same_files_land_as_the_same_files(place: Place, tmp_path: Path) -> None:
    """Whatever the place: the landing store calls them by their sha256, which is that of what was sent."""
    for name, content in SENT.items():
        place.deliver(name, content)
    contract, store = place.contract(), LandingStore(str(tmp_path / "landing"))
    landed = Landing(store, contract, "test").land(place.day, pull.deliveries(contract, place.day))
    taken = {name: content for name, content in SENT.items() if name.endswith(".csv")}
    assert sorted(file.sha256 for file in landed.files) == sorted(hashlib.sha256(c).hexdigest() for c in taken.values())
    assert {file.size_bytes for file in landed.files} == {len(content) for content in taken.values()}
    assert place.pulled() == taken
    assert pull.count(contract, place.day) == (4, {"size_bytes": sum(map(len, taken.values()))})
    listed = {(entry.name, entry.size, entry.delivered_at) for entry in files.listed(contract.source)}  # type: ignore[arg-type]
    assert listed == {(file.source_name, file.size_bytes, file.delivered_at) for file in landed.files}, "none of them is late"


@of(*SAY_WHEN)
def test_files_are_taken_in_the_interval_of_their_delivery_and_in_its_order(place: Place) -> None:
    edge = DAY.start.timestamp()
    for name, at in {"b.csv": NOON, "a.csv": NOON, "z.csv": edge, "before.csv": edge - 1, "after.csv": DAY.end.timestamp()}.items():
        place.deliver(name, name.encode(), at)
    assert list(place.pulled().values()) == [b"z.csv", b"a.csv", b"b.csv"]
    contract = place.contract()
    assert [d.delivered_at for d in pull.deliveries(contract, DAY)] == [DAY.start, *[datetime.fromtimestamp(NOON, UTC)] * 2]
    assert len(files.listed(contract.source)) == 5  # type: ignore[arg-type]


@of(*CHANGE)
@pytest.mark.fault("F29")
def test_a_file_delivered_again_under_its_name_is_taken_as_it_is_now(place: Place) -> None:
    place.deliver("a.csv", b"first", NOON - 24 * 3600)
    place.deliver("a.csv", b"second")
    assert place.pulled() == {"a.csv": b"second"}


@of(*SAY_WHEN)
@pytest.mark.fault("F49")
def test_files_of_one_delivery_are_taken_when_all_are_there_and_count_as_one(place: Place) -> None:
    """A register in two files: the first alone would make half of it removed."""
    contract = place.contract(delivery={"name": r"register_(\d{8})_", "files": 2})

    def taken(interval: Interval = DAY) -> list[tuple[str, datetime | None]]:
        return [(d.name[:22], d.delivered_at) for d in pull.deliveries(contract, interval) if list(d.chunks)]

    place.deliver("register_20160105_1of2.csv", at=NOON - 24 * 3600)
    before = Interval(DAY.start - timedelta(days=1), DAY.start)
    assert taken(before) == taken() == [], "it waits for its other half"
    place.deliver("register_20160105_2of2.csv")
    noon = datetime.fromtimestamp(NOON, UTC)
    assert taken() == [("register_20160105_1of2", noon), ("register_20160105_2of2", noon)]
    assert taken(before) == [], "a delivery has one interval: that of its newest file"
    assert pull.count(contract, DAY)[0] == 2
    place.deliver("register_20160105_3of3.csv")
    with pytest.raises(SourceError, match=r"delivery 20160105 has 3 files, source\.delivery\.files says 2"):
        taken()


@of("folder")
def test_a_file_that_belongs_to_no_delivery_is_refused(place: Place) -> None:
    place.deliver("other.csv")
    contract = place.contract(delivery={"name": r"register_(\d{8})_", "files": 2})
    with pytest.raises(SourceError, match=r"/other\.csv: expected a name like"):
        list(pull.deliveries(contract, DAY))


@of("folder", "sftp")
@pytest.mark.fault("F33")
def test_names_in_gbk_and_in_no_encoding_at_all_are_pulled_with_the_others(place: Place) -> None:
    names = ("测温.csv".encode("gbk"), "检定.csv".encode(), b"\xff.csv", b"a\\b.csv", b" a b.csv", "别的.txt".encode("gbk"))
    for number, name in enumerate(names):
        place.deliver(name, b"%d" % number)
    assert place.pulled() == {"测温.csv": b"0", "检定.csv": b"1", "\\udcff.csv": b"2", "a\\\\b.csv": b"3", " a b.csv": b"4"}


@of("ftp", "ftps")
@pytest.mark.fault("F33")
def test_names_of_a_server_set_to_gbk_are_pulled(place: Place) -> None:
    place.handler.encoding = "gb18030"  # type: ignore[attr-defined]
    for number, name in enumerate(("测温.csv", " a b.csv", "a\\b.csv", "别的.txt")):
        place.deliver(name, b"%d" % number)
    assert place.pulled() == {"测温.csv": b"0", " a b.csv": b"1", "a\\\\b.csv": b"2"}


@of("folder", "sftp")
@pytest.mark.fault("F33", "F36")
def test_control_characters_in_a_name_are_made_printable(place: Place) -> None:
    place.deliver(b"a\nb\x1b[2J.csv")
    place.deliver(b"a\\nb.csv")
    assert set(place.pulled()) == {"a\\nb\\x1b[2J.csv", "a\\\\nb.csv"}


@of(*CHANGE)
@pytest.mark.fault("F30")
def test_a_file_that_goes_between_listing_and_reading_may_be_asked_for_later(place: Place) -> None:
    place.deliver("gone.csv")
    _pull, first = begun(place)
    place.remove("gone.csv")
    with pytest.raises(SourceUnavailable, match=r"/gone\.csv: listed with 1 bytes, and cannot be read .*lists the folder anew"):
        list(first.chunks)


@of(*CHANGE)
@pytest.mark.parametrize("now", [b"half and the rest", b"", b"HALF"], ids=["grown", "emptied", "another"])
@pytest.mark.fault("F29")
def test_a_file_written_while_it_is_read_may_be_asked_for_later(place: Place, now: bytes) -> None:
    place.deliver("growing.csv", b"half")
    _pull, first = begun(place)
    place.deliver("growing.csv", now, NOON + 1)
    with pytest.raises(SourceUnavailable, match=r"/growing\.csv"):
        list(first.chunks)


@of(*SERVED)
@pytest.mark.fault("F30")
def test_a_connection_that_breaks_in_the_middle_of_a_file_may_be_made_later(place: Place, tmp_path: Path) -> None:
    """Nothing of it lands."""
    for name in ("a.csv", "b.csv"):
        place.deliver(name, os.urandom(3 << 20))
    contract, store = place.contract(), LandingStore(str(tmp_path / "landing"))
    _pull, first = begun(place)
    place.fault("cut")
    with pytest.raises(SourceUnavailable, match=r"/a( \[\S+\])?\.csv: listed with 3145728 bytes, (and cannot be read|read)"):
        Landing(store, contract, "test").land(place.day, [first])
    assert not list(store.everything())


@of(*SERVED)
@pytest.mark.fault("F17")
def test_a_server_that_says_nothing_more_is_given_up_in_time(place: Place) -> None:
    for name in ("a.csv", "b.csv"):
        place.deliver(name, os.urandom(3 << 20))
    made, first = begun(place, pull_seconds=3)
    place.fault("hang")
    since = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"too slow; the limit source\.limits\.pull_seconds is 3"):
        exhausted(made, first)
    assert time.monotonic() - since < 6


@of(*SERVED)
def test_a_login_that_is_refused_is_not_tried_again(place: Place, tmp_path: Path) -> None:
    place.deliver("a.csv")
    if "key_file" in place.connection.get("extra", {}):
        import asyncssh

        (tmp_path / "other").write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
        place.connection["extra"]["key_file"] = str(tmp_path / "other")
    else:
        place.connection["password"] = "not it"  # pragma: allowlist secret
    with pytest.raises(SourceError, match=r"expected that the login of the connection hearth_place is taken, came") as raised:
        place.pulled()
    assert not isinstance(raised.value, SourceUnavailable) and "not it" not in str(raised.value)


@of(*SERVED)
def test_a_server_that_is_away_may_be_there_later(place: Place) -> None:
    place.connection["port"] = 1
    place.connection.get("extra", {}).update({"endpoint_url": "http://127.0.0.1:1"} if place.kind == "s3" else {})
    with pytest.raises(SourceUnavailable, match=r"cannot be reached over hearth_place"):
        place.pulled()


@of("ftps", "mail")
@pytest.mark.fault("F30")
def test_a_server_whose_certificate_nobody_vouches_for_is_refused(place: Place) -> None:
    place.connection["extra"] = {}
    with pytest.raises(SourceError, match=r"expected a certificate that this machine trusts .*Nothing was read.*ca_file") as raised:
        place.pulled()
    assert not isinstance(raised.value, SourceUnavailable)


@of(*ALL)
def test_more_than_the_limits_is_not_taken(place: Place) -> None:
    large = os.urandom(2_000_000)
    place.deliver("large.csv", large)
    assert place.pulled() == {"large.csv": large}
    with pytest.raises(SourceError, match=r"more than 1000000 bytes came; the limit source\.limits\.pull_bytes"):
        place.pulled(pull_bytes=1_000_000)
    for number in range(4):
        place.deliver(f"{number}.txt")
    with pytest.raises(SourceError, match=r"more than 3 files are listed, the limit source\.limits\.listed_files"):
        place.pulled(listed_files=3)


@of("folder", "sftp")
@pytest.mark.fault("F33")
def test_a_link_is_not_followed(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "outside.csv"
    secret.write_bytes(b"secret")
    (tmp_path / "files" / "link.csv").symlink_to(secret)
    (tmp_path / "files" / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "files" / "pipe.csv")
    place.deliver("file.csv")
    assert place.pulled() == {"file.csv": b"x"}
    place.remove("file.csv")
    place.deliver("file.csv")


@of("folder")
def test_packed_files_are_landed_as_packed(place: Place) -> None:
    place.deliver("a.csv")
    contract = place.contract().model_copy(update={"format": NdjsonFormat(kind="ndjson", compression="gzip")})
    assert [(made.format_kind, made.compression) for made in pull.deliveries(contract, DAY)] == [("ndjson", "gzip")]


def test_connections_of_the_handbook_are_json() -> None:
    """Each line of the page can be put into .env as it stands."""
    from hearth.contracts.loading import REPOSITORY

    page = (REPOSITORY / "docs/how-to/ways-in.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("AIRFLOW_CONN_")]
    assert len(lines) >= 5
    for line in lines:
        json.loads(line.partition("=")[2])
