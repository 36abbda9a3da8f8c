"""E-mail by Airflow's SMTP connection `hearth_mail`; to whom stands in the environment, HEARTH_BRIEF_TO and HEARTH_ALERTS_TO."""

from __future__ import annotations

import hashlib
import os
import re
import smtplib

from airflow.sdk.exceptions import AirflowException

from hearth.delivery.message import Message, NotConfigured, NotDelivered, Target, connection_of

CONNECTION = "hearth_mail"
HOW = "add one of type SMTP, or set AIRFLOW_CONN_HEARTH_MAIL"
RECIPIENTS = {"brief": "HEARTH_BRIEF_TO", "alerts": "HEARTH_ALERTS_TO"}


def targets(audience: str) -> list[Target]:
    """A target for each recipient of an audience (`brief` or `alerts`): the hook drops what a server says of one whom it refuses
    among others, so nobody would know. Raises NotConfigured."""
    connection_of(CONNECTION, HOW)
    everybody = recipients(audience)
    return [_target(to, f"recipient {nth} of {len(everybody)}") for nth, to in enumerate(everybody, 1)]


def _target(to: str, called: str) -> Target:
    name = f"mail {hashlib.sha256(to.encode()).hexdigest()[:12]}"
    return Target(name, 1, lambda message: _send(message, to, called))


def recipients(audience: str) -> list[str]:
    """Addresses of an audience, separated by commas, semicolons or blanks. Raises NotConfigured."""
    name = RECIPIENTS[audience]
    found = [address for address in re.split(r"[\s,;]+", os.environ.get(name, "")) if address]
    if not found:
        raise NotConfigured(f"nobody is named in {name}: set it to e-mail addresses, separated by commas")
    return found


def _send(message: Message, to: str, called: str) -> None:
    """`called`: how the recipient is named in messages, in place of the address."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    try:
        with SmtpHook(CONNECTION) as hook:
            hook.send_email_smtp(
                to=[to], subject=message.subject, html_content=message.html, files=[str(path) for path in message.files]
            )
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        said = str(error).replace(to, called)
        raise NotDelivered(f"the mail server of {CONNECTION} did not take it: {called}: {type(error).__name__}: {said}") from error
