"""`hearth trace`: follow a published number to its rows."""

from __future__ import annotations

import sys
from datetime import datetime

import click

KPIS = ("room_compliance_percent", "complaints_per_10000_households", "renewal_progress_percent")


@click.group()
def trace() -> None:
    """Follow a published number to the records it came from."""


@trace.command("kpi")
@click.option("--season", required=True, help="e.g. 2016-17")
@click.option("--org-unit", "unit", default="company", show_default=True, help="e.g. STATION-042, BRANCH-01, company")
@click.option("--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="local day; figures are of the season to it")
@click.option("--kpi", type=click.Choice(KPIS), default=KPIS[0], show_default=True)
@click.option("--records", "sample", default=3, show_default=True, help="so many records are read again from their landing files")
@click.option("--page", is_flag=True, help="also write the trace as a page below HEARTH_PAGES")
def trace_kpi(season: str, unit: str, day: datetime, kpi: str, sample: int, page: bool) -> None:
    """Number, formula, publications, days, rows, batches, landing files, records: with sums at each step.

    Exits 1 when a step does not add up, and names it. Needs HEARTH_WAREHOUSE_URL_AUDITOR, for rooms the readings
    (HEARTH_LAKE); with --records also the landing store (HEARTH_LANDING) and HEARTH_PSEUDONYM_KEY.
    """
    from hearth.trace import text
    from hearth.trace.walk import trace as follow
    from hearth.warehouse.published import NothingPublished

    try:
        found = follow(season, kpi, unit, day.date(), sample)
    except (NothingPublished, KeyError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(text.render(found))
    if page:
        click.echo(f"{text.write_page(found)} written")
    sys.exit(1 if found.broken else 0)
