"""The failure callback of every task: what broke, the evidence, and where it is said what to do; logged and sent."""

from __future__ import annotations

import html
import logging
from typing import Any

from hearth.reports import front_door

log = logging.getLogger("hearth.alerts")

RUNBOOK = {
    "pull_and_land": "a-feed-cannot-be-pulled",
    "clean_validate_load": "a-batch-is-held-or-a-file-cannot-be-read",
    "read_contract": "a-contract-cannot-be-read",
    "look_for_missing": "an-interval-is-missing",
    "pull_again": "an-interval-is-missing",
    "still_missing": "an-interval-is-missing",
    "replay_known_points": "quarantine-grows",
    "act_on_rows": "quarantine-grows",
    "compare_stages": "a-stage-does-not-hold-what-the-ledger-says",
    "merge_days": "files-of-readings-are-not-merged",
    "plan": "the-marts-are-not-built",
    "transform": "the-marts-are-not-built",
    "gate_and_publish": "the-marts-gate-is-red",
    "seal": "the-ledger-is-not-sealed",
    "write_reports": "a-page-is-not-written",
    "trace_headline": "a-page-is-not-written",
    "write_page": "a-page-is-not-written",
    "write_brief": "a-page-is-not-written",
    "send_by_mail": "the-brief-does-not-arrive",
    "send_by_chat": "the-brief-does-not-arrive",
}
"""Task -> paragraph of docs/runbook.md; a test holds both against the DAGs."""

_STEPS = """
select subject, step, outcome, message, facts from ledger.step
where run_id = %s and outcome <> 'started' order by step_id desc limit 3
"""


def task_failed(context: dict[str, Any]) -> None:
    """Log the alert and send it to whoever is configured. Never raises: the task has failed already, and that is what counts."""
    instance = context["task_instance"]
    lines = evidence(instance, context.get("exception"))
    log.error("RED %s", "\n".join(lines))
    subject = f"Hearth 红 RED: {instance.dag_id}.{instance.task_id}"
    try:
        send(subject, lines)
    except Exception:  # whatever a mail server or a chat does, the alert stands in the log
        log.exception("the alert could not be sent; it stands above")


def evidence(instance: Any, exception: BaseException | None) -> list[str]:
    """Dag, task, run and message; what the ledger noted of the run; the log and the runbook as addresses."""
    lines = [
        f"{instance.dag_id}.{instance.task_id}",
        f"run 运行: {instance.run_id}",
        f"message 原因: {type(exception).__name__ if exception else ''}: {exception}"[:1500],
        *_noted(instance.run_id),
    ]
    where = getattr(instance, "log_url", None)
    if where:
        lines.append(f"log 日志: {where}")
    lines.append(f"what to do 处理办法: {front_door.runbook(RUNBOOK.get(instance.task_id, ''))}")
    return lines


def _noted(run_id: str) -> list[str]:
    """The newest steps of the run in the ledger with their counts; a line that says so when the ledger cannot be asked."""
    import psycopg

    from hearth.warehouse.connections import connect

    try:
        with connect("reader") as connection:
            rows = connection.execute(_STEPS, (run_id,)).fetchall()
    except (psycopg.Error, KeyError) as error:
        return [f"ledger 台账: could not be asked: {type(error).__name__}"]
    return [
        f"ledger 台账: {subject} {step} {outcome}"
        + (f", {_short(facts)}" if facts else "")
        + (f": {message[:300]}" if message else "")
        for subject, step, outcome, message, facts in rows
    ]


def _short(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if isinstance(value, int | float | str))[:300]


def send(subject: str, lines: list[str]) -> None:
    """To all engineers by mail and chat, each channel on its own; one that is not configured is left out."""
    from hearth.delivery import chat, mail
    from hearth.delivery.message import Message, NotConfigured, NotDelivered

    message = Message(subject, "\n".join(lines), "".join(f"<p>{_linked(line)}</p>" for line in lines))
    for channel in (mail, chat):
        try:
            targets = channel.targets("alerts")
        except NotConfigured as error:
            log.info("%s", error)
            continue
        for target in targets:
            try:
                target.send(message)
            except NotDelivered as error:
                log.error("alert not delivered: %s", error)


def _linked(line: str) -> str:
    """A line as HTML; an address at its end can be opened."""
    head, _, last = line.rpartition(" ")
    if last.startswith(("http://", "https://")):
        return f'{html.escape(head)} <a href="{html.escape(last)}">{html.escape(last)}</a>'
    return html.escape(line)
