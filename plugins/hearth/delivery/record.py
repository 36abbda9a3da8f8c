"""Deliveries in the ledger: what was sent is not sent again, and who asks later sees when it was."""

from __future__ import annotations

from datetime import date

from hearth.warehouse.connections import connect


def was_delivered(subject: str, day: date, channel: str, content_sha256: str) -> bool:
    """Whether exactly this content went by this channel already."""
    with connect("reader") as connection:
        row = connection.execute(
            "select 1 from ledger.delivery where subject = %s and heating_date = %s and channel = %s and content_sha256 = %s",
            (subject, day, channel, content_sha256),
        ).fetchone()
    return row is not None


def times_delivered(subject: str, day: date, channel: str) -> int:
    """How often the subject of a day went by a channel, whatever it said."""
    with connect("reader") as connection:
        row = connection.execute(
            "select count(*) from ledger.delivery where subject = %s and heating_date = %s and channel = %s", (subject, day, channel)
        ).fetchone()
    return int(row[0]) if row else 0


def record(
    run_id: str, subject: str, day: date, channel: str, content_sha256: str, publication_id: int | None, recipients: int
) -> None:
    """Write that a message was taken. Written after sending: a crash between the two sends twice rather than never."""
    with connect("loader") as connection:
        connection.execute(
            "insert into ledger.delivery (run_id, subject, heating_date, channel, content_sha256, publication_id, recipients)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            (run_id, subject, day, channel, content_sha256, publication_id, recipients),
        )
