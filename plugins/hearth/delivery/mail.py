"""E-mail by Airflow's SMTP connection `hearth_mail`; to whom stands in the environment, HEARTH_BRIEF_TO and HEARTH_ALERTS_TO."""

from __future__ import annotations

import os
import re
import smtplib

from airflow.sdk.exceptions import AirflowException

from hearth.delivery.message import Message, NotConfigured, NotDelivered, connection_of

CONNECTION = "hearth_mail"
HOW = "add one of type SMTP, or set AIRFLOW_CONN_HEARTH_MAIL"


def recipients(audience: str) -> list[str]:
    """Addresses of an audience, split at commas, semicolons and blanks. Raises NotConfigured."""
    name = f"HEARTH_{audience.upper()}_TO"
    found = re.split(r"[\s,;]+", os.environ.get(name, "").strip())
    if not found[0]:
        raise NotConfigured(f"nobody is named in {name}: set it to e-mail addresses, separated by commas")
    return found


def send(message: Message) -> int:
    """One e-mail to all recipients of the audience; returns how many. Raises NotConfigured or NotDelivered."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    connection_of(CONNECTION, HOW)
    to = recipients(message.audience)
    try:
        with SmtpHook(CONNECTION) as hook:
            hook.send_email_smtp(
                to=to, subject=message.subject, html_content=message.html, files=[str(path) for path in message.files]
            )
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        raise NotDelivered(f"the mail server of {CONNECTION} did not take it: {type(error).__name__}: {error}") from error
    return len(to)
