"""`hearth brief`: the day on one page, written and on request sent."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hearth.brief.facts import Facts


@click.command()
@click.option(
    "--date", "day", default=None, type=click.DateTime(["%Y-%m-%d"]), help="heating day (default: the newest one published)"
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=None, help="folder (default: HEARTH_PAGES/brief)")
@click.option("--send", is_flag=True, help="also send it by mail and chat, to whoever does not have it yet")
def brief(day: datetime | None, out: Path | None, send: bool) -> None:
    """Write the morning brief of a heating day: page, PDF, and the index of all briefs.

    \b
    Needs HEARTH_WAREHOUSE_URL_READER. With --send also HEARTH_WAREHOUSE_URL_SENDER (deliveries are noted in the ledger) and
      AIRFLOW_CONN_HEARTH_MAIL  an SMTP connection; to whom: HEARTH_BRIEF_TO
      AIRFLOW_CONN_HEARTH_CHAT  an Apprise connection: dingtalk://..., wecombot://..., feishu://...
    (the command reads the environment; runs of the DAG also read the connections made in Airflow).
    A channel that is not configured is left out and named.

    \b
    Exits 1 when somebody who should have it did not get it; the page is written all the same.
    Details: docs/how-to/morning-brief.md
    """
    from hearth.brief import site
    from hearth.brief.facts import gather
    from hearth.warehouse.connections import connect
    from hearth.warehouse.published import NothingPublished

    try:
        with connect("reader") as connection:
            found = gather(connection, day.date() if day else None)
        folder = site.write(found, found.day, out)
    except (NothingPublished, KeyError, ValueError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"{folder / site.PAGE} written")
    click.echo(f"{folder / site.PDF} written")
    if send:
        arrived = [_send(channel, found, folder) for channel in ("mail", "chat")]  # the second is tried whatever the first does
        sys.exit(0 if all(arrived) else 1)


def _send(channel: str, found: Facts, folder: Path) -> bool:
    from hearth.brief import sending
    from hearth.delivery.message import NotConfigured, NotDelivered

    try:
        click.echo(sending.send(channel, found, found.day, folder, f"cli-{secrets.token_hex(4)}"))
    except NotConfigured as error:
        click.echo(f"not sent by {channel}: {error}")
    except NotDelivered as error:
        click.echo(f"FAILED: {error}", err=True)
        return False
    return True
