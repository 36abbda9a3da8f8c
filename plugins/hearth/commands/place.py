"""`hearth place`: the dated rows of a place of one's own."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from hearth.dated.calendar import Season


@click.group()
def place() -> None:
    """Dated rows of a place: seasons, standards, limits and targets, in a folder that HEARTH_SEEDS names."""


class SeasonOption(click.ParamType):
    name = "CODE:FIRST..LAST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Season:
        found = re.fullmatch(r"(\S+):(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", str(value))
        try:
            assert found
            season = Season(found[1], date.fromisoformat(found[2]), date.fromisoformat(found[3]))
        except (AssertionError, ValueError):
            self.fail(f"{value!r}: expected such as 2026-27:2026-10-20..2027-04-06, first and last day both heated", param, ctx)
        if season.end < season.start:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return season


class ZoneOption(click.ParamType):
    name = "ZONE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError):
            self.fail(f"{value!r} is no time zone; expected such as Asia/Shanghai", param, ctx)


@place.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--jurisdiction", prompt="Name of the place in the files, such as harbin", help="short name, the same in all files")
@click.option("--name", prompt="Name of the company", help="as pages show it")
@click.option("--name-zh", help="the same in Chinese (default: --name)")
@click.option("--zone", type=ZoneOption(), prompt="Time zone of the heating day", help="such as Asia/Shanghai")
@click.option("--season", "seasons", type=SeasonOption(), multiple=True, required=True, help="a heating season; again for more")
@click.option(
    "--standard",
    type=float,
    prompt="Lowest permitted room temperature, degC",
    help="degC, of living rooms and bedrooms, no tolerance",
)
def place_init(
    folder: Path, jurisdiction: str, name: str, name_zh: str | None, zone: ZoneInfo, seasons: tuple[Season, ...], standard: float
) -> None:
    """Make the folder of a new place: every file with its header, and the rows that are known.

    \b
    hearth place init seeds/harbin --jurisdiction harbin --name "Heat of Harbin" --zone Asia/Shanghai \\
        --season 2026-27:2026-10-20..2027-04-20 --standard 20

    What only somebody knows who has read the place's rules is left empty and named. Nothing that is there is written over.
    """
    from hearth.dated.place_folder import THE_SAME_EVERYWHERE, Place, write_place

    try:
        made = write_place(folder, Place(jurisdiction, name, name_zh or name, zone, seasons, standard))
    except FileExistsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}: {len(made)} files. Look at {', '.join(THE_SAME_EVERYWHERE)}: they have the values Hearth begins with.")
    _checked(folder)
    click.echo(f"Then set HEARTH_SEEDS={folder.resolve()}")


@place.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def place_check(folder: Path | None) -> None:
    """Say what is wrong with a folder of dated rows (default: HEARTH_SEEDS), by file and line; exits 1 where it cannot be used."""
    from hearth.dated.dated_rows import seeds_folder

    _checked(folder or seeds_folder())


def _checked(folder: Path) -> None:
    from hearth.dated.place_check import problems, unfilled

    if found := problems(folder):
        raise click.ClickException("\n".join(found))
    click.echo(f"{folder}: its rows can be used.")
    for seed, what in unfilled(folder).items():
        click.echo(f"  {seed}.csv has no row: {what}")
