"""`hearth acts`, `hearth restore`: a warehouse made again from what came and what people decided."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hearth.commands.paths import FileToWrite


@click.group()
def acts() -> None:
    """What people decided: waivers, approvals and deletions by rule."""


@acts.command("export")
@click.argument("file", type=FileToWrite())
def acts_export(file: Path) -> None:
    """Write the acts as JSON lines to FILE: with the landing store, all that a warehouse can be made again from."""
    from hearth.intake.restore import export_acts

    found = export_acts()
    file.write_text("".join(json.dumps(act, ensure_ascii=False, default=str) + "\n" for act in found), encoding="utf-8")
    click.echo(f"{len(found)} acts written to {file}")


@click.command()
@click.option("--acts", "file", type=click.Path(exists=True, path_type=Path), help="what `hearth acts export` wrote")
def restore(file: Path | None) -> None:
    """Load every pull of the landing store (HEARTH_LANDING) into an empty warehouse and an empty lake (HEARTH_LAKE), and
    put the acts of people back.

    Afterwards run the DAG build_marts: it publishes the same values, with the same content hash, as long as contracts,
    suites and dated rows are the same. Acts are put back with who did them, which takes HEARTH_WAREHOUSE_URL_OWNER.
    """
    from hearth.intake.restore import CannotRestore
    from hearth.intake.restore import restore as make_again

    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    try:
        counts = make_again([json.loads(line) for line in lines], click.echo)
    except CannotRestore as error:
        raise click.ClickException(str(error)) from error
    passed_over = counts["refused"] + counts["deleted"]
    click.echo(f"{counts['pulls'] - passed_over} pulls loaded, {counts['held']} of them held; {counts['acts']} acts put back")
    if passed_over:
        click.echo(f"{passed_over} passed over: {counts['refused']} were refused, {counts['deleted']} were deleted by rule")
