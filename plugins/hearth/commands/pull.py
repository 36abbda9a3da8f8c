"""`hearth pull`: one interval of a feed, pulled and loaded by hand, as its DAG does it."""

from __future__ import annotations

import getpass
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from hearth.contracts.interval import Interval


@click.command()
@click.argument("feed")
@click.option(
    "--since", required=True, help="begin of the interval, on the clocks of the feed's schedule: 2015-11-01, 2015-11-01T06:00"
)
@click.option("--until", required=True, help="its end, which is not asked for any more")
def pull(feed: str, since: str, until: str) -> None:
    """Pull FEED for one interval, land, clean, validate and load it, without Airflow: for a first try, or by hand.

    It needs the environment of a worker (the loader's address, the stores, the connection). An interval that was pulled before is
    replaced; marts follow with the next build.
    """
    from hearth.approvals.in_force import in_force
    from hearth.cleaning.errors import UnreadableFile
    from hearth.dated.timetable import SeasonTimetable
    from hearth.intake import take_in
    from hearth.sources.delivery import SourceError
    from hearth.warehouse.ledger import PartialOverlap

    contract = in_force(feed).contract
    zone = ZoneInfo(SeasonTimetable.of(contract.schedule).time_zone)
    try:
        edges = [datetime.fromisoformat(text) for text in (since, until)]
        interval = Interval(*(at if at.tzinfo else at.replace(tzinfo=zone) for at in edges))
    except ValueError as error:
        raise click.ClickException(f"--since, --until: expected two times such as 2015-11-01, in order: {error}") from error
    run_id = f"by hand {getpass.getuser()} {datetime.now(zone).isoformat(timespec='seconds')}"
    try:
        pull_id = take_in.pull_and_land(contract, interval, run_id)
        click.echo(f"{feed} {interval}: landed as pull {pull_id}")
        counts = take_in.clean_validate_load(contract, pull_id, run_id)
    except (SourceError, UnreadableFile, PartialOverlap, take_in.BatchHeld) as error:
        raise click.ClickException(str(error)) from error
    read, loaded, quarantined, doubled = (counts[f"rows_{what}"] for what in ("read", "loaded", "quarantined", "duplicate"))
    click.echo(f"{read} read = {loaded} loaded + {quarantined} in quarantine + {doubled} duplicates")
    if quarantined:
        click.echo(f"why: hearth quarantine list --feed {feed}")
