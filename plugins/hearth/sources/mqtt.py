"""Take what a broker kept for us, batch by batch; a batch is acknowledged when the next one is asked for, and not before.

One connection a run, read in this thread. What it did not acknowledge the broker sends again, to the next connection: an
acknowledgement never goes over another connection than the message came by, for numbers of messages are used again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Connection
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.contracts.mqtt_source import MqttSource
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from hearth.sources.mqtt_lines import Message
from hearth.sources.tls import tls

log = logging.getLogger(__name__)
NOT_LET_IN = ("Not authorized", "Bad user name or password", "Bad authentication method", "Banned")
"""How a broker refuses a login, by the names of MQTT 5."""
AT_ONCE = 2000
"""Messages a broker may send before the first is acknowledged (MQTT 5), and in one batch."""
BYTES_AT_ONCE = 16 << 20
FOR_EVER = 0xFFFFFFFF
"""Seconds for which the broker keeps our session, as MQTT 5 writes it; its own settings may say less."""
LOOP_SECONDS = 0.1
NOTHING = "hearth/nothing"
"""A topic to which nobody subscribes."""
REFUSED = 0x80
"""Answers from here on say no."""


def deliveries(contract: Contract, source: MqttSource, interval: Interval) -> Iterator[Delivery]:
    """None: what came is in the inbox (`hearth.intake.received`). Asks the broker whether it lets us in, under another name."""
    with _Session(source, contract.feed, f"{source.client_id}-asks", keeps=False).connected():
        yield from ()


def batches(source: MqttSource, feed: str, facts: dict[str, object]) -> Iterator[list[Message]]:
    """What the broker has for us, until it is quiet or a limit is reached. `facts`: gains what is to be told of it.

    Raises SourceUnavailable when it is away or the connection breaks, SourceError when it refuses a topic.
    """
    session = _Session(source, feed, source.client_id, keeps=True)
    with session.connected():
        session.subscribe()
        if session.is_new:
            facts["broker_session"] = "new"
            log.warning(
                "%s: the broker knew nothing of %s; what came before this run it kept for nobody", session.where, source.client_id
            )
        while session.gather():
            if new := session.new():
                yield new
            session.acknowledge()
        session.settle()


@dataclass
class _Session:
    """One connection to the broker under a client_id."""

    source: MqttSource
    feed: str
    client_id: str
    keeps: bool
    """Whether the broker keeps it, and messages for it, when we are gone."""
    answers: dict[str, Any] = field(default_factory=dict)
    came: list[tuple[Message, int, int]] = field(default_factory=list)
    """With the number and quality of service by which each is acknowledged."""
    size: int = 0
    taken: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def where(self) -> str:
        return f"{self.feed} over {self.source.connection}"

    @contextmanager
    def connected(self) -> Iterator[None]:
        reached = Connection.get(self.source.connection)
        self.client = self._client(reached)
        security = tls((reached.extra_dejson or {}).get("ssl"), self.source.connection)
        if security is not None:
            self.client.tls_set_context(security)
        try:
            self._connect(str(reached.host), reached.port or (8883 if security else 1883))
            yield
        finally:
            self.client.disconnect()

    def _client(self, reached: Connection) -> Client:
        version, clean = (MQTTv5, None) if self.source.protocol == "5" else (MQTTv311, not self.keeps)
        client = Client(CallbackAPIVersion.VERSION2, self.client_id, clean, protocol=version, manual_ack=True)
        client.connect_timeout = self.source.limits.connect_seconds
        if reached.login:
            client.username_pw_set(reached.login, reached.password)
        client.on_connect = lambda _client, _data, flags, reason, _more: self.answers.update(connect=reason, flags=flags)
        client.on_subscribe = lambda _client, _data, _mid, reasons, _more: self.answers.update(subscribe=reasons)
        client.on_unsubscribe = lambda _client, _data, _mid, reasons, _more: self.answers.update(unsubscribe=reasons)
        client.on_disconnect = lambda _client, _data, _flags, reason, _more: self.answers.update(lost=reason)
        client.on_message = lambda _client, _data, message: self._take(message)
        return client

    def _connect(self, host: str, port: int) -> None:
        more: dict[str, Any] = {}
        if self.source.protocol == "5":
            asked = Properties(PacketTypes.CONNECT)
            asked.ReceiveMaximum = AT_ONCE
            asked.SessionExpiryInterval = FOR_EVER if self.keeps else 0
            more = {"clean_start": not self.keeps, "properties": asked}
        try:
            self.client.connect(host, port, **more)
        except OSError as error:
            raise self._away(f"{type(error).__name__}: {error}") from None
        reason = self._answer("connect")
        if reason.value >= REFUSED or reason.is_failure:
            raise self._refused(reason)

    def subscribe(self) -> None:
        """Each time: it costs nothing, and a topic may be new."""
        options: Any = 1
        if self.source.protocol == "5":
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        self.client.subscribe([(topic, options) for topic in self.source.topics])
        for topic, reason in zip(self.source.topics, self._answer("subscribe"), strict=True):
            if reason.value >= REFUSED or reason.is_failure:
                raise SourceError(
                    f"{self.where}: the broker refuses the topic {topic}: {reason}. Give the login of the connection the right to"
                    " read it, or correct source.topics of the contract."
                )
        self.began = time.monotonic()

    @property
    def is_new(self) -> bool:
        """Whether the broker knew nothing of us: then it kept nothing for us, either."""
        return not self.answers["flags"].session_present

    def gather(self) -> bool:
        """The next batch, not acknowledged; false when no more is to be had now."""
        limits = self.source.limits
        if self._is_over(self.taken):
            return False
        last, known = time.monotonic(), len(self.came)
        while len(self.came) < AT_ONCE and self.size < BYTES_AT_ONCE and not self._is_over(self.taken + self.size):
            self._loop()
            if len(self.came) > known:
                last, known = time.monotonic(), len(self.came)
            elif time.monotonic() - last >= limits.quiet_seconds:
                break
        return bool(self.came)

    def new(self) -> list[Message]:
        """Of the batch. What a topic retains is sent at each subscribing; to a session that was there before it is nothing new."""
        return [message for message, _, _ in self.came if self.is_new or not message.retained]

    def acknowledge(self) -> None:
        """All that came: it lies in the store."""
        for _, number, quality in self.came:
            self.client.ack(number, quality)
        self.taken += self.size
        self.came, self.size = [], 0
        while self.client.want_write():
            self._loop()

    def settle(self) -> None:
        """Wait until the broker has heard all of it: a connection closed while more comes may take the last words with it.

        It answers in order, and here to a question that changes nothing.
        """
        self.client.unsubscribe(NOTHING)
        self._answer("unsubscribe")

    def _is_over(self, size: int) -> bool:
        limits, spent = self.source.limits, time.monotonic() - self.began
        return spent >= min(limits.listen_seconds, limits.pull_seconds) or size >= limits.pull_bytes

    def _take(self, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no broker should pass it on; one message is not to stop all others
            topic = "\ufffd"
        made = Message(topic, bytes(message.payload), datetime.now(UTC), message.retain)
        self.came.append((made, message.mid, message.qos))
        self.size += len(message.payload)

    def _answer(self, name: str) -> Any:
        until = time.monotonic() + self.source.limits.connect_seconds
        while name not in self.answers:
            if time.monotonic() > until:
                raise self._away(f"no answer within source.limits.connect_seconds ({self.source.limits.connect_seconds})")
            self._loop()
        return self.answers[name]

    def _loop(self) -> None:
        result = self.client.loop(LOOP_SECONDS)
        if "lost" in self.answers or result:
            refused = self.answers.get("connect")
            if refused is not None and refused.is_failure:
                raise self._refused(refused)
            raise self._away(f"the connection is lost: {self.answers.get('lost', result)}")

    def _refused(self, reason: Any) -> SourceError:
        """A login that is not let in comes again as it is; for all else the broker may have another answer later."""
        if str(reason) not in NOT_LET_IN:
            return self._away(f"the broker says {reason}")
        return SourceError(
            f"{self.where}: the broker refuses the login: {reason}. Check login and password of the connection"
            f" {self.source.connection}, and what it may read; it is not tried again, for that locks accounts."
        )

    def _away(self, what: str) -> SourceUnavailable:
        return SourceUnavailable(f"{self.where}: {what}. What was not acknowledged waits at the broker; the pull can be run again.")
