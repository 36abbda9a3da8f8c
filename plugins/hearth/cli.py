"""`hearth`: the command line of the data engineer at a company."""

from __future__ import annotations

import tomllib
from typing import Any

import click
import psycopg

from hearth.commands.approvals import approvals, approve, impact
from hearth.commands.backup import backup
from hearth.commands.brief import brief
from hearth.commands.catalogue import catalogue
from hearth.commands.contract import contract
from hearth.commands.dashboards import dashboards
from hearth.commands.doctor import doctor
from hearth.commands.entity import entity
from hearth.commands.evidence import evidence, retention, seal, verify
from hearth.commands.held import held, pulls
from hearth.commands.holes import holes
from hearth.commands.people import people
from hearth.commands.place import place
from hearth.commands.pull import pull
from hearth.commands.quarantine import quarantine
from hearth.commands.readings import readings
from hearth.commands.reconcile import reconcile
from hearth.commands.restore import acts, restore
from hearth.commands.setup import connections, init, migrate, seasons
from hearth.commands.trace import trace
from hearth.commands.trial import trial
from hearth.contracts.loading import REPOSITORY, ContractError
from hearth.lake.errors import EngineFailed, NotOurs, ReadingsNotMoved
from hearth.landing.file_store import NotNamed, StoreUnusable

VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Commands(click.Group):
    """What the database refuses to a login, a contract that cannot be used, a store that is not named, not ours or not to be used,
    an engine that fails are told in a sentence, with what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ContractError, EngineFailed, NotOurs, ReadingsNotMoved, StoreUnusable) as error:
            raise click.ClickException(str(error)) from error
        except NotNamed as error:
            raise click.ClickException(str(error.args[0])) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise click.ClickException(" ".join(filter(None, (error.diag.message_primary, error.diag.message_hint)))) from error


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(VERSION, prog_name="hearth")
def main() -> None:
    """Hearth: from room temperatures, complaints and renewal logs to the season's KPIs.

    \b
    A new installation, step by step:
      hearth init                   write .env with secrets; fill in your addresses
      hearth migrate                schemas, roles and tables in your PostgreSQL
      hearth connections check      can every source be reached?
      hearth contract draft FILE    a contract from a sample of a new feed
      hearth contract try FEED FILE would this sample of the feed be accepted?
      hearth contract test          what your samples are expected to become
    """


for command in (
    init,
    migrate,
    connections,
    contract,
    seasons,
    catalogue,
    dashboards,
    trace,
    impact,
    approve,
    approvals,
    acts,
    restore,
    backup,
    brief,
    doctor,
    entity,
    evidence,
    retention,
    seal,
    verify,
    held,
    holes,
    people,
    place,
    pull,
    pulls,
    quarantine,
    readings,
    reconcile,
    trial,
):
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="hearth")
