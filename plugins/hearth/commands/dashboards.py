"""`hearth dashboards`: the managers' dashboards between the folder dashboards/ and a Superset."""

from __future__ import annotations

from pathlib import Path

import click

from hearth.contracts.loading import REPOSITORY


@click.group()
def dashboards() -> None:
    """Managers' dashboards as code: bring them into a Superset, take changes back.

    Which Superset: HEARTH_DASHBOARDS_URL, HEARTH_DASHBOARDS_USER and HEARTH_DASHBOARDS_PASSWORD (an Admin there).
    """


_folder = click.option(
    "--folder", default=REPOSITORY / "dashboards", type=click.Path(file_okay=False, path_type=Path), help="default: dashboards/"
)


@dashboards.command("import")
@_folder
@click.option("--force", is_flag=True, help="write even when nothing differs: after the warehouse's password has changed")
def import_(folder: Path, force: bool) -> None:
    """Make a Superset's dashboards, roles, row-level security and logins what the folder says.

    Running it again changes nothing. Needs HEARTH_WAREHOUSE_URL_DASHBOARDS (as Superset reaches it) and HEARTH_PAGES_URL; the
    password of a new login comes from HEARTH_DASHBOARDS_PASSWORD_<LOGIN>.
    """
    from hearth.dashboards.client import Superset, SupersetError
    from hearth.dashboards.exchange import bring_in

    try:
        done = bring_in(Superset.from_environment(), folder, force)
    except SupersetError as error:
        raise click.ClickException(str(error)) from error
    for line in done.access:
        click.echo(line)
    click.echo(f"{len(done.changed)} files brought in" if done.changed else "the dashboards are as the folder says")


@dashboards.command("export")
@_folder
@click.option("--dashboard", "slugs", multiple=True, help="also a dashboard that is not in the folder yet, by its slug")
def export(folder: Path, slugs: tuple[str, ...]) -> None:
    """Write what was changed in the Superset into the folder, ready for `git diff`."""
    from hearth.dashboards.client import Superset, SupersetError
    from hearth.dashboards.exchange import take_out

    try:
        written = take_out(Superset.from_environment(), folder, slugs)
    except SupersetError as error:
        raise click.ClickException(str(error)) from error
    for path in written:
        click.echo(f"{path} changed")
    click.echo(f"{len(written)} files changed")
