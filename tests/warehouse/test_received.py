"""A feed whose source forgets what it has given: nothing is lost and nothing doubled, whatever is pulled, in which order, again."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.intake import received, restore, take_in
from hearth.landing.inbox import Inbox, places
from hearth.landing.landing import Landing
from hearth.landing.store import LandingStore
from hearth.proof.landing import strays
from hearth.sources import mqtt
from hearth.sources.delivery import Delivery, SourceError
from hearth.warehouse import ledger
from hearth.warehouse.connections import connect
from local.postgres import Server
from tests.support.company import Company
from tests.support.mqtt_rooms import Queue, reading, rooms
from tests.support.world import Warehouse

NINE = datetime(2016, 1, 5, 1, tzinfo=UTC)
"""Nine o'clock where the readings come from."""
HOUR = timedelta(hours=1)


IN_BOTH = pytest.mark.parametrize("kind_of_store", ["folder", pytest.param("bucket", marks=pytest.mark.servers)])


def at(hours: float) -> datetime:
    return NINE + hours * HOUR


@pytest.fixture
def queue(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    monkeypatch.setattr(mqtt, "batches", made.batches)
    return made


def pull(contract: Contract, start: float, end: float | None = None) -> dict[str, int]:
    interval = Interval(at(start), at(start + 1 if end is None else end))
    pull_id = take_in.pull_and_land(contract, interval, f"{interval}")
    return take_in.clean_validate_load(contract, pull_id, f"{interval}")


def standing(installed: Warehouse, feed: str = "mqtt_rooms") -> list[tuple[Any, ...]]:
    """What stands, without ids of ours."""
    rows = installed.accepted("room_reading", feed)
    return sorted((r["point_id"], r["read_at"], r["temperature_degc"], r["arrived_at"]) for r in rows)


def minutes(installed: Warehouse) -> list[int]:
    return [row[1].minute for row in standing(installed)]


@IN_BOTH
def test_a_message_belongs_to_the_interval_in_which_it_was_received(installed: Warehouse, queue: Queue) -> None:
    contract = rooms()
    for minute in range(5):
        queue.publish(reading(minute), at(1.01))
    assert pull(contract, 0)["rows_read"] == 0, "what was taken after the interval is the next one's"
    assert queue.waiting == [], "and lies in the inbox"
    queue.publish(reading(30), at(2.01))
    assert pull(contract, 1)["rows_loaded"] == 5
    assert pull(contract, 2)["rows_loaded"] == 1
    stood = standing(installed)
    assert [row[3] for row in stood] == [at(1.01)] * 5 + [at(2.01)]
    for start, end in ((1, 2), (2, 3), (0, 1), (0, 4), (0, 4)):
        pull(contract, start, end)
        assert standing(installed) == stood, "pulled again, and as one long interval"
    queue.publish(reading(40), at(4.5))
    assert pull(contract, 4)["rows_loaded"] == 1


@pytest.mark.fault("F64")
def test_what_was_landed_and_not_acknowledged_comes_again_and_counts_once(
    installed: Warehouse, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, put = rooms(), Inbox.put
    for minute in range(4):
        queue.publish(reading(minute), at(0.5))

    def dies(*arguments: Any) -> str:
        put(*arguments)
        raise OSError("no space left")

    monkeypatch.setattr(Inbox, "put", dies)
    with pytest.raises(OSError, match="no space"):
        pull(contract, 0)
    assert len(queue.waiting) == 4
    monkeypatch.setattr(Inbox, "put", put)
    queue.at_once = 3
    queue.waiting.reverse()  # redelivered in another order, cut elsewhere
    counts = pull(contract, 0)
    assert (counts["rows_read"], counts["rows_loaded"], counts["rows_duplicate"]) == (6, 4, 2)
    queue.publish(reading(1), at(1.5))
    assert pull(contract, 1)["rows_loaded"] == 1
    assert minutes(installed) == [0, 1, 1, 2, 3], "in another interval it is one more arrival of the reading; days take the newest"


@pytest.mark.fault("F53")
def test_what_comes_in_the_time_of_an_interval_that_was_pulled_completes_it(installed: Warehouse, queue: Queue) -> None:
    """By a worker whose clock is behind, or after a pull of an interval that was not over."""
    contract = rooms()
    queue.publish(reading(1), at(0.1))
    assert pull(contract, 0, 24)["rows_loaded"] == 1
    queue.publish(reading(2), at(5))
    pull(contract, 24)
    assert minutes(installed) == [1, 2]
    ((completed,),) = installed.rows(
        "select count(*) from ledger.pull_completion join ledger.pull using (pull_id) where feed = 'mqtt_rooms'"
    )
    assert completed == 1
    pull(contract, 0, 24)
    assert minutes(installed) == [1, 2]


def test_a_message_that_is_no_reading_stops_itself_alone(installed: Warehouse, queue: Queue) -> None:
    contract = rooms()
    queue.at_once = 1
    for payload in ("断线", b"\xff", "21.5", '{"status": "up"}', '{"id": "S1", "id": "S2"}', reading(5), "[]"):
        queue.publish(payload, at(0.2))
    assert pull(contract, 0) == {"rows_read": 7, "rows_loaded": 1, "rows_quarantined": 6, "rows_duplicate": 0}
    assert minutes(installed) == [5]


@IN_BOTH
def test_a_message_that_is_too_large_lands_in_a_file_of_its_own(installed: Warehouse, queue: Queue) -> None:
    contract = rooms()
    contract = contract.model_copy(
        update={"source": contract.source.model_copy(update={"limits": type(contract.source.limits)(message_bytes=500)})}
    )
    queue.publish(reading(1), at(0.2))
    queue.publish(b"x" * 501, at(0.2))
    assert pull(contract, 0) == {"rows_read": 2, "rows_loaded": 1, "rows_quarantined": 1, "rows_duplicate": 0}
    store = LandingStore()
    (large,) = [place for place in places(store) if place.endswith(".bin")]
    assert (store.root / large).read_bytes() == b"x" * 501
    with connect("engineer") as connection:
        assert not [place for place, _ in strays(store, connection, datetime.now(UTC) + HOUR) if "mqtt_rooms" in place]


def test_a_warehouse_made_again_from_the_landing_store_goes_on_where_the_old_one_stopped(
    installed: Warehouse, queue: Queue, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = rooms()
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "mqtt_rooms.yml").write_text(contract.model_dump_json(by_alias=True, exclude_none=True))
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path / "feeds"))
    queue.publish(reading(1), at(0.2))
    pull(contract, 0)
    queue.publish(reading(2), at(1.2))
    pull(contract, 0)
    stood = standing(installed)
    with emptied(installed, postgres, tmp_path) as again:
        assert restore.restore([], print)["refused"] == 0
        assert standing(again) == stood and minutes(again) == [1]
        pull(contract, 1)
        assert minutes(again) == [1, 2], "what no pull had taken waited in the store"


@contextmanager
def emptied(installed: Warehouse, postgres: Server, folder: Path) -> Iterator[Warehouse]:
    """Another warehouse with the landing files of this one, and nothing else of it."""
    made = installed.copied(postgres, "again", folder)
    company = Company(made.administrator)
    company.empty()
    company.connection.close()
    with made.active():
        yield made
    made.discard(postgres)


def test_what_was_deleted_by_rule_is_not_pulled_again(installed: Warehouse, queue: Queue) -> None:
    contract, store = rooms(), LandingStore()
    queue.publish(reading(1), at(0.2))
    pull(contract, 0)
    (file,) = Inbox(store, contract.feed).files()
    (store.root / file.stored_as).unlink()
    with pytest.raises(SourceError, match=r"are gone, deleted by rule or lost.*What stands of the interval stays"):
        pull(contract, 0)
    assert minutes(installed) == [1]
    queue.publish(reading(2), at(1.2))
    pull(contract, 1)
    assert minutes(installed) == [1, 2]


@IN_BOTH
def test_the_inbox_waits_for_its_pull_and_is_no_stray(installed: Warehouse, queue: Queue) -> None:
    contract, store = rooms(), LandingStore()
    queue.publish(reading(1), at(1.2))
    pull(contract, 0)
    with connect("engineer") as connection:
        assert not [place for place, _ in strays(store, connection, datetime.now(UTC) + HOUR) if "mqtt_rooms" in place]
    (file,) = Inbox(store, contract.feed).files()
    with store.open(file.stored_as, file.sha256) as stream:
        assert b'"<topic>": "plant/1/room"' in gzip.decompress(stream.read())
    assert (file.delivered_at, {file.stored_as} <= places(store)) == (at(1.2), True)


def test_the_same_readings_from_a_file_are_the_same_rows(installed: Warehouse, queue: Queue) -> None:
    texts = [reading(minute, point, 20 + minute / 7) for minute in range(4) for point in ("S1", "S2")]
    for text in texts:
        queue.publish(text, at(0.25))
    by_mqtt = rooms()
    pull(by_mqtt, 0)
    by_file = rooms("file_rooms", {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"})
    lines = "".join(f"{text}\n" for text in texts).encode()
    landing = Landing(LandingStore(), by_file, "test")
    landed = landing.land(Interval(at(0), at(1)), [Delivery("f", [lines], "ndjson", delivered_at=at(0.25))])
    take_in.clean_validate_load(by_file, ledger.record_pull(landed), "test")
    assert standing(installed, "mqtt_rooms") == standing(installed, "file_rooms") and len(standing(installed)) == 8
    assert received.arrived(Inbox(LandingStore(), "mqtt_rooms").files()[0]) == at(0.25)
