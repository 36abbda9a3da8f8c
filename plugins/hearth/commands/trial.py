"""`hearth trial`: a change tried on a copy of the installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from hearth.commands.approvals import show_kpis
from hearth.contracts.loading import REPOSITORY

REFUSED = {
    "dashboards": "the dashboards show the installation",
    "people": "logins are the server's, not a trial's",
    "trial": "a trial has no trials",
}
"""Commands that would reach out of a trial, and why."""
_folder = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)


class Trials(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        from hearth.keeping.backup import BackupFailed
        from hearth.transform.candidate import BuildRunning, NotItsCandidate
        from hearth.transform.dbt import DbtFailed
        from hearth.transform.publish import GateRed
        from hearth.trial.place import NoTrial

        try:
            return super().invoke(ctx)
        except (BackupFailed, BuildRunning, DbtFailed, GateRed, NotItsCandidate, NoTrial, KeyError) as error:
            raise click.ClickException(str(error.args[0])) from error


@click.group(cls=Trials)
def trial() -> None:
    """A copy of the installation in which a contract, limit, model or entity is tried on real data, and thrown away.

    \b
      hearth trial begin NAME        copy it; edit feeds/ and seeds/ in the folder it names
      hearth trial build NAME        load again what the change concerns, build, publish in the trial
      hearth trial compare NAME      what came of it
      hearth trial end NAME          throw it away

    Needs HEARTH_WAREHOUSE_URL_OWNER, whose login may make databases (createdb). The installation goes on meanwhile.
    """


@trial.command("begin")
@click.argument("name")
@click.option("--feeds", type=_folder, help="contracts, entities and models to try (default: a copy of the installation's)")
@click.option("--seeds", type=_folder, help="dated rows to try (default: a copy of the installation's)")
@click.option(
    "--copy", "copied", is_flag=True, help="copy landing and reading files where they cannot be linked: a bucket, another disk"
)
def trial_begin(name: str, feeds: Path | None, seeds: Path | None, copied: bool) -> None:
    """Copy the installation as the trial NAME."""
    from hearth.trial.begin import begin
    from hearth.trial.place import Trial

    made = Trial(name)
    begin(made, feeds, seeds, copied, lambda line: click.echo(line, err=True))
    click.echo(f"{made.folder}: change feeds/ and seeds/ there, then: hearth trial build {name}")


@trial.command("build")
@click.argument("name")
@click.option("--feed", "feeds", multiple=True, help="load the pulls of these feeds again (default: of those a change concerns)")
def trial_build(name: str, feeds: tuple[str, ...]) -> None:
    """Load again what the trial's changes concern, then build and publish, in the trial alone."""
    from hearth.trial.place import Trial

    if os.environ.get("HEARTH_TRIAL") is None:
        sys.exit(_hearth(Trial(name), ["trial", "build", name, *(f"--feed={feed}" for feed in feeds)]))
    from hearth.commands.feeds import refuse_unknown
    from hearth.trial.build import build

    refuse_unknown(list(feeds))
    published = build(name, feeds, click.echo)
    click.echo(f"published in the trial; hearth trial compare {name}" if published else "nothing has changed since the last build")


@trial.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def trial_run(name: str, command: tuple[str, ...]) -> None:
    """Any command of hearth in the trial NAME: hearth trial run NAME -- impact."""
    from hearth.trial.place import NoTrial, Trial

    if command[0] in REFUSED:
        raise NoTrial(f"hearth {command[0]} is not done in a trial: {REFUSED[command[0]]}")
    sys.exit(_hearth(Trial(name), command))


def _hearth(chosen: Any, arguments: Any) -> int:
    """In a process of its own: contracts, entities and dated rows are those of its environment."""
    variables = {**chosen.environment(), "PYTHONPATH": str(REPOSITORY / "plugins")}
    return subprocess.run([sys.executable, "-m", "hearth.cli", *arguments], env=variables, check=False).returncode


@trial.command("compare")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="the same as JSON")
def trial_compare(name: str, as_json: bool) -> None:
    """What differs between the trial's published marts and rows and those of the installation when the trial began."""
    from hearth.trial.begin import published_since
    from hearth.trial.compare import compare
    from hearth.trial.place import Trial, require_whole

    begun = require_whole(Trial(name))
    found = compare(begun.trial)
    found["published_since"] = published_since(begun.facts["publication"])
    if as_json:
        click.echo(json.dumps(found, default=str, ensure_ascii=False, indent=1))
        return
    if found["published_since"]:
        click.echo("the installation has published since the trial began; compared is what it had published then")
    show_kpis(found["kpis"])
    for mart, rows in found["marts"].items():
        for row in rows:
            where = f"{mart} {row['season']}" if row["season"] else mart
            told = f"{row['added']:,} rows added, {row['gone']:,} gone, {row['changed']:,} changed"
            click.echo(f"  {where}: {'other columns: ' + ', '.join(row['columns']) if 'columns' in row else told}")
    for row in found["intake"]:
        what = f"refused as {row['reason']}" if row["reason"] else "rows that stand"
        click.echo(f"  {row['feed']}: {what}: {row['before']:,} -> {row['now']:,}")
    if not (found["marts"] or found["intake"]):
        click.echo("  no mart and no count of rows differs")


@trial.command("list")
def trial_list() -> None:
    """Trials there are: who began them and when, and how large their databases are."""
    from hearth.trial.place import known

    for each in known():
        said = f"{each.facts['at']}  {each.facts['who']}" if each.is_whole else "not whole: hearth trial end clears it"
        click.echo(f"{each.trial.name:30}  {each.size_bytes / 1e6:,.0f} MB  {said}")


@trial.command("end")
@click.argument("name")
def trial_end(name: str) -> None:
    """Throw the trial NAME away: its database and its folder. One that was killed while it began, too."""
    from hearth.trial.begin import end
    from hearth.trial.place import Trial

    end(Trial(name))
    click.echo(f"{name} is gone")
