"""What an SFTP server alone can do; the rest is tried on every kind of place in test_files.py."""

from __future__ import annotations

import os

import asyncssh
import pytest

from hearth.sources import sftp
from hearth.sources.delivery import Delivery, SourceError
from tests.support.places import Place

pytestmark = pytest.mark.parametrize("kind", ["sftp"])


@pytest.mark.fault("F30")
def test_a_server_with_another_host_key_is_refused(place: Place) -> None:
    place.deliver("file.csv")
    another = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    place.connection["extra"]["host_key"] = " ".join(another[:2])
    with pytest.raises(SourceError, match=r"expected the host key .*came another one .*Nothing was read"):
        place.pulled()


def test_a_file_larger_than_what_is_asked_for_ahead_comes_whole(place: Place) -> None:
    large = os.urandom(sftp.AHEAD_BYTES * 2 + 5)
    place.deliver("large.csv", large)
    assert place.pulled() == {"large.csv": large}


@pytest.mark.fault("F36")
def test_a_delivery_has_a_printable_name(kind: str) -> None:
    assert Delivery("a\0\u202eb", [], "csv").name == "a\\x00\\u202eb"
