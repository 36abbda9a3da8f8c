"""`hearth backup`: a copy of everything that cannot be made again, and the way back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.group(invoke_without_command=True)
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), help="a new or empty folder for the backup")
@click.pass_context
def backup(ctx: click.Context, target: Path | None) -> None:
    """Copy the warehouse with its ledger, Airflow's metadata and the landing store into one folder; check it; bring it back.

    \b
    Needs the owner's address (HEARTH_WAREHOUSE_URL_OWNER), HEARTH_LANDING, and for Airflow's metadata its
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN. Loads and builds may go on meanwhile. Passwords and keys are no part of a
    backup: keep .env apart, and above all HEARTH_PSEUDONYM_KEY. The folder holds personal data: keep it closed.
    """
    if ctx.invoked_subcommand is not None:
        return
    if target is None:
        raise click.UsageError("give --to FOLDER to make a backup, or one of the commands check and restore")
    from hearth.keeping.backup import BackupFailed, make

    try:
        manifest = make(target, lambda line: click.echo(line, err=True))
    except (BackupFailed, KeyError) as error:
        raise click.ClickException(str(error.args[0])) from error
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    click.echo(f"{target}: {len(manifest['files'])} files, {size / 1e6:,.1f} MB, whole")


@backup.command("check")
@_folder
def backup_check(folder: Path) -> None:
    """Hash every file of a backup and compare with its manifest; exits 1 when something differs."""
    from hearth.keeping.backup import BackupFailed, check

    try:
        wrong = check(folder)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    for line in wrong:
        click.echo(line)
    click.echo("damaged" if wrong else "whole")
    sys.exit(1 if wrong else 0)


@backup.command("restore")
@_folder
def backup_restore(folder: Path) -> None:
    """Bring FOLDER back, into empty databases and an empty landing store.

    The environment says where to: make the databases first (`create database ... owner hearth_owner`), set HEARTH_LANDING to an
    empty folder. Afterwards `hearth migrate` brings an older backup to this version.
    """
    from hearth.keeping.backup import BackupFailed, restore

    try:
        done = restore(folder, lambda line: click.echo(line, err=True))
    except (BackupFailed, KeyError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"restored: {', '.join(done)} and the landing files; now hearth migrate, then hearth verify")
