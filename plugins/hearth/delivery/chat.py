"""Chat (DingTalk 钉钉, WeCom 企业微信, Feishu 飞书 and others) by the addresses of Airflow's Apprise connection `hearth_chat`.

The provider's hook reads the connection; its `notify` drops the library's verdict, so the library is asked here, address by
address: one robot that refuses does not keep the message from the others, and is named.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from hearth.delivery.message import Message, NotConfigured, NotDelivered, Target, connection_of

CONNECTION = "hearth_chat"
HOW = "add one of type Apprise with addresses such as dingtalk://…, wecombot://…, feishu://…, or set AIRFLOW_CONN_HEARTH_CHAT"


def targets(audience: str) -> list[Target]:
    """A target for each address that is tagged with the audience or with nothing. Raises NotConfigured; ValueError for an address
    that Apprise does not understand."""
    from airflow.providers.apprise.hooks.apprise import AppriseHook
    from apprise import Apprise

    connection = connection_of(CONNECTION, HOW)
    hook, known = AppriseHook(CONNECTION), Apprise()
    hook.set_config_from_conn(conn=connection, apprise_obj=known)
    config = hook.get_config_from_conn(conn=connection)
    given = len(config) if isinstance(config, list) else 1
    if len(known) < given:
        raise ValueError(f"{given - len(known)} of the {given} addresses of {CONNECTION} are not understood by Apprise")
    found = [service for service in known if not service.tags or audience in service.tags]
    if not found:
        raise NotConfigured(f"no address of {CONNECTION} has the tag {audience!r} or none at all")
    return [_target(service) for service in found]


def _target(service: Any) -> Target:
    name = f"{service.service_name} {hashlib.sha256(service.url(privacy=False).encode()).hexdigest()[:12]}"

    def send(message: Message) -> None:
        from apprise import Apprise, NotifyFormat

        for talker in ("apprise", "urllib3"):  # at DEBUG both write down whole addresses, tokens included
            logging.getLogger(talker).setLevel(logging.INFO)
        one = Apprise()
        one.add(service)
        if not one.notify(body=message.text, title=message.subject, body_format=NotifyFormat.TEXT):
            where = service.url(privacy=True).split("?")[0]
            raise NotDelivered(f"{service.service_name} ({where}) did not take it; the log above says why")

    return Target(name, 1, send)
