"""Deliveries in the ledger: what was sent is not sent again, and who asks later sees when it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hearth.delivery.message import Target
from hearth.warehouse.connections import connect


@dataclass(frozen=True)
class Content:
    """What is delivered: the brief (`subject`) of a heating day, told apart by the digest of what it says."""

    subject: str
    day: date
    sha256: str
    publication_id: int | None


def delivered(content: Content, target: Target) -> tuple[int, bool]:
    """(how often the subject of the day went to the target, whether exactly this content did)."""
    with connect("reader") as connection:
        row = connection.execute(
            "select count(*), coalesce(bool_or(content_sha256 = %s), false) from ledger.delivery"
            " where subject = %s and heating_date = %s and target = %s",
            (content.sha256, content.subject, content.day, target.name),
        ).fetchone()
    assert row is not None
    return int(row[0]), bool(row[1])


def record(run_id: str, channel: str, content: Content, target: Target) -> None:
    """Write that a message was taken. Written after sending: a crash between the two sends twice rather than never."""
    with connect("sender") as connection:
        connection.execute(
            "insert into ledger.delivery"
            " (run_id, channel, target, recipients, subject, heating_date, content_sha256, publication_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (run_id, channel, target.name, target.recipients, content.subject, content.day, content.sha256, content.publication_id),
        )
