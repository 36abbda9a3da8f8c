"""The landing store: the same content once, whole or not at all, and mended by landing it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hearth.landing.store import LandingStore


@pytest.fixture
def store(tmp_path: Path) -> LandingStore:
    return LandingStore(str(tmp_path / "landing"))


def test_the_same_content_is_stored_once(store: LandingStore) -> None:
    first, again = (store.store("feed", [b"a,b\n", b"1,2\n"], ".csv") for _ in range(2))
    assert first == again
    assert [path.name for path in Path(store.root.path).rglob("*.*")] == [f"{first[0]}.csv"]
    assert store.open(first[1], first[0]).read() == b"a,b\n1,2\n"


@pytest.mark.parametrize("damage", [b"", b"a,b\n1,3\n"], ids=["emptied", "changed"])
def test_a_damaged_file_is_told_and_mended_by_landing_it_again(store: LandingStore, damage: bytes) -> None:
    sha256, name, _ = store.store("feed", [b"a,b\n1,2\n"], ".csv")
    path = Path(store.root.path) / name
    os.chmod(path, 0o600)
    path.write_bytes(damage)
    with pytest.raises(ValueError, match=r"was changed.*pulling its interval again"):
        store.open(name, sha256)
    assert store.store("feed", [b"a,b\n1,2\n"], ".csv")[0] == sha256
    assert store.open(name, sha256).read() == b"a,b\n1,2\n"


def test_a_stream_that_breaks_leaves_nothing(store: LandingStore) -> None:
    def broken():
        yield b"a,b\n"
        raise ConnectionError("cut off")

    with pytest.raises(ConnectionError):
        store.store("feed", broken(), ".csv")
    assert [path for path in Path(store.root.path).rglob("*") if path.is_file()] == []
