"""One message to people, and the channels it can go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException


@dataclass(frozen=True)
class Message:
    """`audience`: `brief` (management) or `alerts` (engineers). `html` goes by e-mail, `text` (plain, short lines) by chat."""

    audience: str
    subject: str
    text: str
    html: str
    files: tuple[Path, ...] = ()


class NotConfigured(LookupError):
    """Nobody told this installation where to send to; the message says how."""


class NotDelivered(RuntimeError):
    """The message was not taken; the message says by whom and why. Nothing secret is in it."""


def connection_of(conn_id: str, how: str) -> Any:
    """Airflow's connection by its id. Raises NotConfigured with `how` to make it."""
    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException as error:
        raise NotConfigured(f"there is no connection {conn_id}: {how} (docs/how-to/morning-brief.md)") from error


Send = Callable[[Message], int]
"""Delivers a message and returns how many addresses took it; raises NotConfigured or NotDelivered."""
