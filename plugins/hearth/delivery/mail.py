"""E-mail by Airflow's SMTP connection `hearth_mail`; to whom stands in the environment, HEARTH_BRIEF_TO and HEARTH_ALERTS_TO."""

from __future__ import annotations

import os
import re
import smtplib

from airflow.sdk.exceptions import AirflowException

from hearth.delivery.message import Message, NotConfigured, NotDelivered, Target, connection_of

CONNECTION = "hearth_mail"
HOW = "add one of type SMTP, or set AIRFLOW_CONN_HEARTH_MAIL"
RECIPIENTS = {"brief": "HEARTH_BRIEF_TO", "alerts": "HEARTH_ALERTS_TO"}


def targets(audience: str) -> list[Target]:
    """One target: all recipients of an audience (`brief` or `alerts`) in one e-mail. Raises NotConfigured."""
    connection_of(CONNECTION, HOW)
    to = recipients(audience)
    return [Target("mail", len(to), lambda message: _send(message, to))]


def recipients(audience: str) -> list[str]:
    """Addresses of an audience, separated by commas, semicolons or blanks. Raises NotConfigured."""
    name = RECIPIENTS[audience]
    found = [address for address in re.split(r"[\s,;]+", os.environ.get(name, "")) if address]
    if not found:
        raise NotConfigured(f"nobody is named in {name}: set it to e-mail addresses, separated by commas")
    return found


def _send(message: Message, to: list[str]) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    try:
        with SmtpHook(CONNECTION) as hook:
            hook.send_email_smtp(
                to=to, subject=message.subject, html_content=message.html, files=[str(path) for path in message.files]
            )
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        raise NotDelivered(f"the mail server of {CONNECTION} did not take it: {type(error).__name__}: {error}") from error
