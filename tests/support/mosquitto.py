"""A real MQTT broker in a folder of its own, and who publishes there."""

from __future__ import annotations

import getpass
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

from tests.support.servers import OwnServer, own_server

SECONDS_TO_START = 20
READER = ("reader", "for-tests-only")


class Mosquitto(OwnServer):
    """One broker; `connection()` is how Airflow is told of it, `publish()` is a collector."""

    PROGRAM = "mosquitto"

    def start(self, *more: str) -> Mosquitto:
        """Wait until it takes connections. `more`: lines of its settings."""
        passwords = self.folder / "passwords"
        if not passwords.exists():
            subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), *READER], check=True, stderr=subprocess.DEVNULL)
        (self.folder / "rights").write_text("topic readwrite #\n\nuser reader\ntopic read #\n")
        settings = [
            f"user {getpass.getuser()}", "persistence true", f"persistence_location {self.folder}/", "max_queued_messages 0",
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", f"password_file {passwords}",
            f"acl_file {self.folder}/rights", *more,
        ]  # fmt: skip
        (self.folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        self.begin(["-c", str(self.folder / "mosquitto.conf")], self._reached, OSError, SECONDS_TO_START)
        return self

    def _reached(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), 1).close()

    def publish(self, *messages: tuple[str, bytes | str], retain: bool = False, quality: int = 1) -> None:
        """In order; when it returns the broker has them."""
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.max_inflight_messages_set(1)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for topic, payload in messages:
            client.publish(topic, payload, quality, retain).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()

    def connection(self, **more: Any) -> str:
        login, password = READER
        return json.dumps(
            {"conn_type": "mqtt", "host": "127.0.0.1", "port": self.port, "login": login, "password": password, **more}
        )


@pytest.fixture
def broker(cannot_run: Callable[[str], None]) -> Iterator[Mosquitto]:
    """Nobody has subscribed to anything yet."""
    with own_server(Mosquitto, "mosquitto", cannot_run) as made:
        yield made.start()
