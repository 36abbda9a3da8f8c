"""The files of the lake: whole under their names or not there, another warehouse's left alone, in a folder and in a bucket."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.lake.catalogue import ReadingFile
from hearth.lake.engine import engine, rows_of
from hearth.lake.errors import NotOurs
from hearth.lake.files import Lake
from hearth.lake.schema import arrow_schema
from hearth.landing.file_store import StoreUnusable
from hearth.landing.store import LandingStore
from tests.support.object_store import WRONG_KEY, ObjectStoreServer

ENTITY = ENTITIES["room_reading"]


@pytest.fixture(params=["folder", "bucket"])
def kind_of_store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lake(bucket: str | None, tmp_path: Path) -> Lake:
    return Lake(f"s3://{bucket}/lake" if bucket else str(tmp_path / "lake"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "made.parquet"
    made.write_bytes(b"rows of this warehouse")
    return made


def content(lake: Lake, name: str) -> bytes:
    return bytes((lake.root / name).read_bytes())


def test_the_same_file_may_come_twice_and_another_is_left_alone(lake: Lake, file: Path) -> None:
    assert lake.put(file, "rooms/1-1.parquet") == lake.put(file, "rooms/1-1.parquet")
    file.write_bytes(b"rows of another warehouse")
    with pytest.raises(NotOurs, match="another warehouse"):
        lake.put(file, "rooms/1-1.parquet")
    assert content(lake, "rooms/1-1.parquet") == b"rows of this warehouse"
    assert [name for name, _, _ in lake.everything()] == ["rooms/1-1.parquet"]


def test_of_two_warehouses_at_once_one_is_refused_by_the_bucket_itself(object_store: ObjectStoreServer, file: Path) -> None:
    bucket = object_store.bucket()
    with object_store.reached(), pytest.MonkeyPatch.context() as patch:
        lake = Lake(f"s3://{bucket}")
        lake.put(file, "rooms/1-1.parquet")
        patch.setattr(type(lake.root), "exists", lambda path: False)  # it was not there yet when the other one looked
        file.write_bytes(b"rows of another warehouse")
        with pytest.raises(NotOurs):
            lake.put(file, "rooms/1-1.parquet")
        assert content(lake, "rooms/1-1.parquet") == b"rows of this warehouse"
        assert [name for name, _, _ in lake.everything()] == ["rooms/1-1.parquet"]


def _begin_large_file(environment: dict[str, str], store: str) -> None:
    """Lands a file of three parts and is killed when two of them are there."""
    os.environ.update(environment)

    def chunks() -> Iterator[bytes]:
        yield from (os.urandom(1 << 20) for _ in range(20))
        os.kill(os.getpid(), signal.SIGKILL)

    LandingStore(store).store("feed", chunks(), ".csv")


def test_a_killed_upload_shows_nothing_and_its_parts_are_swept(object_store: ObjectStoreServer) -> None:
    bucket = object_store.bucket()
    process = multiprocessing.get_context("spawn").Process(
        target=_begin_large_file, args=(object_store.variables, f"s3://{bucket}/landing")
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    with object_store.reached():
        store, beside = LandingStore(f"s3://{bucket}/landing"), LandingStore(f"s3://{bucket}/land")

        def unfinished() -> int:
            return len(store.root.fs.list_multipart_uploads(bucket))

        assert list(store.everything()) == [] and unfinished() == 1
        now = datetime.now(UTC)
        store.end_uploads(now - timedelta(days=2))
        beside.end_uploads(now + timedelta(days=2))
        assert unfinished() == 1, "it may still run; another store's is another's"
        store.end_uploads(now + timedelta(days=2))
        assert unfinished() == 0


def rows(number: int) -> pa.Table:
    at = [datetime(2016, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(number)]
    known = {"point_id": ["R1"] * number, "read_at": at, "batch_id": [1 + n % 2 for n in range(number)]}
    schema = arrow_schema(ENTITY)
    return pa.table([pa.array(known.get(f.name, [None] * number), f.type) for f in schema], schema=schema)


def test_duckdb_reads_both_kinds_alike_and_without_the_batches_that_gave_way(lake: Lake, tmp_path: Path) -> None:
    files = []
    for n in range(3):
        pq.write_table(rows(1000 + n), tmp_path / "part", row_group_size=100)
        files.append(
            ReadingFile(f"rooms/{n}-1.parquet", lake.put(tmp_path / "part", f"rooms/{n}-1.parquet")[0], 1000, (2,) * (n == 0))
        )
    with engine() as database:
        found = database.sql(f"select batch_id, count(*) from ({rows_of(database, ENTITY, files, lake)}) group by 1 order by 1")
        assert found.fetchall() == [(1, 500 + 501 + 501), (2, 500 + 501)]


def test_what_killed_readers_spilled_goes_with_the_next_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, hours in (("hearth-readings-dead", 25), ("hearth-readings-at-work", 1), ("another", 25)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spilled").write_bytes(b"x")
        then = time.time() - hours * 3600
        os.utime(tmp_path / name, (then, then))
    with engine():
        assert {"hearth-readings-at-work", "another"} < {path.name for path in tmp_path.iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", "hearth-readings-at-work"]


@pytest.mark.servers
def test_a_store_that_goes_away_meanwhile_is_told_and_the_next_try_heals(object_store: ObjectStoreServer, tmp_path: Path) -> None:
    bucket = object_store.bucket()

    def chunks() -> Iterator[bytes]:
        yield from (bytes([n]) * (1 << 20) for n in range(20))

    def chunks_until_it_goes() -> Iterator[bytes]:
        yield from itertools.islice(chunks(), 10)
        object_store.stop()
        yield from chunks()

    with object_store.reached():
        store, lake = LandingStore(f"s3://{bucket}/landing"), Lake(f"s3://{bucket}/lake")
        try:
            with pytest.raises(StoreUnusable, match="see that it runs"):
                store.store("feed", chunks_until_it_goes(), ".csv")
        finally:
            object_store.start()
        assert list(store.everything()) == []
        sha256, name, _ = store.store("feed", chunks(), ".csv")
        store.open(name, sha256).close()
        pq.write_table(rows(100_000), tmp_path / "part", row_group_size=1000)
        with object_store.away(), pytest.raises(StoreUnusable, match="see that it runs"):
            lake.put(tmp_path / "part", "rooms/1-1.parquet")
        files = [ReadingFile("rooms/1-1.parquet", lake.put(tmp_path / "part", "rooms/1-1.parquet")[0], 100_000)]

        def counted(away: AbstractContextManager[None]) -> Any:
            with engine() as database:
                query = f"select count(*) from ({rows_of(database, ENTITY, files, lake)}) where point_id like 'R%'"
                with away:
                    return database.sql(query).fetchall()

        with pytest.raises(StoreUnusable, match=r"^the object store .* see that it runs"):
            counted(object_store.away())
        assert counted(nullcontext()) == [(100_000,)]


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (WRONG_KEY, r"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY \(.env\) to a key that may"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, r"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY \(.env\)$"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "see that it runs and that AWS_ENDPOINT_URL_S3"),
    ],
    ids=["wrong key", "no key", "nobody there"],
)
def test_a_store_that_cannot_be_used_is_told_at_once(object_store: ObjectStoreServer, instead: Any, told: str) -> None:
    bucket = object_store.bucket()
    with object_store.reached(**instead), pytest.raises(StoreUnusable, match=f"s3://{bucket}.* cannot be used: .*{told}"):
        Lake(f"s3://{bucket}/lake")


def test_a_missing_bucket_is_told_and_is_no_empty_store(object_store: ObjectStoreServer) -> None:
    with object_store.reached(), pytest.raises(StoreUnusable, match="does not exist; make the bucket"):
        Lake("s3://nobody-made-this/lake")


def test_no_file_is_told_gone_because_the_store_is(object_store: ObjectStoreServer, file: Path) -> None:
    bucket = object_store.bucket()
    with object_store.reached():
        lake = Lake(f"s3://{bucket}/lake")
        sha256, _ = lake.put(file, "rooms/1-1.parquet")
        with pytest.raises(FileNotFoundError):
            lake.open("rooms/2-1.parquet", sha256)
        lake.root.fs.rm(bucket, recursive=True)
        with pytest.raises(StoreUnusable):
            list(lake.everything())
