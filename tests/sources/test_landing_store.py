"""The landing store: the same content once, whole or not at all, and mended by landing it again."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hearth.landing.file_store import StoreUnusable
from hearth.landing.store import LandingStore


@pytest.fixture(params=["folder", "bucket"])
def kind_of_store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(bucket: str | None, tmp_path: Path) -> LandingStore:
    return LandingStore(f"s3://{bucket}/landing" if bucket else str(tmp_path / "landing"))


def names(store: LandingStore) -> list[str]:
    return [name for name, _, _ in store.everything()]


def test_the_same_content_is_stored_once(store: LandingStore) -> None:
    first, again = (store.store("feed", [b"a,b\n", b"1,2\n"], ".csv") for _ in range(2))
    assert first == again
    assert names(store) == [f"feed/{first[0][:2]}/{first[0]}.csv"]
    assert store.open(first[1], first[0]).read() == b"a,b\n1,2\n"


@pytest.mark.parametrize("damage", [b"", b"a,b\n1,3\n"], ids=["emptied", "changed"])
def test_a_damaged_file_is_told_and_mended_by_landing_it_again(store: LandingStore, damage: bytes) -> None:
    sha256, name, _ = store.store("feed", [b"a,b\n1,2\n"], ".csv")
    if store.is_local:
        os.chmod(Path(store.root.path) / name, 0o600)
    (store.root / name).write_bytes(damage)
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
    assert names(store) == []


def test_what_comes_again_is_not_old(store: LandingStore) -> None:
    """What sweeps files by their age must not take it for one that nobody wants."""
    _, name, _ = store.store("feed", [b"a,b\n"], ".csv")
    ((_, _, first),) = store.everything()
    if store.is_local:
        os.utime(Path(store.root.path) / name, (0, 0))
        first = datetime.fromtimestamp(0, UTC)
    else:
        time.sleep(1.1)  # S3 tells seconds
    store.store("feed", [b"a,b\n"], ".csv")
    ((_, _, again),) = store.everything()
    assert again > first


def test_a_file_larger_than_a_part_comes_whole(store: LandingStore) -> None:
    sha256, name, size = store.store("feed", (bytes([n]) * (1 << 20) for n in range(20)), ".csv")
    assert size == 20 << 20
    with store.open(name, sha256) as file:
        assert len(file.read()) == size


def test_what_is_neither_a_folder_nor_a_bucket_is_refused() -> None:
    with pytest.raises(StoreUnusable, match=r"HEARTH_LANDING is 'ftp://somewhere'; expected a folder or s3://"):
        LandingStore("ftp://somewhere")
