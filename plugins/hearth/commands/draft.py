"""`hearth contract draft`: a contract from a sample file, or from what a live source answers."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from hearth.commands.paths import FileToWrite
from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.dated.dated_rows import place_time_zone


@click.command("draft")
@click.argument("sample", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--entity", required=True, type=click.Choice(list(ENTITIES)), metavar="ENTITY", help="what one row is, e.g. room_reading"
)
@click.option("--output", type=FileToWrite(), help="write it there, e.g. feeds/rooms.yml (default: print it)")
@click.option("--zone", help="time zone of times without offset, e.g. Asia/Shanghai (default: the place's, as a guess)")
@click.option(
    "--since", help="ask a live source for what arrived since then, on the clocks of --zone: 2015-11-01 (default: the last week)"
)
@click.option("--until", help="and before then (default: now)")
def contract_draft(sample: Path, entity: str, output: Path | None, zone: str | None, since: str | None, until: str | None) -> None:
    """Look at SAMPLE and write a contract with all that can be seen in it, a comment at each guess and each open question.

    SAMPLE is a file as the source delivers it (CSV, xlsx, a JSON page, JSON lines; gzip too), or a .yml with the `source:` of
    a contract: then that source is asked over its connection. What the .yml says beside it stays. Long files are looked at in part.
    """
    from hearth.drafting.draft import draft
    from hearth.drafting.live import answer, read_part
    from hearth.drafting.looking import look_at
    from hearth.sources.delivery import SourceError

    if output is not None and output.exists():
        raise click.ClickException(f"{output} is there already; draft into another file, or move it away")
    feed = _feed_of(output or sample)
    if output is not None and output.name != f"{feed}.yml":
        raise click.ClickException(f"{output}: a contract is called like its feed, in small letters: {output.with_name(feed)}.yml")
    try:
        if sample.suffix in (".yml", ".yaml"):
            part = read_part(sample) | {"entity": entity}
            part.pop("feed", None)  # it is called like the file that is written
            clocks = zone or part.get("time_zone") or place_time_zone()
            with answer(part, feed, _interval(since, until, clocks)) as path:
                made = draft(look_at(path), entity, feed, part, zone)
        else:
            made = draft(look_at(sample), entity, feed, zone=zone)
    except (ValueError, SourceError) as error:
        raise click.ClickException(str(error)) from error
    if output is None:
        click.echo(made.text, nl=False)
        return
    output.write_text(_for_editors(output) + made.text, encoding="utf-8")
    click.echo(f"{output}: {_told(made)}")


def _for_editors(output: Path) -> str:
    """The line by which an editor finds the schema of contracts."""
    from hearth.contracts.schema import PUBLISHED

    return f"# yaml-language-server: $schema={os.path.relpath(PUBLISHED, output.parent)}\n" if PUBLISHED.exists() else ""


def _told(made: Any) -> str:
    return (
        f"{len(made.mapped)} canonical column(s) mapped, {len(made.unmapped)} source column(s) not; {made.guesses} guess(es) and"
        f" {made.opens} open question(s) are marked in it.\nAnswer them, then `hearth contract check` and `hearth contract try`."
    )


def _feed_of(path: Path) -> str:
    """A feed's name of a file's: small letters, digits and _."""
    name = re.sub(r"[^a-z0-9]+", "_", path.name.split(".")[0].lower()).strip("_")
    return name if re.fullmatch(r"[a-z][a-z0-9_]{1,60}", name) else f"feed_{name}"[:60].rstrip("_")


def _interval(since: str | None, until: str | None, zone: str) -> Interval:
    """On the clocks of that zone, where a time says no offset of its own."""
    try:
        end = datetime.fromisoformat(until) if until else datetime.now(UTC)
        start = datetime.fromisoformat(since) if since else end - timedelta(days=7)
    except ValueError as error:
        raise ValueError(f"--since, --until: expected times such as 2015-11-01 or 2015-11-01T06:00+08:00: {error}") from None
    return Interval(*(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)) for at in (start, end)))
