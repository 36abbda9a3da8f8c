"""The MQTT source against a real Mosquitto: what it was not told is safe it gives again, and what it was told it forgets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hearth.contracts.limits import MqttLimits
from hearth.contracts.mqtt_source import MqttSource
from hearth.intake.received import keep
from hearth.landing.inbox import Inbox
from hearth.landing.store import LandingStore
from hearth.sources import mqtt
from hearth.sources.check import check_feed
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.sources.mqtt_lines import Message
from tests.support.certificates import certificate
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt_rooms import rooms

pytestmark = pytest.mark.servers


@pytest.fixture(params=["5", "3.1.1"])
def source(request: pytest.FixtureRequest, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> MqttSource:
    """Known to the broker, which keeps messages for it from now on."""
    monkeypatch.setenv("AIRFLOW_CONN_PLANT", broker.connection())
    made = asked(protocol=request.param)
    assert taken(made) == []
    return made


def asked(**changed: Any) -> MqttSource:
    limits = MqttLimits(**{"quiet_seconds": 0.5, **changed.pop("limits", {})})
    return MqttSource.model_validate(
        {"kind": "mqtt", "connection": "plant", "topics": ["plant/#"], "client_id": "hearth-tests", "limits": limits, **changed}
    )


def taken(source: MqttSource) -> list[bytes]:
    return [message.payload for batch in mqtt.batches(source, "rooms", {}) for message in batch]


def numbered(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    return [(f"plant/{number % 7}", b"%d" % number) for number in range(first, first + count)]


def test_what_came_while_nobody_listened_is_taken_once(broker: Mosquitto, source: MqttSource) -> None:
    broker.publish(*numbered(300))
    assert sorted(taken(source), key=int) == [payload for _, payload in numbered(300)]
    assert taken(source) == []
    broker.publish(("elsewhere/1", "x"), ("plant/1", "y"))
    assert taken(source) == [b"y"]


def test_what_is_not_known_to_be_safe_comes_again(broker: Mosquitto, source: MqttSource) -> None:
    broker.publish(*numbered(5))
    for _ in range(2):
        coming = mqtt.batches(source, "rooms", {})
        assert len(next(coming)) == 5
        coming.close()
    assert len(taken(source)) == 5 and taken(source) == []


@pytest.mark.fault("F30")
def test_a_broker_that_goes_while_messages_come_may_be_asked_later(broker: Mosquitto, source: MqttSource) -> None:
    """And an acknowledgement for the lost connection goes over no other."""
    broker.publish(*numbered(3))
    coming = mqtt.batches(source, "rooms", {})
    assert len(next(coming)) == 3
    broker.stop()
    with pytest.raises(SourceUnavailable, match=r"rooms over plant: the connection is lost.*waits at the broker"):
        next(coming)
    with pytest.raises(SourceUnavailable, match="Connection refused"):
        taken(source)
    broker.start()
    broker.publish(*numbered(2, first=3))
    assert sorted(taken(source)) == [b"0", b"1", b"2", b"3", b"4"]


DYING = """
import os, signal, sys
from hearth.contracts.mqtt_source import MqttSource
from hearth.intake.received import keep
from hearth.landing.inbox import Inbox
from hearth.landing.store import LandingStore
from hearth.sources import mqtt
for batch in mqtt.batches(MqttSource.model_validate_json(sys.argv[1]), "rooms", {}):
    keep(Inbox(LandingStore(), "rooms"), batch, "dies", 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.fault("F64")
def test_a_consumer_killed_between_landing_and_acknowledging_loses_nothing(
    broker: Mosquitto, source: MqttSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_LANDING", str(tmp_path))
    broker.publish(*numbered(9))
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", DYING, source.model_dump_json()], env=told, check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    inbox = Inbox(LandingStore(), "rooms")
    (first,) = inbox.files()
    again = taken(source)
    assert sorted(again) == [payload for _, payload in numbered(9)]
    keep(inbox, [Message("plant/1", payload, first.delivered_at) for payload in again], "goes on", 1000)
    assert len(inbox.files()) == 2 and taken(source) == []
    with inbox.store.open(first.stored_as, first.sha256) as stream:
        assert stream.read(2) == b"\x1f\x8b"


def test_what_a_topic_retains_is_taken_by_a_new_session_and_marked_and_by_no_other(broker: Mosquitto, source: MqttSource) -> None:
    broker.publish(("plant/1", "old"), retain=True)
    assert taken(source) == [b"old"], "as it was published"
    assert taken(source) == [], "not again at each subscribing"
    new = asked(client_id="another", protocol=source.protocol)
    facts: dict[str, object] = {}
    (batch,) = mqtt.batches(new, "rooms", facts)
    assert [(message.payload, message.retained) for message in batch] == [(b"old", True)]
    assert taken(new) == [] and facts == {"broker_session": "new"}


def test_messages_without_end_end_with_the_time_to_listen(broker: Mosquitto, source: MqttSource) -> None:
    over = threading.Event()

    def go_on() -> None:
        number = 0
        while not over.is_set():
            broker.publish(*numbered(20, first=number))
            number += 20

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        begun = time.monotonic()
        some = taken(source.model_copy(update={"limits": MqttLimits(quiet_seconds=1, listen_seconds=2)}))
        assert some and time.monotonic() - begun < 5
    finally:
        over.set()
        thread.join()
    left = taken(source)
    assert len({*some, *left}) == len(some) + len(left), "the rest waited, and nothing came twice"


def test_a_run_takes_so_many_bytes_and_leaves_the_rest(broker: Mosquitto, source: MqttSource) -> None:
    broker.publish(*[("plant/1", b"%01000d" % number) for number in range(3000)])
    some = taken(source.model_copy(update={"limits": MqttLimits(quiet_seconds=0.5, pull_bytes=1_000_000)}))
    left = taken(source)
    assert 1000 <= len(some) <= 2000 + 1000 and left and sorted([*some, *left]) == [b"%01000d" % number for number in range(3000)]


def test_a_login_that_is_not_known_is_told(broker: Mosquitto, source: MqttSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PLANT", broker.connection(password="not the one"))  # pragma: allowlist secret
    with pytest.raises(SourceError, match=r"(?i)refuses the login: not authori[sz]ed") as error:
        taken(source)
    assert not isinstance(error.value, SourceUnavailable) and "not the one" not in str(error.value)


def test_the_server_that_is_meant_is_the_only_one_spoken_to(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own.pem", "other.pem"):
        certificate(tmp_path / name)
    broker.stop()
    broker.start(f"certfile {tmp_path}/own.pem", f"keyfile {tmp_path}/own.pem")
    monkeypatch.setenv("AIRFLOW_CONN_PLANT", broker.connection(extra={"ssl": {"ca": f"{tmp_path}/own.pem"}}))
    assert taken(asked()) == []
    monkeypatch.setenv("AIRFLOW_CONN_PLANT", broker.connection(extra={"ssl": {"ca": f"{tmp_path}/other.pem"}}))
    with pytest.raises(SourceUnavailable, match="certificate verify failed"):
        taken(asked())


@pytest.mark.fault("F17")
def test_what_takes_the_connection_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = {"conn_type": "mqtt", "host": "127.0.0.1", "port": silent.getsockname()[1]}
        monkeypatch.setenv("AIRFLOW_CONN_PLANT", json.dumps(said))
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"no answer within source\.limits\.connect_seconds"):
            taken(asked(limits={"connect_seconds": 1}))
        assert time.monotonic() - begun < 5


def test_asking_whether_the_broker_answers_takes_nothing_of_the_feed(broker: Mosquitto, source: MqttSource) -> None:
    contract = rooms().model_copy(update={"source": source})
    broker.publish(("plant/1", "x"))
    assert check_feed(contract) is None
    assert taken(source) == [b"x"]
    broker.stop()
    assert "Connection refused" in (check_feed(contract) or "")
