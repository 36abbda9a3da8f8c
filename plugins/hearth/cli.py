"""`hearth`: the command line of the data engineer at a company."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import psycopg

from hearth.commands.approvals import approvals, approve, impact
from hearth.commands.backup import backup
from hearth.commands.brief import brief
from hearth.commands.dashboards import dashboards
from hearth.commands.doctor import doctor
from hearth.commands.evidence import evidence, retention, seal, verify
from hearth.commands.held import held, pulls
from hearth.commands.holes import holes
from hearth.commands.people import people
from hearth.commands.quarantine import quarantine
from hearth.commands.reconcile import reconcile
from hearth.commands.restore import acts, restore
from hearth.commands.trace import trace
from hearth.contracts.loading import REPOSITORY, ContractError, find_contract, load_contract, load_contracts

VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Commands(click.Group):
    """What the database refuses to a login is told in a sentence, with what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except psycopg.errors.InsufficientPrivilege as error:
            raise click.ClickException(" ".join(filter(None, (error.diag.message_primary, error.diag.message_hint)))) from error


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(VERSION, prog_name="hearth")
def main() -> None:
    """Hearth: from room temperatures, complaints and renewal logs to the season's KPIs.

    \b
    A new installation, step by step:
      hearth init                   write .env with secrets; fill in your addresses
      hearth migrate                schemas, roles and partitions in your PostgreSQL
      hearth connections check      can every source be reached?
      hearth contract try FILE      would this sample of a feed be accepted?
    """


@main.command()
@click.option("--file", "target", default=".env", type=click.Path(path_type=Path), show_default=True)
def init(target: Path) -> None:
    """Write an environment file from .env.example, with new random secrets.

    Passwords and keys are generated; addresses of your systems stay for you to fill in. An existing file is
    never overwritten.
    """
    if target.exists():
        raise click.ClickException(f"{target} exists; move it away first, its secrets cannot be made again")
    made: dict[str, str] = defaultdict(lambda: secrets.token_urlsafe(32))
    text = re.sub(
        r"<generated(?::(\w+))?>",
        lambda mark: made[mark.group(1)] if mark.group(1) else secrets.token_urlsafe(32),
        (REPOSITORY / ".env.example").read_text(encoding="utf-8"),
    )
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{target} written (readable by you alone). Fill in the lines marked <your ...>, then: hearth migrate")


@main.command()
def migrate() -> None:
    """Bring the warehouse to the current version: schemas, roles, tables, partitions.

    Needs HEARTH_WAREHOUSE_URL_OWNER and the URLs of the other roles. May be run any number of times. With
    HEARTH_DASHBOARDS_BRANCH_KEY it also makes the logins by which the branches of dashboards/access.yml read their own rows.
    """
    from hearth.dashboards.access import Access
    from hearth.dashboards.files import FOLDER
    from hearth.warehouse.branches import make_logins
    from hearth.warehouse.connections import warehouse_url
    from hearth.warehouse.migrate import migrate as apply
    from hearth.warehouse.migrate import role_urls

    try:
        applied = apply(warehouse_url("owner"), role_urls())
    except (KeyError, ValueError, RuntimeError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"applied: {', '.join(applied)}" if applied else "the warehouse is up to date")
    if key := os.environ.get("HEARTH_DASHBOARDS_BRANCH_KEY"):
        branches = Access.read(FOLDER).branches
        make_logins(warehouse_url("owner"), branches, key)
        click.echo(f"logins of branches: {', '.join(branches) or 'none'} (dashboards/access.yml)")


@main.command()
@click.option(
    "--out", default=REPOSITORY / "docs", type=click.Path(path_type=Path, file_okay=False), help="folder (default: docs/)"
)
def catalogue(out: Path) -> None:
    """Write the catalogues: KPIs (English and Chinese) from the marts' descriptions, DAGs from their documentation."""
    from hearth.reports import dag_catalogue
    from hearth.reports.kpi_catalogue import IncompleteKpi, write_catalogue
    from hearth.transform.dbt import DbtFailed, read_manifest

    try:
        written = write_catalogue(read_manifest(), out)
        page = dag_catalogue.render(dag_catalogue.read_dags(REPOSITORY / "dags"))
    except (IncompleteKpi, DbtFailed, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    (out / dag_catalogue.FILE).write_text(page, encoding="utf-8")
    for path in [*written, out / dag_catalogue.FILE]:
        click.echo(f"{path} written")


@main.group()
def connections() -> None:
    """The sources' connections."""


@connections.command("check")
@click.option("--feed", multiple=True, help="only these feeds (default: all)")
def connections_check(feed: tuple[str, ...]) -> None:
    """Reach every feed's source and say what is wrong; exits 1 when any cannot be reached."""
    from hearth.sources.check import check_feed

    bad = 0
    for name, contract in load_contracts().items():
        if feed and name not in feed:
            continue
        problem = check_feed(contract)
        bad += problem is not None
        click.echo(f"{'FAILED' if problem else 'ok    '}  {name:24} {contract.source.connection:20} {problem or ''}")
    sys.exit(1 if bad else 0)


@main.group()
def contract() -> None:
    """Contracts: what comes in, from where, in which form."""


@contract.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def contract_check(files: tuple[Path, ...]) -> None:
    """Check contracts (default: all of feeds/). Errors name file, line and mend."""
    try:
        found = [load_contract(path) for path in files] if files else list(load_contracts().values())
    except ContractError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(found)} contract(s) are well-formed")


@contract.command("try")
@click.argument("contract_name")
@click.argument("sample", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--show", default=5, show_default=True, help="rejected rows to show for each reason")
def contract_try(contract_name: str, sample: Path, show: int) -> None:
    """Dry run: which rows of the file SAMPLE would be accepted, which rejected, and why.

    CONTRACT_NAME is a feed of feeds/ or the path of a contract. Nothing is written anywhere. The register is asked
    only where a warehouse is configured; without one every measuring point counts as known.
    """
    from hearth.intake.dry_run import try_sample

    path = Path(contract_name)
    try:
        chosen = load_contract(path) if path.suffix == ".yml" else find_contract(contract_name)
        report = try_sample(chosen, sample, show)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report)


@main.command()
def seasons() -> None:
    """The heating seasons of the place, from the seed folder (HEARTH_SEEDS)."""
    from hearth.dated.calendar import load_seasons
    from hearth.dated.dated_rows import place_time_zone, seeds_folder

    click.echo(f"{seeds_folder()} ({place_time_zone()})")
    for season in load_seasons():
        click.echo(f"{season.code:10} {season.start} .. {season.end}   {season.days} days")


main.add_command(dashboards)
main.add_command(trace)
main.add_command(impact)
main.add_command(approve)
main.add_command(approvals)
main.add_command(acts)
main.add_command(restore)
main.add_command(backup)
main.add_command(brief)
main.add_command(doctor)
main.add_command(evidence)
main.add_command(retention)
main.add_command(seal)
main.add_command(verify)
main.add_command(held)
main.add_command(holes)
main.add_command(people)
main.add_command(pulls)
main.add_command(quarantine)
main.add_command(reconcile)


if __name__ == "__main__":
    main(prog_name="hearth")
