"""Chat (DingTalk 钉钉, WeCom 企业微信, Feishu 飞书 and others) by the addresses of Airflow's Apprise connection `hearth_chat`.

The provider's hook reads the connection; its `notify` drops the library's verdict, so the library is asked here, address by
address: one robot that refuses does not keep the message from the others, and is named.
"""

from __future__ import annotations

from typing import Any

from hearth.delivery.message import Message, NotConfigured, NotDelivered, connection_of

CONNECTION = "hearth_chat"
HOW = "add one of type Apprise with addresses such as dingtalk://…, wecombot://…, feishu://…, or set AIRFLOW_CONN_HEARTH_CHAT"


def addresses(audience: str) -> list[Any]:
    """The services an audience is told by: those tagged with it, and those without any tag. Raises NotConfigured, ValueError."""
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
    return found


def send(message: Message) -> int:
    """The message's text to every address of the audience; returns how many took it. Raises NotConfigured or NotDelivered."""
    from apprise import Apprise, NotifyFormat

    refused, found = [], addresses(message.audience)
    for service in found:
        one = Apprise()
        one.add(service)
        if not one.notify(body=message.text, title=message.subject, body_format=NotifyFormat.TEXT):
            refused.append(f"{service.service_name} {service.url(privacy=True).split('?')[0]}")
    if refused:
        raise NotDelivered(f"{len(refused)} of {len(found)} chat addresses did not take it: {', '.join(refused)}; see the log above")
    return len(found)
