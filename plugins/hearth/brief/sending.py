"""The brief goes to people: to each target once for what it says, a second time only when a figure has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from hearth.brief import page, site, words
from hearth.brief.facts import Facts
from hearth.delivery import chat, mail
from hearth.delivery.message import Message, NotDelivered, Target
from hearth.delivery.record import Content, delivered, record
from hearth.reports.front_door import address

SUBJECT = "morning_brief"
CHANNELS: dict[str, Callable[[str], list[Target]]] = {"mail": mail.targets, "chat": chat.targets}


def message(facts: Facts, asked: date, folder: Path, *, is_correction: bool = False) -> Message:
    """The brief as a message; mail carries the page without drawings and the PDF."""
    where = address(f"brief/{facts.day}/index.html") or ""
    subject = f"{'更正 Corrected: ' if is_correction else ''}{words.title(facts)}"
    late = f"{asked} 的数据尚未发布 Nothing is published for {asked} yet.\n" if facts.day < asked else ""
    return Message(
        subject,
        late + words.short_text(facts, where),
        page.render(facts, asked, charts=False, address=where),
        (folder / site.PDF,),
    )


def send(channel: str, facts: Facts, asked: date, folder: Path, run_id: str) -> str:
    """Send the brief to every target of a channel that does not have it; returns what was done, in words.

    Raises NotConfigured when the channel has no connection or nobody to send to, NotDelivered after all targets were tried.
    """
    content = Content(SUBJECT, asked, words.figures_sha256(facts), facts.publication_id)
    sent, had, failed = 0, 0, []
    for target in CHANNELS[channel]("brief"):
        times, is_same = delivered(content, target)
        if is_same:
            had += 1
            continue
        try:
            target.send(message(facts, asked, folder, is_correction=times > 0))
        except NotDelivered as error:
            failed.append(str(error))
            continue
        record(run_id, channel, content, target)
        sent += 1
    if failed:
        raise NotDelivered(
            f"brief of {asked}: {len(failed)} of {sent + had + len(failed)} not delivered by {channel}: {'; '.join(failed)}"
        )
    return f"{channel}: brief of {asked} sent to {sent}, {had} had it already"
