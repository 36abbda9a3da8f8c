"""Topics of a broker."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from hearth.contracts.limits import MqttLimits
from hearth.contracts.part import Part


class MqttSource(Part):
    """What the broker keeps for us under `client_id`, at quality of service 1; a message arrives when Hearth has received it."""

    counted_in: ClassVar = "files"
    has_names: ClassVar = False

    kind: Literal["mqtt"]
    connection: str
    topics: list[str] = Field(min_length=1, description="topic filters: plant/+/readings, plant/#")
    client_id: str = Field(
        pattern=r"^[0-9A-Za-z_-]{1,60}$", description="by which the broker knows us: of this feed alone, and not to be changed"
    )
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="version of MQTT that the broker speaks")
    limits: MqttLimits = MqttLimits()

    @field_validator("topics")
    @classmethod
    def _filters(cls, topics: list[str]) -> list[str]:
        for topic in topics:
            levels = topic.split("/")
            if not topic or "#" in "".join(levels[:-1]) or any(sign in level != sign for level in levels for sign in "+#"):
                raise ValueError(f"topic {topic!r}: + stands for one level and # for all that follow, each alone between slashes")
            if topic.startswith("$share/"):
                raise ValueError(
                    f"topic {topic!r}: a shared subscription gives each message to one of several; this feed wants all"
                )
        if len(set(topics)) < len(topics):
            raise ValueError("topics: one stands there twice")
        return topics

    @property
    def place(self) -> str:
        return " ".join(self.topics)
