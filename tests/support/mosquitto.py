"""A real MQTT broker in a folder of its own, and who publishes there."""

from __future__ import annotations

import getpass
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

from local.postgres import free_port

SECONDS_TO_START = 20
READER = ("reader", "for-tests-only")


class Mosquitto:
    """One broker; `connection()` is how Airflow is told of it, `publish()` is a collector."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        passwords = ["mosquitto_passwd", "-b", "-c", str(folder / "passwords"), *READER]
        subprocess.run(passwords, check=True, stderr=subprocess.DEVNULL)
        (folder / "rights").write_text("topic readwrite #\n\nuser reader\ntopic read #\n")

    def start(self, *more: str) -> Mosquitto:
        """Wait until it takes connections. `more`: lines of its settings."""
        settings = [
            f"user {getpass.getuser()}", "persistence true", f"persistence_location {self.folder}/", "max_queued_messages 0",
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", f"password_file {self.folder}/passwords",
            f"acl_file {self.folder}/rights", *more,
        ]  # fmt: skip
        (self.folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen([_program(), "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log)
        until = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

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

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


def _program() -> str:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin") or ""


@pytest.fixture
def broker(cannot_run: Callable[[str], None]) -> Iterator[Mosquitto]:
    """Nobody has subscribed to anything yet."""
    if not _program():
        cannot_run("no mosquitto (Debian: apt-get install mosquitto)")
    folder = Path(tempfile.mkdtemp(prefix="hearth-mosquitto-"))
    made = Mosquitto(folder)
    try:
        yield made.start()
    finally:
        made.stop()
        shutil.rmtree(folder)
