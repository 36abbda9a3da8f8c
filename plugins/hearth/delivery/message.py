"""One message to people, and a target that takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException


@dataclass(frozen=True)
class Message:
    """`html` goes by e-mail with the `files`, `text` (plain, short lines) by chat."""

    subject: str
    text: str
    html: str
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Target:
    """Somewhere a message is taken as a whole: a mail server with its recipients, or one chat address. `name` holds nothing secret.

    `send` raises NotDelivered when the message was not taken.
    """

    name: str
    recipients: int
    send: Callable[[Message], None]


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
