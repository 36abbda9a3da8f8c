"""Readings of collectors that speak MQTT, and the feed that takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hearth.contracts.contract import Contract
from hearth.sources.mqtt_lines import Message


def rooms(feed: str = "mqtt_rooms", source: dict[str, Any] | None = None) -> Contract:
    mqtt = {"kind": "mqtt", "connection": "plant", "topics": ["plant/+/room"], "client_id": f"hearth-{feed}"}
    return Contract.model_validate(
        {
            "feed": feed, "title": "Collectors by MQTT", "entity": "room_reading", "owner": {"team": "t"},
            "source": source or {**mqtt, "limits": {"quiet_seconds": 0.5}}, "schedule": {"season": "0 * * * *"},
            "format": {"kind": "ndjson"}, "arrival": "file", "time_zone": "Asia/Shanghai",
            "columns": {"point_id": "id", "read_at": "at", "temperature_degc": {"from": "t", "unit": "degC"}},
            "points": {
                "valid_from": "2014-10-01", "point_kind": "remote", "household_id": "flat", "building_id": "=H1",
                "station_id": "=PLANT-NORTH", "branch_id": "=VENDOR", "room_type": "living_room",
                "expected_interval_minutes": 30, "resolution_degc": 0.06,
            },
            "expected": {"stop_accepted_percent": 0, "warn_accepted_percent": 0},
        }
    )  # fmt: skip


def reading(minute: int, point: str = "S1", degrees: float = 20.5) -> str:
    return json.dumps({"id": point, "at": f"2016-01-05T09:{minute:02d}:00+08:00", "t": degrees, "flat": f"A-{point}"})


@dataclass
class Queue:
    """What a broker keeps for one client: given again until the next batch is asked for."""

    waiting: list[Message] = field(default_factory=list)
    at_once: int = 2

    def publish(self, payload: bytes | str, received_at: datetime) -> None:
        payload = payload.encode() if isinstance(payload, str) else payload
        self.waiting.append(Message("plant/1/room", payload, received_at))

    def batches(self, source: Any, feed: str, facts: Any) -> Iterator[list[Message]]:
        """In place of `hearth.sources.mqtt.batches`."""
        while batch := self.waiting[: self.at_once]:
            yield batch
            del self.waiting[: len(batch)]
