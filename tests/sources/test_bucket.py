"""What a bucket alone can do; the rest is tried on every kind of place in test_files.py."""

from __future__ import annotations

from typing import Any

import pytest

from hearth.sources import bucket
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.places import Place

pytestmark = pytest.mark.parametrize("kind", ["s3"])


def test_objects_below_the_prefix_and_no_deeper_are_taken(place: Place) -> None:
    for name in ("a.csv", "rooms_1.csv", "deeper/b.csv", "测温 b.csv"):
        place.deliver(name, name.encode())
    assert set(place.pulled()) == {"a.csv", "rooms_1.csv", "测温 b.csv"}
    for prefix, found in (("in/rooms_", {"rooms_1.csv"}), ("in/deeper/", {"b.csv"}), ("", set()), ("elsewhere/", set())):
        place.said["prefix"] = prefix
        assert set(place.pulled()) == found


def test_a_listing_of_several_pages_is_read_to_its_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = bucket.Transport._ask
    asked: list[dict[str, Any]] = []

    def in_twos(transport: bucket.Transport, method: str, **more: Any) -> Any:
        asked.append(more)
        return ask(transport, method, **{**more, "MaxKeys": 2})

    monkeypatch.setattr(bucket.Transport, "_ask", in_twos)
    names = {f"{number}.csv" for number in range(5)}
    for name in names:
        place.deliver(name)
    assert set(place.pulled()) == names and len(asked) == 1 + 3


def test_a_large_object_comes_whole_in_pieces(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "CHUNK_BYTES", 1000)
    content = bytes(range(256)) * 10
    place.deliver("a.csv", content)
    assert place.pulled() == {"a.csv": content}


def test_a_bucket_that_is_not_there_is_named(place: Place) -> None:
    place.said["bucket"] = "another-one"
    with pytest.raises(
        SourceError, match=r"s3://another-one/in: expected a bucket of this name over the connection hearth_place"
    ) as raised:
        place.pulled()
    assert not isinstance(raised.value, SourceUnavailable)


def test_without_a_login_the_key_of_this_machine_is_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver("a.csv")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", place.connection.pop("login"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", place.connection.pop("password"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", place.connection["extra"].pop("endpoint_url"))
    assert place.pulled() == {"a.csv": b"x"}
