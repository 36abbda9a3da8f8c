"""Tasks of the morning brief: write it, then send it."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from hearth.brief import facts as brief
from hearth.brief import sending, site
from hearth.brief.day import day_before
from hearth.delivery.message import NotConfigured
from hearth.reports.report_day import report_day
from hearth.warehouse.connections import connect
from hearth.warehouse.ledger import recorded_step
from hearth.warehouse.published import NothingPublished

log = logging.getLogger(__name__)


def write_brief(context: Any) -> dict[str, Any]:
    """Write the brief of the day given, else of the day before the run; says which day was asked for and whether it is whole."""
    given = (context.get("params") or {}).get("day")
    with connect("reader") as connection:
        try:
            newest = brief.newest_day(connection)
            asked = date.fromisoformat(given) if given else day_before(report_day(context), newest)
            found = brief.gather(connection, min(asked, newest))
        except NothingPublished as error:
            if given:
                raise AirflowFailException(str(error)) from error
            raise AirflowSkipException(str(error)) from error
    folder = site.write(found, asked)
    log.info("brief of %s written: %s", found.day, folder)
    return {"asked": str(asked), "day": str(found.day), "is_whole": found.is_whole and found.day == asked, "folder": str(folder)}


def send_brief(channel: str, written: dict[str, Any], context: Any) -> str:
    """Send what was written. A run that a publication started waits for whole data; the clock's or a person's does not."""
    run = context["dag_run"]
    started_by = str(getattr(run.run_type, "value", run.run_type))
    if started_by.startswith("asset") and not written["is_whole"]:
        raise AirflowSkipException(f"the data of {written['asked']} are not whole yet: sent when they are, at the latest at 07:00")
    done, skipped = "", ""
    with recorded_step(context["run_id"], sending.SUBJECT, f"send_{channel}", role="sender") as noted:
        with connect("reader") as connection:
            found = brief.gather(connection, date.fromisoformat(written["day"]))
        try:
            done = sending.send(channel, found, date.fromisoformat(written["asked"]), Path(written["folder"]), context["run_id"])
        except NotConfigured as error:
            skipped = f"the brief is written and not sent by {channel}: {error}"
            noted.update(outcome="skipped", message=skipped)
    if skipped:
        raise AirflowSkipException(skipped)
    log.info("%s", done)
    return done
